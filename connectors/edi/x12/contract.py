"""What the contract suite needs to know of this connector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from connectors.edi.x12.connector import X12Config, X12Connector
from connectors.edi.x12.simulator import FAULTS
from hub.contract.connector import Outbound
from hub.contract.simulator import Simulator
from hub.contract.testkit import ConnectorCase

_NUMBER = 42

_INVOICE = {
    "BIG": {"BIG01": "20260302", "BIG02": "INV-42", "BIG04": "PO-42"},
    "IT1_loop": [{"IT1": {"IT101": "1", "IT102": 2, "IT103": "EA", "IT104": 12, "IT106": "VN", "IT107": "MUG-BLUE"}}],
    "TDS": {"TDS01": 24},
}


class _Numbers:
    """Numbers of an interchange: always the same."""

    def next(self, name: str, *, most: int) -> int:
        return _NUMBER


class X12Case(ConnectorCase):
    """A partner that takes an invoice and leaves an order."""

    actions: ClassVar[frozenset[str]] = frozenset({"send_orders", "send_again", "drop", "acknowledge", "ship", "stock"})
    faults: ClassVar[frozenset[str]] = frozenset(FAULTS)

    def config(self, endpoint: Mapping[str, str]) -> dict[str, Any]:
        """Both directories of the simulated mailbox, and the ids of both sides."""
        account = {key: endpoint[key] for key in ("host", "port", "user", "password", "host_key")}
        return {
            "sftp": {**account, "timeout": 5},
            "inbox": {"directory": "out"},
            "outbox": {"directory": "in"},
            "us": {"id": endpoint["hub_id"]},
            "them": {"id": endpoint["partner_id"]},
        }

    def outbound(self) -> Outbound:
        """One invoice."""
        place = {"host": "h", "user": "u", "password": "p"}
        settings = {"sftp": place, "inbox": {"directory": "out"}, "outbox": {"directory": "in"}}
        ids = {"us": {"id": "ACME"}, "them": {"id": "NORTHWIND"}}
        encoder = X12Connector.formats(X12Config.model_validate({**settings, **ids}))["x12.810"]
        return Outbound(
            transmission="0199b1f2-0000-7000-8000-000000000042",
            idempotency_key="contract-42",
            type="x12.810",
            name="invoice INV-42",
            content_type=encoder.content_type,
            body=encoder.encode(_INVOICE, "x12.810", _Numbers()),
        )

    def effects(self, state: Any) -> int:
        """Files that came with the invoice's interchange number."""
        return int(state["effects"].get(f"{_NUMBER:09d}", 0))

    async def offer(self, simulator: Simulator) -> None:
        """An order in a file."""
        order = {"po": "PO-1", "lines": [{"sku": "MUG-BLUE", "quantity": 1, "price": "12.00"}]}
        await simulator.act("send_orders", {"orders": [order]})
