"""The poll for orders that no webhook brought: alone against a shop, and in a hub beside its webhooks."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from connectors.storefront.shopify.connector import ShopifyConnector
from hub.contract.connector import Item
from hub.contract.errors import AuthError, TransientError
from tests.connectors.shopify_bench import opened, placed, simulated
from tests.connectors.webhook_hub import serving


@pytest.fixture
async def shop() -> AsyncIterator[Any]:
    async with simulated() as simulator:
        yield simulator


@pytest.fixture
async def connector(shop: Any) -> AsyncIterator[ShopifyConnector]:
    async with opened(shop.endpoint) as connector:
        yield connector


async def round_of(connector: ShopifyConnector, cursor: str | None) -> tuple[list[Item], str | None]:
    """All items from a cursor on, as a hub pulls them, and the cursor after them."""
    items: list[Item] = []
    more = True
    while more:
        page = await connector.pull(cursor)
        items, cursor, more = [*items, *page.items], page.cursor, page.more
    return items, cursor


def told(items: Sequence[Item]) -> list[Any]:
    return [json.loads(item.body) for item in items if isinstance(item.body, bytes)]


def names(items: Sequence[Item]) -> list[str]:
    return [order["name"] for order in told(items)]


class TestPoll:
    async def test_an_order_comes_as_its_webhook_would_have_brought_it(
        self, shop: Any, connector: ShopifyConnector
    ) -> None:
        order = await placed(shop, id=912_345_678_901_234_567)
        [item], _ = await round_of(connector, None)
        assert told([item]) == [order]
        assert item.type == "shopify.order"
        moment = datetime.fromisoformat(order["updated_at"]).astimezone(UTC)
        assert item.key == f"order:912345678901234567:{moment.isoformat()}"

    async def test_a_change_is_found_once_and_nothing_twice(self, shop: Any, connector: ShopifyConnector) -> None:
        await placed(shop)
        first, cursor = await round_of(connector, None)
        again, cursor = await round_of(connector, cursor)
        await shop.act("update_order", {"number": 1001, "changes": {"note": "Ring."}, "deliver": "never"})
        changed, cursor = await round_of(connector, cursor)
        last, _ = await round_of(connector, cursor)
        assert (names(first), again, last) == (["#1001"], [], [])
        assert [order["note"] for order in told(changed)] == ["Ring."]
        assert {item.key for item in first}.isdisjoint(item.key for item in changed)

    async def test_pages_hold_each_order_once_though_one_changes_between_them(
        self, shop: Any, connector: ShopifyConnector
    ) -> None:
        for number in range(1001, 1251):
            await placed(shop, number)
        page = await connector.pull(None)
        assert (len(page.items), page.more) == (100, True)
        await shop.act("update_order", {"number": 1001, "changes": {"note": "Ring."}, "deliver": "never"})
        rest, cursor = await round_of(connector, page.cursor)
        assert sorted(names([*page.items, *rest])) == sorted([*(f"#{one}" for one in range(1001, 1251)), "#1001"])
        assert (await round_of(connector, cursor))[0] == []

    async def test_a_round_goes_on_in_another_process(self, shop: Any) -> None:
        for number in range(1001, 1151):
            await placed(shop, number)
        async with opened(shop.endpoint) as killed:
            page = await killed.pull(None)
        async with opened(shop.endpoint) as connector:
            rest, _ = await round_of(connector, page.cursor)
        assert len({item.key for item in [*page.items, *rest]}) == 150

    async def test_a_page_that_shopify_forgot_begins_the_round_anew(
        self, shop: Any, connector: ShopifyConnector
    ) -> None:
        for number in range(1001, 1151):
            await placed(shop, number)
        page = await connector.pull(None)
        assert page.cursor is not None
        forgotten = json.dumps({**json.loads(page.cursor), "page": "forgotten"})
        rest, _ = await round_of(connector, forgotten)
        assert len({item.key for item in [*page.items, *rest]}) == 150

    async def test_an_order_that_is_listed_late_is_found_by_the_overlap(self, shop: Any) -> None:
        now = datetime.now(UTC).replace(microsecond=0)
        await placed(shop, 1001, updated_at=now.isoformat())
        async with opened(shop.endpoint, reconcile={"overlap_seconds": 60}) as connector:
            _, cursor = await round_of(connector, None)
            await placed(shop, 1002, updated_at=(now - timedelta(seconds=50)).isoformat())
            await placed(shop, 1003, updated_at=(now - timedelta(seconds=70)).isoformat())
            late, _ = await round_of(connector, cursor)
        assert names(late) == ["#1002"]

    async def test_the_first_round_looks_back_as_far_as_it_is_told(self, shop: Any) -> None:
        now = datetime.now(UTC)
        for number, hours in ((1001, 1), (1002, 3)):
            await placed(shop, number, updated_at=(now - timedelta(hours=hours)).isoformat(timespec="seconds"))
        async with opened(shop.endpoint, reconcile={"first_hours": 2, "overlap_seconds": 0}) as connector:
            assert names((await round_of(connector, None))[0]) == ["#1001"]
        async with opened(shop.endpoint, reconcile={"first_hours": 4}) as connector:
            assert names((await round_of(connector, None))[0]) == ["#1002", "#1001"]

    async def test_cancelled_orders_are_found(self, shop: Any, connector: ShopifyConnector) -> None:
        await placed(shop, cancelled_at="2026-03-02T12:00:00Z", closed_at="2026-03-02T12:00:00Z")
        assert names((await round_of(connector, None))[0]) == ["#1001"]

    async def test_reconciling_is_on_unless_it_is_turned_off(self, shop: Any) -> None:
        await placed(shop)
        async with opened(shop.endpoint, reconcile=True) as connector:
            assert names((await round_of(connector, None))[0]) == ["#1001"]

    async def test_without_reconciling_nothing_is_asked(self, shop: Any) -> None:
        await placed(shop)
        shop.misbehave("error_500", 1)
        async with opened(shop.endpoint, reconcile=False) as connector:
            page = await connector.pull(None)
        assert (page.items, page.cursor, page.more) == ([], None, False)

    @pytest.mark.parametrize("fault", ["throttle_200", "throttle_429"])
    async def test_throttled_it_waits_as_told(self, shop: Any, connector: ShopifyConnector, fault: str) -> None:
        shop.misbehave(fault, 1)
        with pytest.raises(TransientError) as error:
            await connector.pull(None)
        assert error.value.retry_after == 1.0

    async def test_a_refused_token_stops_the_connection(self, shop: Any) -> None:
        async with opened(shop.endpoint, api_token="shpat_wrong_token") as connector:
            with pytest.raises(AuthError):
                await connector.pull(None)

    @pytest.mark.parametrize(
        "body", [b"<html>", b"[]", b"{}", b'{"orders": {}}', b'{"orders": [{"id": 1}]}', b'{"orders": [7]}', b""]
    )
    async def test_what_is_no_list_of_orders_is_tried_again(self, shop: Any, body: bytes) -> None:
        async def answer(request: web.Request) -> web.Response:
            return web.Response(body=body, content_type="application/json")

        async with serving(answer) as url, opened({**shop.endpoint, "url": url}) as connector:
            with pytest.raises(TransientError):
                await connector.pull(None)

    @pytest.mark.parametrize("cursor", ["", "{}", "2026-03-02", '{"since": "yesterday"}'])
    async def test_a_cursor_that_is_none_begins_anew(self, shop: Any, connector: ShopifyConnector, cursor: str) -> None:
        await placed(shop)
        assert names((await round_of(connector, cursor))[0]) == ["#1001"]
