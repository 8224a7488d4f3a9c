"""The Shopify connector against its simulator, over sockets."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from connectors.storefront.shopify.connector import ShopifyConfig, ShopifyConnector
from hub.contract.connector import Outbound, Receipt, Request
from hub.contract.errors import (
    AuthError,
    InDoubt,
    ReceptionRefused,
    RejectedMessage,
    SignatureRefused,
    TransientError,
)
from hub.contract.testkit import FakePush, fake_context
from tests.connectors.shopify_bench import opened, simulated
from tests.connectors.webhook_hub import Hub, eventually, listening, serving

SHOP = "acme-shop.myshopify.com"
SECRET = "current-client-secret"


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    async with listening() as hub:
        yield hub


@pytest.fixture
async def shop(hub: Hub) -> AsyncIterator[Any]:
    async with simulated(hub.url) as simulator:
        yield simulator


@pytest.fixture
async def connector(shop: Any) -> AsyncIterator[ShopifyConnector]:
    async with opened(shop.endpoint) as connector:
        yield connector


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

    @pytest.mark.parametrize(
        ("topic", "type_"),
        [
            ("orders/cancelled", "shopify.order"),
            ("returns/request", "shopify.return_request"),
            ("returns/approve", "shopify.return_approved"),
            ("returns/decline", "shopify.return_declined"),
            ("returns/cancel", "shopify.return_cancelled"),
            ("refunds/create", "shopify.refunded"),
        ],
    )
    def test_each_topic_has_its_type(self, topic: str, type_: str) -> None:
        [item] = offline().receive(webhook(x_shopify_topic=topic)).items
        assert (item.type, item.name) == (type_, topic)
        assert type_ in ShopifyConnector.emits

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
        before, after = hub.bodies()
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

        async with serving(answer) as url:
            endpoint = {"shop": SHOP, "url": url, "token": "t", "secret": SECRET}
            async with opened(endpoint) as connector:
                health = await connector.check()
        assert not health.ok
        assert health.findings[1].startswith("the app lacks the scopes write_orders")
        assert "without the scopes read_inventory, write_inventory no shopify.inventory can be sent" in health.findings
