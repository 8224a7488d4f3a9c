"""What the contract suite needs to know of the HubSpot connector."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from connectors.crm.hubspot.events import signature
from connectors.crm.hubspot.simulator import ACTIONS, FAULTS
from hub.contract.clock import to_micros
from hub.contract.connector import Outbound, Request
from hub.contract.testkit import ConnectorCase
from hub.contract.testkit.fakes import MORNING

_EVENT = {
    "eventId": 1,
    "subscriptionId": 25,
    "portalId": 62515,
    "occurredAt": 1772438400000,
    "subscriptionType": "deal.propertyChange",
    "attemptNumber": 0,
    "objectId": 9000000000000000001,
    "propertyName": "dealstage",
    "propertyValue": "closedwon",
}


class HubSpotCase(ConnectorCase):
    """A deal is written with its contact; a deal changes."""

    settings: ClassVar[Mapping[str, Any]] = {"slow_seconds": 1.5}
    actions: ClassVar[frozenset[str]] = ACTIONS
    faults: ClassVar[frozenset[str]] = FAULTS

    def config(self, endpoint: Mapping[str, str]) -> dict[str, Any]:
        return {
            "url": endpoint["url"],
            "access_token": endpoint["token"],
            "client_secret": endpoint["secret"],
            "webhook_url": endpoint["webhook_url"],
            "key_property": endpoint["key_property"],
            "read_timeout": 1.0,
        }

    def outbound(self) -> Outbound:
        contact = {"email": "ada@acme.example", "properties": {"firstname": "Ada"}}
        deal = {"key": "SO-1001", "properties": {"dealname": "SO-1001", "amount": "19.90"}, "contacts": [contact]}
        return Outbound("t-1", "test/t-1", "hubspot.deal", "1001", "application/json", json.dumps(deal).encode())

    def effects(self, state: Any) -> int:
        deal = state["records"]["deals"].get("so-1001")
        return int(deal["changes"]) if deal else 0

    def signed_request(self, endpoint: Mapping[str, str]) -> Request:
        body, timestamp = json.dumps([_EVENT]).encode(), str(to_micros(MORNING) // 1000)
        signed = signature(endpoint["secret"].encode(), "POST", endpoint["webhook_url"], body, timestamp)
        headers = {"x-hubspot-signature-v3": signed, "x-hubspot-request-timestamp": timestamp}
        return Request("POST", "/in/contract", {}, headers, body)
