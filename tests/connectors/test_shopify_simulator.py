"""The simulated shop: what it sends when, and what it refuses."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from connectors.transports.http import Effect
from hub.contract.errors import SignatureRefused
from hub.contract.testkit import FakePush
from tests.connectors.shopify_bench import opened, outbound, placed, shipment, simulated
from tests.connectors.webhook_hub import Hub, eventually, listening


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    async with listening() as hub:
        yield hub


@pytest.fixture
async def shop(hub: Hub) -> AsyncIterator[Any]:
    async with simulated(hub.url) as simulator:
        yield simulator


class TestSimulator:
    async def test_held_updates_can_arrive_in_the_wrong_order(self, shop: Any, hub: Hub) -> None:
        await shop.act("place_order", {"number": 1001})
        for quantity in (3, 4):
            lines = [{"sku": "MUG-WHITE", "quantity": quantity}]
            await shop.act("update_order", {"number": 1001, "lines": lines, "deliver": "hold"})
        assert len(hub.requests) == 1
        await shop.act("deliver", {"order": "newest_first"})
        first, second = hub.bodies()[1:]
        assert [order["line_items"][0]["current_quantity"] for order in (first, second)] == [4, 3]
        assert first["updated_at"] > second["updated_at"]
        assert shop.state()["held"] == []

    async def test_webhooks_are_delivered_in_the_order_chosen(self, shop: Any, hub: Hub) -> None:
        ids = [(await shop.act("place_order", {"deliver": "hold"}))["webhook"]["id"] for _ in range(3)]
        await shop.act("deliver", {"webhooks": [ids[1], ids[2], ids[0]]})
        assert [order["name"] for order in hub.bodies()] == ["#1002", "#1003", "#1001"]

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
        edited = hub.bodies()[1]
        shown = {item["sku"]: (item["quantity"], item["current_quantity"]) for item in edited["line_items"]}
        assert shown == {"MUG-WHITE": (2, 1), "TEA-EARLGREY-100": (1, 0), "SPOON": (2, 2)}
        assert edited["current_subtotal_price"] == "18.50"
        assert len({item["id"] for item in edited["line_items"]}) == 3

    async def test_what_never_is_told_is_there_all_the_same(self, shop: Any, hub: Hub) -> None:
        answer = await shop.act("place_order", {"number": 1001, "deliver": "never"})
        await shop.act("place_order", {"number": 1002})
        assert answer["webhook"] is None
        assert [order["name"] for order in hub.bodies()] == ["#1002"]
        assert set(shop.state()["orders"]) == {"#1001", "#1002"}
        assert shop.state()["held"] == []

    async def test_only_what_was_shipped_can_be_asked_back(self, shop: Any, hub: Hub) -> None:
        await shop.act("place_order", {"number": 1001})
        with pytest.raises(ValueError, match=r"Of MUG-WHITE less than 1 was shipped of order #1001"):
            await shop.act("request_return", {"number": 1001, "lines": [{"sku": "MUG-WHITE"}]})

    async def test_what_is_done_to_an_order_is_told_by_webhooks(self, shop: Any, hub: Hub) -> None:
        order = await placed(shop)
        async with opened(shop.endpoint) as connector:
            await connector.push(shipment(order, 2), FakePush())
            asked = await shop.act("request_return", {"number": 1001, "lines": [{"sku": "MUG-WHITE"}]})
            await connector.push(
                outbound("return_decision", {"return": asked["id"], "decision": "decline"}), FakePush()
            )
            refund = {"order": order["id"], "number": "CN-1", "amount": "5.00", "currency": "USD"}
            await connector.push(outbound("refund", refund), FakePush())
        topics = {"orders/updated": 3, "returns/request": 1, "returns/decline": 1, "refunds/create": 1}
        await eventually(lambda: len(hub.requests) == sum(topics.values()))
        assert Counter(request.headers["x-shopify-topic"] for request in hub.requests) == topics
        bodies = {request.headers["x-shopify-topic"]: json.loads(request.body) for request in hub.requests}
        assert bodies["returns/decline"]["decline"] == {"reason": "other", "note": None}
        assert bodies["refunds/create"]["note"] == "Credit note CN-1"

    @pytest.mark.parametrize(
        ("action", "arguments", "message"),
        [
            ("remove_article", {"sku": "MUG"}, "no article MUG"),
            ("resend", {"number": 1001}, "no webhook about order #1001"),
            ("request_return", {"number": 1001, "lines": []}, "lines"),
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
        await shop.act("place_order", {"number": 1001, "deliver": "never"})
        with pytest.raises(ValueError, match=message):
            await shop.act(action, arguments)

    async def test_what_the_shop_does_not_know_is_an_error_not_a_silence(self, shop: Any) -> None:
        async with opened(shop.endpoint) as connector:
            client = connector._client
            assert client is not None
            for document in ("{ products { id } }", "", "mutation { tagsAdd(id: $id, tags: $tags) { node { id } } }"):
                path, asked = "/admin/api/2026-04/graphql.json", {"query": document}
                response = await client.request("POST", path, json=asked, effect=Effect.SAFE)
                assert "errors" in response.json()
