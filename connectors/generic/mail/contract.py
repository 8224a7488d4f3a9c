"""What the contract suite needs to know of the mail connector."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from connectors.generic.mail.simulator import ACTIONS, FAULTS
from hub.contract.connector import Outbound
from hub.contract.simulator import Simulator
from hub.contract.testkit import ConnectorCase

_TRANSMISSION = "transmission-1"


class MailCase(ConnectorCase):
    """A mail to a receiver that heeds the Message-ID."""

    settings: ClassVar[Mapping[str, Any]] = {"deduplicate": True, "slow_seconds": 1.5}
    actions: ClassVar[frozenset[str]] = ACTIONS
    faults: ClassVar[frozenset[str]] = FAULTS

    def config(self, endpoint: Mapping[str, str]) -> dict[str, Any]:
        return {
            "host": endpoint["host"],
            "port": int(endpoint["port"]),
            "user": endpoint["user"],
            "password": endpoint["password"],
            "ca_file": endpoint["ca_file"],
            "sender": "Acme Orders <orders@acme.example>",
            "idempotent": True,
            "timeout": 1.0,
            "data_timeout": 1.0,
        }

    def outbound(self) -> Outbound:
        body = json.dumps({"to": "ada@example.com", "subject": "Order 1001", "text": "On its way."}).encode()
        return Outbound(_TRANSMISSION, "test/t-1", "mail.message", "1001", "application/json", body)

    def effects(self, state: Any) -> int:
        return int(state["effects"].get(f"<{_TRANSMISSION}@acme.example>", 0))

    async def recover(self, simulator: Simulator, fault: str) -> None:
        if fault == "refuse":
            await simulator.act("listen", {})
