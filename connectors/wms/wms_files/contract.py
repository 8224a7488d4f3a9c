"""What the contract suite needs to know of the warehouse connector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from connectors.transports.simulated_mailbox import FAULTS
from connectors.wms.wms_files.settings import WarehouseConfig
from hub.contract.connector import Outbound
from hub.contract.simulator import Simulator
from hub.contract.testkit import ConnectorCase

_REQUEST = "1001-F1"
_RELEASE = {
    "request_number": _REQUEST,
    "order_number": "1001",
    "rows": [{"line_id": "1", "sku": "MUG-BLUE", "quantity": "2"}],
}
_STOCK = "sku,on_hand,available\nMUG-BLUE,12,10\n"


class WarehouseCase(ConnectorCase):
    """A warehouse that takes a release and tells its stock."""

    actions: ClassVar[frozenset[str]] = frozenset(
        {"pick", "pack", "short", "refuse", "ship", "count", "receive_return", "drop"}
    )
    faults: ClassVar[frozenset[str]] = frozenset(FAULTS)

    def config(self, endpoint: Mapping[str, str]) -> dict[str, Any]:
        account = {key: endpoint[key] for key in ("host", "port", "user", "password", "host_key")}
        return {"sftp": {**account, "timeout": 5}, "node": "east"}

    def outbound(self) -> Outbound:
        """One release."""
        config = WarehouseConfig.model_validate({"directory": "/", "node": "east"})
        return Outbound(
            transmission="0199b1f2-0000-7000-8000-000000000042",
            idempotency_key="contract-42",
            type="wms.release",
            name=f"wms.release {_REQUEST}",
            content_type="text/csv",
            body=config.formats()["wms.release"].encode(_RELEASE, "wms.release"),
        )

    def effects(self, state: Any) -> int:
        """Files that asked for the request."""
        return int(state["effects"].get(_REQUEST, 0))

    async def offer(self, simulator: Simulator) -> None:
        """A file with stock."""
        await simulator.act("drop", {"name": "STOCK_1.csv", "content": _STOCK})
