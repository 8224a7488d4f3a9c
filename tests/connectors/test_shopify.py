"""The Shopify connector against its simulator, over sockets."""

from __future__ import annotations

import asyncio
import hmac
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from connectors.storefront.shopify.connector import ShopifyConfig, ShopifyConnector
from connectors.storefront.shopify.simulator import Simulator
from connectors.transports.http import Effect
from hub.contract.connector import Outbound, Receipt, Request
from hub.contract.errors import (
    AuthError,
    InDoubt,
    ReceptionRefused,
    RejectedMessage,
    SignatureRefused,
    TransientError,
)
from hub.contract.simulator import SandboxContext
from hub.contract.testkit import FakePush, fake_context

SHOP = "acme-shop.myshopify.com"
SECRET = "current-client-secret"


class Hub:
    """What takes webhooks at `/in/acme-shop`; answers with the statuses it is told, then with 200."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.statuses: list[int] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append(Request("POST", request.path, {}, headers, await request.read()))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)

    def orders(self) -> list[dict[str, Any]]:
        return [json.loads(request.body) for request in self.requests]


@asynccontextmanager
async def serving(path: str, handler: Callable[[web.Request], Any]) -> AsyncIterator[str]:
    """A real HTTP server for one path; yields its URL."""
    app = web.Application()
    app.router.add_post(path, handler)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    hub = Hub()
    async with serving("/in/acme-shop", hub.take) as hub.url:
        yield hub


@pytest.fixture
async def shop(hub: Hub, tmp_path: Path) -> AsyncIterator[Simulator]:
    simulator = Simulator(SandboxContext("acme-shop", hub.url, tmp_path), {"slow_seconds": 0.5})
    simulator.endpoint = await simulator.start()  # type: ignore[attr-defined]
    yield simulator
    await simulator.stop()


@pytest.fixture
async def connector(shop: Any) -> AsyncIterator[ShopifyConnector]:
    async with opened(shop.endpoint) as connector:
        yield connector


@asynccontextmanager
async def opened(endpoint: dict[str, str], **settings: Any) -> AsyncIterator[ShopifyConnector]:
    given = {
        "shop": endpoint["shop"],
        "url": endpoint["url"],
        "api_token": endpoint["token"],
        "webhook_secret": endpoint["secret"],
    }
    connector = ShopifyConnector(ShopifyConfig.model_validate(given | settings), fake_context())
    await connector.open()
    try:
        yield connector
    finally:
        await connector.close()


def offline(**settings: Any) -> ShopifyConnector:
    given = {"shop": SHOP, "api_token": "shpat_1", "webhook_secret": SECRET}
    return ShopifyConnector(ShopifyConfig.model_validate(given | settings), fake_context())


def webhook(body: bytes = b'{"id":1}', *, secret: str = SECRET, **headers: str) -> Request:
    signature = b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()
    sent = {
        "x-shopify-hmac-sha256": signature,
        "x-shopify-topic": "orders/create",
        "x-shopify-webhook-id": "w-1",
        "x-shopify-shop-domain": SHOP,
    }
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request("POST", "/in/acme-shop", {}, sent | named, body)


def update(order: int | str, *, tags: list[str] | None = None, value: str = "4500012", **more: Any) -> Outbound:
    field = {"namespace": "crossdock", "key": "erp_order", "type": "single_line_text_field", "value": value}
    tree = {"order": order, "tags": ["erp-confirmed"] if tags is None else tags, "metafields": [field], **more}
    return Outbound("t-1", "key-1", "shopify.order_update", "#1001", "application/json", json.dumps(tree).encode())


async def eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for happens at a server
            await asyncio.sleep(0.01)


class TestReceiving:
    async def test_an_order_placed_arrives_as_it_was_sent(self, shop: Any, hub: Hub) -> None:
        await shop.act("place_order", {"number": 1001})
        async with opened(shop.endpoint) as connector:
            reception = connector.receive(hub.requests[0])
        item = reception.items[0]
        assert (reception.status, len(reception.items), item.type) == (200, 1, "shopify.order")
        assert item.body == hub.requests[0].body
        assert item.key == f"webhook:{hub.requests[0].headers['x-shopify-webhook-id']}"
        assert set(item.headers) == {
            "x-shopify-topic",
            "x-shopify-webhook-id",
            "x-shopify-triggered-at",
            "x-shopify-shop-domain",
            "x-shopify-api-version",
        }
        assert item.headers["x-shopify-topic"] == "orders/create"

    def test_the_previous_secret_is_good_after_a_rotation(self) -> None:
        connector = offline(previous_webhook_secret="old-client-secret")
        assert connector.receive(webhook(secret="old-client-secret")).items
        assert connector.receive(webhook()).items
        with pytest.raises(SignatureRefused):
            connector.receive(webhook(secret="older-client-secret"))

    def test_without_a_previous_secret_the_old_one_is_refused(self) -> None:
        with pytest.raises(SignatureRefused):
            offline().receive(webhook(secret="old-client-secret"))

    @pytest.mark.parametrize("signature", ["", "AAAA", "é\ud800", "=" * 10_000])
    def test_a_bad_signature_is_refused(self, signature: str) -> None:
        with pytest.raises(SignatureRefused, match="webhook_secret"):
            offline().receive(webhook(x_shopify_hmac_sha256=signature))

    @given(body=st.binary(min_size=1, max_size=200), data=st.data())
    def test_any_changed_byte_is_refused(self, body: bytes, data: st.DataObject) -> None:
        position = data.draw(st.integers(0, len(body) - 1))
        change = data.draw(st.integers(1, 255))
        changed = body[:position] + bytes([body[position] ^ change]) + body[position + 1 :]
        request = webhook(body)
        assert offline().receive(request).items[0].body == body
        with pytest.raises(SignatureRefused):
            offline().receive(replace(request, body=changed))

    def test_another_shops_webhook_is_refused_though_well_signed(self) -> None:
        with pytest.raises(ReceptionRefused, match=r"other\.myshopify\.com.*acme-shop"):
            offline().receive(webhook(x_shopify_shop_domain="other.myshopify.com"))

    def test_a_topic_without_a_pipeline_is_kept_under_its_own_type(self) -> None:
        item = offline().receive(webhook(x_shopify_topic="orders/edited")).items[0]
        assert (item.type, item.name) == ("shopify.orders.edited", "orders/edited")

    @pytest.mark.parametrize("topic", ["", "orders", "../../etc/passwd", "orders/\n", "a/b/c", "x" * 500])
    def test_what_is_no_topic_is_refused(self, topic: str) -> None:
        with pytest.raises(ReceptionRefused, match="X-Shopify-Topic"):
            offline().receive(webhook(x_shopify_topic=topic))

    @pytest.mark.parametrize("webhook_id", ["", "w" * 201])
    def test_a_webhook_that_could_not_be_known_again_is_refused(self, webhook_id: str) -> None:
        with pytest.raises(ReceptionRefused, match="X-Shopify-Webhook-Id"):
            offline().receive(webhook(x_shopify_webhook_id=webhook_id))


class TestPushing:
    async def test_tags_and_metafields_are_added(self, shop: Any, connector: ShopifyConnector) -> None:
        placed = await shop.act("place_order", {"number": 1001, "tags": "vip"})
        receipt = await connector.push(update(placed["id"]), FakePush())
        order = shop.state()["orders"]["#1001"]
        assert order["tags"] == ["erp-confirmed", "vip"]
        assert order["metafields"] == {"crossdock.erp_order": "4500012"}
        assert receipt.note == f"order {placed['id']}: erp-confirmed, crossdock.erp_order"

    @pytest.mark.parametrize("form", [int, str, "gid://shopify/Order/{}".format])
    async def test_every_digit_of_a_long_id_is_kept(
        self, shop: Any, connector: ShopifyConnector, form: Callable[[int], Any]
    ) -> None:
        number = 912_345_678_901_234_567
        await shop.act(
            "place_order",
            {"number": 7, "id": number, "admin_graphql_api_id": f"gid://shopify/Order/{number}", "deliver": "hold"},
        )
        await connector.push(update(form(number)), FakePush())
        assert shop.state()["orders"]["#7"]["effects"] == {"tagsAdd": 1, "metafieldsSet": 1}

    async def test_the_change_comes_back_as_a_webhook_once(
        self, shop: Any, hub: Hub, connector: ShopifyConnector
    ) -> None:
        placed = await shop.act("place_order", {"number": 1001})
        for _ in range(3):
            await connector.push(update(placed["id"], metafields=[]), FakePush())
        await eventually(lambda: len(hub.requests) == 2)
        before, after = hub.orders()
        assert hub.requests[1].headers["x-shopify-topic"] == "orders/updated"
        assert before["updated_at"] < after["updated_at"]
        assert {key for key in before if before[key] != after[key]} == {"updated_at", "tags"}
        order = shop.state()["orders"]["#1001"]
        assert (order["mutations"], order["effects"]) == ({"tagsAdd": 3}, {"tagsAdd": 1})
        assert connector.repeatable

    async def test_throttled_with_status_200_waits_for_the_points(self, shop: Any, connector: ShopifyConnector) -> None:
        shop.misbehave("throttle_200", 1)
        with pytest.raises(TransientError) as error:
            await connector.push(update(1), FakePush())
        assert error.value.retry_after == pytest.approx((22 - 2) / 100)

    async def test_throttled_with_status_429_waits_as_told(self, shop: Any, connector: ShopifyConnector) -> None:
        shop.misbehave("throttle_429", 1)
        with pytest.raises(TransientError) as error:
            await connector.push(update(1), FakePush())
        assert error.value.retry_after == 1.0

    async def test_a_refused_token_stops_the_connection_and_is_not_shown(self, shop: Any) -> None:
        async with opened(shop.endpoint, api_token="shpat_wrong_token") as connector:
            with pytest.raises(AuthError) as error:
                await connector.push(update(1), FakePush())
        assert "shpat_wrong_token" not in f"{error.value.message}{error.value.detail}{error.value.where}"

    async def test_an_unknown_order_is_refused_by_name(self, shop: Any, connector: ShopifyConnector) -> None:
        with pytest.raises(RejectedMessage, match="tagsAdd id: Order does not exist"):
            await connector.push(update(999), FakePush())
        assert await connector.find(update(999)) is None

    @pytest.mark.parametrize(("fault", "arrived"), [("read_and_close", False), ("apply_and_close", True)])
    async def test_a_cut_connection_is_in_doubt_and_can_be_looked_up(
        self, shop: Any, connector: ShopifyConnector, fault: str, arrived: bool
    ) -> None:
        placed = await shop.act("place_order", {"number": 1001, "deliver": "hold"})
        shop.misbehave(fault, 1)
        with pytest.raises(InDoubt):
            await connector.push(update(placed["id"]), FakePush())
        found = await connector.find(update(placed["id"]))
        assert isinstance(found, Receipt) if arrived else found is None
        assert shop.state()["orders"]["#1001"]["effects"].get("tagsAdd", 0) == int(arrived)

    async def test_find_wants_every_tag_and_value(self, shop: Any, connector: ShopifyConnector) -> None:
        placed = await shop.act("place_order", {"number": 1001, "deliver": "hold"})
        await connector.push(update(placed["id"]), FakePush())
        assert await connector.find(update(placed["id"], tags=["ERP-Confirmed"])) is not None
        assert await connector.find(update(placed["id"], tags=["erp-confirmed", "later"])) is None
        assert await connector.find(update(placed["id"], value="4500013")) is None

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"order": None}, "order"),
            ({"order": "gid://shopify/Product/1"}, "order"),
            ({"order": "1) { shop }"}, "order"),
            ({"order": -1}, "order"),
            ({"tags": ["a,b"]}, "tags.0"),
            ({"tags": ["x" * 41]}, "tags.0"),
            ({"metafields": [{"namespace": "crossdock"}]}, "metafields.0.key"),
            ({"note": "x"}, "note"),
            ({"tags": [], "metafields": []}, "tags"),
        ],
    )
    async def test_a_wrong_update_names_its_field_and_sends_nothing(
        self, shop: Any, connector: ShopifyConnector, change: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(RejectedMessage) as error:
            await connector.push(update(**{"order": 1} | change), FakePush())
        assert error.value.where["field"] == field
        assert shop.state()["orders"] == {}

    async def test_check_names_shop_and_wrong_domain(self, shop: Any, connector: ShopifyConnector) -> None:
        health = await connector.check()
        assert health.ok
        assert SHOP in health.findings[0]
        async with opened(shop.endpoint, shop="other.myshopify.com") as mistaken:
            health = await mistaken.check()
        assert not health.ok
        assert "the token belongs to acme-shop.myshopify.com" in health.findings[1]

    async def test_check_names_missing_scopes(self) -> None:
        async def answer(request: web.Request) -> web.Response:
            granted = {"accessScopes": [{"handle": "read_orders"}]}
            return web.json_response(
                {"data": {"shop": {"name": "Acme", "myshopifyDomain": SHOP}, "currentAppInstallation": granted}}
            )

        async with serving("/{path:.*}", answer) as url:
            endpoint = {"shop": SHOP, "url": url, "token": "t", "secret": SECRET}
            async with opened(endpoint) as connector:
                health = await connector.check()
        assert not health.ok
        assert health.findings[1].startswith("the app lacks the scopes write_orders")


class TestSimulator:
    async def test_held_updates_can_arrive_in_the_wrong_order(self, shop: Any, hub: Hub) -> None:
        await shop.act("place_order", {"number": 1001})
        for quantity in (3, 4):
            lines = [{"sku": "MUG-WHITE", "quantity": quantity}]
            await shop.act("update_order", {"number": 1001, "lines": lines, "deliver": "hold"})
        assert len(hub.requests) == 1
        await shop.act("deliver", {"order": "newest_first"})
        first, second = hub.orders()[1:]
        assert [order["line_items"][0]["current_quantity"] for order in (first, second)] == [4, 3]
        assert first["updated_at"] > second["updated_at"]
        assert shop.state()["held"] == []

    async def test_webhooks_are_delivered_in_the_order_chosen(self, shop: Any, hub: Hub) -> None:
        ids = [(await shop.act("place_order", {"deliver": "hold"}))["webhook"]["id"] for _ in range(3)]
        await shop.act("deliver", {"webhooks": [ids[1], ids[2], ids[0]]})
        assert [order["name"] for order in hub.orders()] == ["#1002", "#1003", "#1001"]

    async def test_copies_and_resends_keep_the_webhooks_id(self, shop: Any, hub: Hub) -> None:
        await shop.act("place_order", {"number": 1001, "copies": 2})
        await shop.act("resend", {"number": "#1001"})
        assert len({request.headers["x-shopify-webhook-id"] for request in hub.requests}) == 1
        assert len({request.body for request in hub.requests}) == 1
        assert len(hub.requests) == 3

    async def test_what_is_refused_is_sent_again_as_it_was(self, shop: Any, hub: Hub) -> None:
        hub.statuses = [500, 503]
        await shop.act("place_order", {"number": 1001})
        await eventually(lambda: shop.state()["webhooks"][0]["status"] == "delivered")
        assert shop.state()["webhooks"][0]["answers"] == [500, 503, 200]
        assert len({request.body for request in hub.requests}) == 1

    async def test_a_wrong_signature_is_refused_and_the_next_is_good(self, shop: Any, hub: Hub) -> None:
        shop.misbehave("wrong_signature", 1)
        await shop.act("place_order", {})
        await shop.act("place_order", {})
        async with opened(shop.endpoint) as connector:
            with pytest.raises(SignatureRefused):
                connector.receive(hub.requests[0])
            assert connector.receive(hub.requests[1]).items

    async def test_an_edited_order_keeps_cancelled_lines(self, shop: Any, hub: Hub) -> None:
        await shop.act("place_order", {"number": 1001})
        lines = [{"sku": "MUG-WHITE", "quantity": 1}, {"sku": "SPOON", "quantity": 2, "price": "3.00"}]
        await shop.act("update_order", {"number": 1001, "lines": lines})
        edited = hub.orders()[1]
        shown = {item["sku"]: (item["quantity"], item["current_quantity"]) for item in edited["line_items"]}
        assert shown == {"MUG-WHITE": (2, 1), "TEA-EARLGREY-100": (1, 0), "SPOON": (2, 2)}
        assert edited["current_subtotal_price"] == "18.50"
        assert len({item["id"] for item in edited["line_items"]}) == 3

    @pytest.mark.parametrize(
        ("action", "arguments", "message"),
        [
            ("update_order", {"number": 9}, "no order 9"),
            ("update_order", {"number": 1001, "note": "x"}, "note"),
            ("place_order", {"number": 1001}, "#1001 already"),
            ("place_order", {"copies": 0}, "copies"),
            ("deliver", {"webhooks": ["w"]}, "no webhook w"),
        ],
    )
    async def test_a_wrong_action_says_what_is_wrong(
        self, shop: Any, action: str, arguments: dict[str, Any], message: str
    ) -> None:
        await shop.act("place_order", {"number": 1001})
        with pytest.raises(ValueError, match=message):
            await shop.act(action, arguments)

    async def test_what_the_shop_does_not_know_is_an_error_not_a_silence(self, shop: Any) -> None:
        async with opened(shop.endpoint) as connector:
            client = connector._client
            assert client is not None
            for document in ("{ products { id } }", "", "mutation { tagsAdd(id: $id, tags: $tags) { node { id } } }"):
                response = await client.request("POST", connector._path, json={"query": document}, effect=Effect.SAFE)
                assert "errors" in response.json()
