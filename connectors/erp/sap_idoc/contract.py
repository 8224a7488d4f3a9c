"""What the contract suite needs to know of this connector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from connectors.formats.idoc import IdocFormat
from connectors.transports.simulated_mailbox import FAULTS
from hub.contract.connector import Outbound
from hub.contract.simulator import Simulator
from hub.contract.testkit import ConnectorCase

_DOCNUM = "0000000000000042"

_ORDER = {
    "EDI_DC40": {"IDOCTYP": "ORDERS05", "MESTYP": "ORDERS", "DOCNUM": _DOCNUM},
    "E1EDK01": {"CURCY": "EUR"},
    "E1EDK02": {"QUALF": "001", "BELNR": "PO-42"},
    "E1EDP01": [{"POSEX": "000010", "MENGE": "2", "E1EDP19": [{"QUALF": "002", "IDTNR": "100-200"}]}],
}

_CONFIRMATION = (
    '<ORDERS05><IDOC BEGIN="1"><EDI_DC40 SEGMENT="1"><DOCNUM>1</DOCNUM><MESTYP>ORDRSP</MESTYP></EDI_DC40>'
    "</IDOC></ORDERS05>"
)


class SapIdocCase(ConnectorCase):
    """SAP that takes an order and leaves a confirmation."""

    actions: ClassVar[frozenset[str]] = frozenset({"import", "respond", "drop", "add_material"})
    faults: ClassVar[frozenset[str]] = frozenset(FAULTS)

    def config(self, endpoint: Mapping[str, str]) -> dict[str, Any]:
        """Both directories of the simulated server."""
        account = {key: endpoint[key] for key in ("host", "port", "user", "password", "host_key")}
        return {
            "sftp": {**account, "timeout": 5},
            "inbox": {"directory": "out"},
            "outbox": {"directory": "in"},
        }

    def outbound(self) -> Outbound:
        """One order."""
        return Outbound(
            transmission="0199b1f2-0000-7000-8000-000000000042",
            idempotency_key="contract-42",
            type="idoc.orders",
            name="order PO-42",
            content_type="application/xml",
            body=IdocFormat().encode(_ORDER, "idoc.orders"),
        )

    def effects(self, state: Any) -> int:
        """Files that came with the order's DOCNUM."""
        return int(state["effects"].get(_DOCNUM, 0))

    async def offer(self, simulator: Simulator) -> None:
        """A confirmation in a file."""
        await simulator.act("drop", {"name": "ORDRSP_1.xml", "content": _CONFIRMATION})
