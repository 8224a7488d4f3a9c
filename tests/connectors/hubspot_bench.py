"""A simulated HubSpot, a connector to it, and what is sent between them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from connectors.crm.hubspot.connector import HubSpotConfig, HubSpotConnector
from connectors.crm.hubspot.events import signature
from connectors.crm.hubspot.simulator import Simulator
from hub.contract.clock import SystemClock, to_micros
from hub.contract.connector import Outbound, Request
from hub.contract.simulator import SandboxContext
from hub.contract.testkit import fake_context
from hub.contract.testkit.fakes import MORNING

SECRET = "app-client-secret"
WEBHOOK_URL = "https://hub.acme.example/in/acme-crm"
NOW = to_micros(MORNING) // 1000
EVENT = {
    "eventId": 912_345_678_901_234_567,
    "subscriptionId": 25,
    "portalId": 62515,
    "occurredAt": NOW,
    "subscriptionType": "contact.propertyChange",
    "attemptNumber": 0,
    "objectId": 1246965,
    "propertyName": "lifecyclestage",
    "propertyValue": "customer",
}
DEAL = {
    "key": "SO-1001",
    "properties": {"dealname": "SO-1001", "amount": "19.90"},
    "contacts": [{"email": "ada@acme.example", "properties": {"firstname": "Ada"}}],
}


@asynccontextmanager
async def simulated(hub_url: str) -> AsyncIterator[Any]:
    """A simulator that sends its webhooks to `hub_url`; where it listens is its `endpoint`."""
    simulator: Any = Simulator(SandboxContext("acme-crm", hub_url, Path()), {"slow_seconds": 0.5})
    simulator.endpoint = await simulator.start()
    try:
        yield simulator
    finally:
        await simulator.stop()


@asynccontextmanager
async def opened(endpoint: dict[str, str], **settings: Any) -> AsyncIterator[HubSpotConnector]:
    given = {
        "url": endpoint["url"],
        "access_token": endpoint.get("token", "pat-1"),
        "client_secret": endpoint.get("secret", SECRET),
        "webhook_url": endpoint.get("webhook_url", WEBHOOK_URL),
    }
    context = fake_context("acme-crm", clock=SystemClock())
    connector = HubSpotConnector(HubSpotConfig.model_validate(given | settings), context)
    await connector.open()
    try:
        yield connector
    finally:
        await connector.close()


def offline(webhook_url: str = WEBHOOK_URL) -> HubSpotConnector:
    """A connector whose clock stands at MORNING."""
    given = {"access_token": "pat-1", "client_secret": SECRET, "webhook_url": webhook_url}
    return HubSpotConnector(HubSpotConfig.model_validate(given), fake_context())


def webhook(body: bytes, *, secret: str = SECRET, at: int | str = NOW, url: str = WEBHOOK_URL) -> Request:
    headers = {
        "x-hubspot-signature-v3": signature(secret.encode(), "POST", url, body, str(at)),
        "x-hubspot-request-timestamp": str(at),
    }
    return Request("POST", "/in/acme-crm", {}, headers, body)


def events(*changes: dict[str, Any]) -> bytes:
    return json.dumps([EVENT | change for change in changes or ({},)]).encode()


def outbound(tree: Any, type_name: str = "hubspot.deal") -> Outbound:
    return Outbound("t-1", "test/t-1", type_name, "1001", "application/json", json.dumps(tree).encode())
