"""What the contract suite needs to know of the EasyPost connector."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from typing import Any, ClassVar

from connectors.tms.easypost.simulator import ACTIONS, FAULTS
from hub.contract.connector import Outbound, Request
from hub.contract.testkit import ConnectorCase

_ADDRESS = {"name": "Acme", "street1": "417 Montgomery Street", "city": "San Francisco", "state": "CA", "country": "US"}


class EasyPostCase(ConnectorCase):
    """A label is bought; its parcel moves."""

    settings: ClassVar[Mapping[str, Any]] = {"slow_seconds": 1.5}
    actions: ClassVar[frozenset[str]] = ACTIONS
    faults: ClassVar[frozenset[str]] = FAULTS

    def config(self, endpoint: Mapping[str, str]) -> dict[str, Any]:
        return {
            "url": endpoint["url"],
            "api_key": endpoint["api_key"],
            "webhook_secret": endpoint["secret"],
            "read_timeout": 1.0,
        }

    def outbound(self) -> Outbound:
        shipment = {"to_address": _ADDRESS, "from_address": _ADDRESS, "parcel": {"weight": 65.9}}
        body = json.dumps({"shipments": [shipment]}).encode()
        return Outbound("t", "test/t", "easypost.shipment", "shipment.json", "application/json", body)

    def effects(self, state: Any) -> int:
        return sum(one["buys"] for one in state["shipments"].values() if one["reference"] == "t-1")

    def signed_request(self, endpoint: Mapping[str, str]) -> Request:
        event = {"id": "evt_1", "object": "Event", "description": "tracker.updated", "result": {"status": "delivered"}}
        body = json.dumps(event).encode()
        signature = hmac.digest(endpoint["secret"].encode(), body, "sha256").hex()
        return Request("POST", "/in/contract", {}, {"x-hmac-signature": f"hmac-sha256-hex={signature}"}, body)
