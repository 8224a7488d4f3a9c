"""A simulated EasyPost, a connector to it, and what is sent between them."""

from __future__ import annotations

import hmac
import json
import unicodedata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from connectors.tms.easypost.connector import EasyPostConfig, EasyPostConnector
from connectors.tms.easypost.simulator import Simulator
from hub.contract.connector import Outbound, Request
from hub.contract.simulator import SandboxContext
from hub.contract.testkit import FakePush, capturing_log, fake_context

SECRET = "s\u00e9cret \ufb01"
ADDRESS = {"name": "Ada King", "street1": "417 Montgomery Street", "city": "San Francisco", "country": "US"}
PARCEL = {"to_address": ADDRESS, "from_address": ADDRESS, "parcel": {"weight": 65.9}}
ORDER = {"shipments": [PARCEL]}


@asynccontextmanager
async def opened(endpoint: dict[str, str], **settings: Any) -> AsyncIterator[EasyPostConnector]:
    given = {"url": endpoint["url"], "api_key": endpoint["api_key"], "webhook_secret": endpoint["secret"]}
    log, entries = capturing_log()
    connector: Any = EasyPostConnector(EasyPostConfig.model_validate(given | settings), fake_context(log=log))
    connector.entries = entries
    await connector.open()
    try:
        yield connector
    finally:
        await connector.close()


def offline() -> EasyPostConnector:
    return EasyPostConnector(
        EasyPostConfig.model_validate({"api_key": "EZTKx", "webhook_secret": SECRET}), fake_context()
    )


def event(body: bytes = b'{"id":"evt_1","description":"tracker.updated"}', secret: str = SECRET) -> Request:
    key = unicodedata.normalize("NFKD", secret).encode()
    signature = f"hmac-sha256-hex={hmac.digest(key, body, 'sha256').hex()}"
    return Request("POST", "/in/parcels", {}, {"x-hmac-signature": signature}, body)


def outbound(order: Any = None, transmission: str = "t") -> Outbound:
    body = json.dumps(ORDER if order is None else order).encode()
    return Outbound(transmission, f"test/{transmission}", "easypost.shipment", "1001", "application/json", body)


def tracker_request(*parcels: tuple[str, str | None]) -> Outbound:
    body = json.dumps({"trackers": [{"tracking_code": code, "carrier": carrier} for code, carrier in parcels]}).encode()
    return Outbound("t", "test/t", "easypost.tracker_request", "1001", "application/json", body)


def again(out: Outbound, push: FakePush) -> Outbound:
    return replace(out, attempt=out.attempt + 1, done=push.done or out.done)


def only_shipment(easypost: Any) -> dict[str, Any]:
    [shipment] = easypost.state()["shipments"].values()
    return shipment


@asynccontextmanager
async def simulated(hub_url: str) -> AsyncIterator[Any]:
    """A simulator that sends its events to `hub_url`; where it listens is its `endpoint`."""
    simulator: Any = Simulator(SandboxContext("parcels", hub_url, Path()), {"slow_seconds": 0.5})
    simulator.endpoint = await simulator.start()
    try:
        yield simulator
    finally:
        await simulator.stop()
