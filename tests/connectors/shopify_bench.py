"""A simulated shop, a connector to it, and what is sent between them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from connectors.storefront.shopify.connector import ShopifyConfig, ShopifyConnector
from connectors.storefront.shopify.simulator import Simulator
from hub.contract.clock import SystemClock
from hub.contract.connector import Outbound
from hub.contract.simulator import SandboxContext
from hub.contract.testkit import FakeState, fake_context

NOWHERE = "http://127.0.0.1:9"
REFUND = {"number": "CN-1", "amount": "13.50", "currency": "USD"}
LOCATIONS = {"main": 70_500_000_001, "annex": 70_500_000_002}


@asynccontextmanager
async def simulated(hub_url: str = NOWHERE, **settings: Any) -> AsyncIterator[Any]:
    """A simulator that sends its webhooks to `hub_url`; where it listens is its `endpoint`."""
    given = {"slow_seconds": 0.5, "locations": LOCATIONS, **settings}
    simulator: Any = Simulator(SandboxContext("acme-shop", hub_url, Path()), given)
    simulator.endpoint = await simulator.start()
    try:
        yield simulator
    finally:
        await simulator.stop()


@asynccontextmanager
async def opened(
    endpoint: dict[str, str], state: FakeState | None = None, **settings: Any
) -> AsyncIterator[ShopifyConnector]:
    """A connector to the simulator that listens there."""
    given = {
        "shop": endpoint["shop"],
        "url": endpoint["url"],
        "api_token": endpoint["token"],
        "webhook_secret": endpoint["secret"],
        "locations": {"WH-1": LOCATIONS["main"], "WH-2": f"gid://shopify/Location/{LOCATIONS['annex']}"},
    }
    context = fake_context("acme-shop", clock=SystemClock(), state=state)
    connector = ShopifyConnector(ShopifyConfig.model_validate(given | settings), context)
    await connector.open()
    try:
        yield connector
    finally:
        await connector.close()


def outbound(type_name: str, tree: Any, key: str = "test/t-1") -> Outbound:
    """A transmission of a payload."""
    return Outbound("t-1", key, f"shopify.{type_name}", "1001", "application/json", json.dumps(tree).encode())


async def placed(shop: Any, number: int = 1001, **arguments: Any) -> dict[str, Any]:
    """Place an order that no webhook tells of; the order as the shop has it."""
    await shop.act("place_order", {"number": number, "deliver": "never", **arguments})
    data: dict[str, Any] = shop._shop.book.find(str(number)).data
    return data


def shipment(order: dict[str, Any], *quantities: int, numbers: tuple[str, ...] = ("1Z1",), **more: Any) -> Outbound:
    """A `shopify.fulfillment` of so much of the order's first lines."""
    lines = [
        {"line": item["id"], "quantity": quantity}
        for item, quantity in zip(order["line_items"], quantities, strict=False)
        if quantity
    ]
    return outbound(
        "fulfillment",
        {"order": order["id"], "lines": lines, "tracking": {"company": "UPS", "numbers": numbers}, **more},
    )


def fulfil_by_hand(shop: Any, order: dict[str, Any], quantity: int) -> None:
    """Somebody fulfils so much of the first line in the shop, without tracking."""
    document = "mutation ($fulfillment: FulfillmentInput!) { fulfillmentCreate(fulfillment: $fulfillment) { x } }"
    shown = shop._shop.execute("{ order(id: $id) { x } }", {"id": order["admin_graphql_api_id"]}, "2026-04")
    line = {"id": f"gid://shopify/FulfillmentOrderLineItem/{order['line_items'][0]['id']}", "quantity": quantity}
    part = {
        "fulfillmentOrderId": shown["data"]["order"]["fulfillmentOrders"]["nodes"][0]["id"],
        "fulfillmentOrderLineItems": [line],
    }
    shop._shop.execute(document, {"fulfillment": {"lineItemsByFulfillmentOrder": [part]}}, "2026-04")
