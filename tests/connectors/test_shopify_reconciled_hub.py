"""A hub that takes a shop's webhooks and polls it: what both bring has its effect once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from connectors.generic.http.simulator import Simulator as Endpoint
from hub.contract.simulator import SandboxContext
from hub.contract.testkit import FakePush
from hub.runtime.connections import Connectors
from hub.runtime.pages import PageStore
from hub.store import tables
from tests.connectors.shopify_bench import NOWHERE, REFUND, opened, outbound, placed, shipment, simulated
from tests.connectors.webhook_hub import Hub, eventually, listening
from tests.runtime.hubs import LocalHub, local_hub
from tests.runtime.workspaces import HUB, SINK_ORDER, http_target

PIPELINE = """\
pipeline: orders
from: {connection: acme-shop, types: [shopify.order]}
subject: {order: source.id, version: source.updated_at, intent: snapshot}
references: {number: source.name}
steps:
  - map: shopify/order
routes:
  - {to: sink, map: test/sink_order}
"""

RETURNS = """\
pipeline: returns
from: {connection: acme-shop, types: [shopify.return_request]}
subject: {order: source.order.id, version: source.id ~ '/' ~ source.status, intent: delta}
references: {return: source.id}
steps:
  - map: shopify/return_request
"""

REFUNDS = """\
pipeline: refunds
from: {connection: acme-shop, types: [shopify.refunded]}
subject: {order: source.order_id, version: source.id, intent: delta}
steps:
  - filter: source.refund_line_items | length > 0 and source.transactions | length > 0
  - filter: "'Credit note ' not in (source.note | default(''))"
  - map: shopify/refunded
"""


class ReconciledHub:
    """A hub that takes a shop's webhooks, polls it, and delivers its orders to a sink."""

    def __init__(self, local: LocalHub, door: Hub, sink: Endpoint) -> None:
        self._local, self._door, self._sink = local, door, sink
        self._read = 0

    def topics(self) -> list[str]:
        """Topics of all webhooks that came to the door."""
        return [request.headers["x-shopify-topic"] for request in self._door.requests]

    async def take_webhooks(self) -> None:
        """Take what came to the door since, through the connector."""
        connectors = Connectors(self._local.workspace, self._local.store, self._local.clock)
        receiver = connectors.make("acme-shop")
        for request in self._door.requests[self._read :]:
            for item in receiver.receive(request).items:
                await self._local.receive_item("acme-shop", item)
        self._read = len(self._door.requests)

    async def poll(self) -> int:
        """Poll until there is nothing more; how many messages are new."""
        connectors = Connectors(self._local.workspace, self._local.store, self._local.clock)
        pages = PageStore(self._local.store, self._local.clock, "acme-shop")
        new, more = 0, True
        try:
            while more:
                page = await (await connectors.get("acme-shop")).pull(pages.cursor())
                new += sum(not accepted.duplicate for _, accepted in pages.store(page))
                more = page.more
        finally:
            await connectors.close()
        return new

    async def delivered(self) -> list[tuple[str, str]]:
        """Order and total of each effect at the sink, in their order, once the hub is idle."""
        await self._local.settle()
        bodies = [json.loads(body["body"]) for body in self._sink.state()["bodies"]]
        return [(str(body["order"])[-4:], str(body["total"])) for body in bodies]

    def documents(self, kind: str = "Order") -> dict[str, int]:
        """How many documents of a kind are in each state."""
        return dict(self._local.states(tables.document, kind=kind))


@pytest.fixture
async def door() -> AsyncIterator[Hub]:
    async with listening() as hub:
        yield hub


@pytest.fixture
async def told_shop(door: Hub) -> AsyncIterator[Any]:
    """A shop that sends its webhooks to the hub's door."""
    async with simulated(door.url) as simulator:
        yield simulator


