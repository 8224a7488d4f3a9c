"""What the contract suite needs to know of Acme Dock."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, ClassVar

from hub.contract.connector import Outbound, Request
from hub.contract.simulator import Simulator
from hub.contract.testkit import ConnectorCase


class AcmeCase(ConnectorCase):
    """A parcel out, a label in."""

    actions: ClassVar[frozenset[str]] = frozenset({"print_label"})
    faults: ClassVar[frozenset[str]] = frozenset({"apply_and_close", "error_400", "error_503", "read_and_close"})

    def config(self, endpoint: Mapping[str, str]) -> dict[str, Any]:
        return {"url": endpoint["url"], "api_token": endpoint["token"], "webhook_secret": endpoint["secret"]}

    def outbound(self) -> Outbound:
        return Outbound("t-1", "key-1", "acme.parcel", "parcel.json", "application/json", b'{"weight": "1.2"}')

    def effects(self, state: Any) -> int:
        return sum(parcel["confirmed"] for parcel in state["parcels"])

    def signed_request(self, endpoint: Mapping[str, str]) -> Request:
        body = b'{"id": 7}'
        signature = hmac.new(endpoint["secret"].encode(), body, hashlib.sha256).hexdigest()
        return Request("POST", "/in/contract", {}, {"x-acme-signature": signature, "x-acme-id": "7"}, body)

    async def offer(self, simulator: Simulator) -> None:
        await simulator.act("print_label", {"parcel": "P1"})
