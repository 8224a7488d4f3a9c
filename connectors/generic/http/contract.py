"""What the contract suite needs to know of the HTTP connector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from connectors.generic.http.simulator import ACTIONS, FAULTS
from hub.contract.connector import Outbound
from hub.contract.simulator import Simulator
from hub.contract.testkit import ConnectorCase

_KEY = "test/transmission-1"


class HttpCase(ConnectorCase):
    """A document to a target that knows idempotency keys."""

    settings: ClassVar[Mapping[str, Any]] = {"idempotent": True, "slow_seconds": 1.5}
    actions: ClassVar[frozenset[str]] = ACTIONS
    faults: ClassVar[frozenset[str]] = FAULTS

    def config(self, endpoint: Mapping[str, str]) -> dict[str, Any]:
        return {
            "url": endpoint["url"],
            "bearer_token": "bearer-8d1f40",
            "headers": {"X-Tenant": "tenant-c9e2"},
            "idempotent": True,
            "reference": "/id",
            "read_timeout": 1.0,
        }

    def outbound(self) -> Outbound:
        return Outbound("transmission-1", _KEY, "acme.order", "order.json", "application/json", b'{"number": "1001"}')

    def effects(self, state: Any) -> int:
        return int(state["effects"].get(_KEY, 0))

    async def recover(self, simulator: Simulator, fault: str) -> None:
        if fault == "refuse":
            await simulator.act("listen", {})