@pytest.fixture
async def hub(told_shop: Any, door: Hub, tmp_path: Path, database_url: str) -> AsyncIterator[ReconciledHub]:
    sink = Endpoint(SandboxContext("sink", NOWHERE, tmp_path), {})
    at = told_shop.endpoint
    files = {
        "config/hub.yaml": HUB,
        "config/connections/acme-shop.yaml": f"connection: acme-shop\ntype: shopify\nshop: {at['shop']}\n"
        f"url: {at['url']}\napi_token: ${{env:ACME_TOKEN}}\nwebhook_secret: ${{env:ACME_SECRET}}\n",
        "config/connections/sink.yaml": http_target("sink", (await sink.start())["url"]),
        "mappings/test/sink_order.yaml": SINK_ORDER,
        "pipelines/orders.yaml": PIPELINE,
        "pipelines/returns.yaml": RETURNS,
        "pipelines/refunds.yaml": REFUNDS,
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACME_TOKEN", at["token"])
        patch.setenv("ACME_SECRET", at["secret"])
        with local_hub(database_url, files) as local:
            yield ReconciledHub(local, door, sink)
    await sink.stop()


class TestBesideWebhooks:
    async def test_what_a_webhook_missed_arrives_and_what_it_brought_has_no_second_effect(
        self, told_shop: Any, hub: ReconciledHub
    ) -> None:
        await told_shop.act("place_order", {"number": 1001})
        await told_shop.act("place_order", {"number": 1002, "deliver": "never"})
        await hub.take_webhooks()
        assert [order for order, _ in await hub.delivered()] == ["1001"]
        assert await hub.poll() == 2
        assert [order for order, _ in await hub.delivered()] == ["1001", "1002"]
        assert hub.documents() == {"applied": 2, "duplicate": 1}
        assert await hub.poll() == 0

    async def test_a_change_that_no_webhook_told_arrives_once(self, told_shop: Any, hub: ReconciledHub) -> None:
        await told_shop.act("place_order", {"number": 1001})
        await hub.take_webhooks()
        lines = [{"sku": "MUG-WHITE", "quantity": 5, "price": "12.50"}]
        await told_shop.act("update_order", {"number": 1001, "lines": lines, "deliver": "hold"})
        await hub.poll()
        before = await hub.delivered()
        await told_shop.act("deliver", {})
        await hub.take_webhooks()
        await hub.poll()
        assert [order for order, _ in before] == ["1001", "1001"]
        assert before[0] != before[1]
        assert await hub.delivered() == before

    async def test_an_older_webhook_after_the_poll_changes_nothing(self, told_shop: Any, hub: ReconciledHub) -> None:
        await told_shop.act("place_order", {"number": 1001, "deliver": "hold"})
        lines = [{"sku": "MUG-WHITE", "quantity": 5, "price": "12.50"}]
        await told_shop.act("update_order", {"number": 1001, "lines": lines, "deliver": "never"})
        await hub.poll()
        before = await hub.delivered()
        await told_shop.act("deliver", {})
        await hub.take_webhooks()
        assert await hub.delivered() == before
        assert len(before) == 1
        assert hub.documents() == {"applied": 1, "superseded": 1}

    async def test_a_return_is_asked_for_once_however_often_it_is_told(
        self, told_shop: Any, hub: ReconciledHub
    ) -> None:
        order = await placed(told_shop, deliver="now")
        async with opened(told_shop.endpoint) as connector:
            await connector.push(shipment(order, 2), FakePush())
        for quantity in (1, 1):
            lines = [{"sku": "MUG-WHITE", "quantity": quantity}]
            await told_shop.act("request_return", {"number": 1001, "lines": lines})
        [first, second] = told_shop._shop.book.find("1001").returns
        webhook = told_shop._webhooks.make("returns/request", "#1001", first)
        await told_shop._webhooks.send(webhook)
        await hub.take_webhooks()
        await hub.delivered()
        states = hub.documents("ReturnAuthorization")
        assert states == {"applied": 2, "duplicate": 1}
        assert first["id"] != second["id"]

    async def test_a_refund_of_the_hub_itself_is_no_news_and_one_of_the_shop_is(
        self, told_shop: Any, hub: ReconciledHub
    ) -> None:
        order = await placed(told_shop, deliver="now")
        lines = [{"line": order["line_items"][0]["id"], "quantity": 1}]
        async with opened(told_shop.endpoint) as connector:
            await connector.push(outbound("refund", {"order": order["id"], "lines": lines, **REFUND}), FakePush())
        await eventually(lambda: "refunds/create" in hub.topics())
        by_hand = {**order["refunds"][0], "id": 940_000_000_999, "note": "It broke."}
        await told_shop._webhooks.send(told_shop._webhooks.make("refunds/create", "#1001", by_hand))
        await hub.take_webhooks()
        await hub.delivered()
        assert hub.documents("CreditNote") == {"applied": 1, "filtered": 1}
