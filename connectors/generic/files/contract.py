"""What the contract suite needs to know of the files connector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from connectors.transports.simulated_mailbox import FAULTS
from hub.contract.connector import Outbound
from hub.contract.simulator import Simulator
from hub.contract.testkit import ConnectorCase

_NAME = "RELEASE_0199b1f2-0000-7000-8000-000000000042.csv"


class FilesCase(ConnectorCase):
    """A partner who leaves stock and takes releases."""

    actions: ClassVar[frozenset[str]] = frozenset({"drop", "take"})
    faults: ClassVar[frozenset[str]] = frozenset(FAULTS)

    def config(self, endpoint: Mapping[str, str]) -> dict[str, Any]:
        account = {key: endpoint[key] for key in ("host", "port", "user", "password", "host_key")}
        return {
            "sftp": {**account, "timeout": 5},
            "inboxes": [{"directory": "out", "pattern": "STOCK_*.csv", "type": "acme.stock"}],
            "outboxes": [{"directory": "in", "type": "acme.release", "name": "RELEASE_{transmission}.csv"}],
        }

    def outbound(self) -> Outbound:
        return Outbound(
            transmission="0199b1f2-0000-7000-8000-000000000042",
            idempotency_key="contract-42",
            type="acme.release",
            name="acme.release 42",
            content_type="text/csv",
            body=b"sku,quantity\r\nMUG-BLUE,2\r\n",
        )

    def effects(self, state: Any) -> int:
        return int(state["effects"].get(_NAME, 0))

    async def offer(self, simulator: Simulator) -> None:
        await simulator.act("drop", {"name": "STOCK_1.csv", "content": "sku,on_hand\nMUG-BLUE,12\n"})
