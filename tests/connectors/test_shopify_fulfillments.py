"""`shopify.fulfillment`: what was shipped becomes fulfillments of the shop, each once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.storefront.shopify.allocation import OpenLine, OpenOrder, allocate
from connectors.storefront.shopify.connector import ShopifyConnector
from hub.contract.connector import Receipt
from hub.contract.errors import Duplicate, InDoubt, RejectedMessage
from hub.contract.testkit import FakePush
from tests.connectors.shopify_bench import (
    opened,
    outbound,
    placed,
    shipment,
    simulated,
)


@pytest.fixture
async def shop() -> AsyncIterator[Any]:
    async with simulated(assigned={"TEA-EARLGREY-100": "annex"}) as simulator:
        yield simulator


@pytest.fixture
async def connector(shop: Any) -> AsyncIterator[ShopifyConnector]:
    async with opened(shop.endpoint) as connector:
        yield connector


def fulfillments(shop: Any) -> list[tuple[str, dict[str, int], list[str]]]:
    """Location, quantities by SKU and tracking numbers of what order 1001 was fulfilled with."""
    return [(one["location"], one["lines"], one["tracking"]) for one in shop.state()["orders"]["#1001"]["fulfillments"]]


class TestFulfillments:
    async def test_what_leaves_two_locations_is_two_fulfillments(self, shop: Any, connector: ShopifyConnector) -> None:
        receipt = await connector.push(shipment(await placed(shop), 2, 1), FakePush())
        assert fulfillments(shop) == [
            ("main", {"MUG-WHITE": 2}, ["1Z1"]),
            ("annex", {"TEA-EARLGREY-100": 1}, ["1Z1"]),
        ]
        last = shop.state()["orders"]["#1001"]["fulfillments"][-1]
        assert receipt.references == {"fulfillment": str(last["id"])}
        assert last["company"] == "UPS"

    async def test_a_half_done_shipment_is_in_doubt_and_ends_whole(
        self, shop: Any, connector: ShopifyConnector
    ) -> None:
        out = shipment(await placed(shop), 2, 1)

        class ThrottledLater(FakePush):
            async def checkpoint(self, done: Any) -> None:
                await super().checkpoint(done)
                shop._faults.extend(["", "throttle_429"])

        push = ThrottledLater()
        with pytest.raises(InDoubt, match="A part of the shipment is fulfilled"):
            await connector.push(out, push)
        assert fulfillments(shop) == [("main", {"MUG-WHITE": 2}, ["1Z1"])]
        receipt = await connector.push(replace(out, done=push.done), FakePush())
        assert [one[0] for one in fulfillments(shop)] == ["main", "annex"]
        assert "fulfillment" in receipt.note

    async def test_lines_and_numbers_of_nested_packages_are_taken_together(
        self, shop: Any, connector: ShopifyConnector
    ) -> None:
        order = await placed(shop)
        mug = {"line": order["line_items"][0]["id"], "quantity": 1}
        pallet = {
            "packages": [{"tracking": "1Z2", "lines": [mug]}, {"tracking": "1Z3", "lines": [mug]}],
        }
        tree = {"order": order["id"], "tracking": {"numbers": ["1Z2"]}, "packages": [pallet]}
        await connector.push(outbound("fulfillment", tree), FakePush())
        assert fulfillments(shop) == [("main", {"MUG-WHITE": 2}, ["1Z2", "1Z3"])]

    async def test_the_same_lines_and_numbers_from_another_message_are_a_duplicate(
        self, shop: Any, connector: ShopifyConnector
    ) -> None:
        order = await placed(shop)
        await connector.push(shipment(order, 2), FakePush())
        again = replace(shipment(order, 2), transmission="t-2", idempotency_key="test/t-2")
        with pytest.raises(Duplicate, match="has fulfillment 59"):
            await connector.push(again, FakePush())
        assert len(fulfillments(shop)) == 1

    async def test_the_same_number_for_more_goods_adds_only_what_is_missing(
        self, shop: Any, connector: ShopifyConnector
    ) -> None:
        order = await placed(shop)
        await connector.push(shipment(order, 1), FakePush())
        await connector.push(shipment(order, 2), FakePush())
        assert fulfillments(shop) == [("main", {"MUG-WHITE": 1}, ["1Z1"])] * 2

    async def test_more_than_was_ordered_names_the_line_and_ships_nothing(
        self, shop: Any, connector: ShopifyConnector
    ) -> None:
        order = await placed(shop)
        with pytest.raises(RejectedMessage, match=f"1 of line {order['line_items'][0]['id']}"):
            await connector.push(shipment(order, 3), FakePush())
        assert fulfillments(shop) == []

    async def test_a_cancelled_order_is_refused_with_its_state(self, shop: Any, connector: ShopifyConnector) -> None:
        order = await placed(shop, cancelled_at="2026-03-02T12:00:00Z")
        with pytest.raises(RejectedMessage, match="CANCELLED"):
            await connector.push(shipment(order, 1), FakePush())

    async def test_orders_of_hundreds_of_lines_are_read_to_their_end(
        self, shop: Any, connector: ShopifyConnector
    ) -> None:
        lines = [{"sku": f"SKU-{index}", "quantity": 1, "price": "1.00"} for index in range(260)]
        order = await placed(shop, lines=lines)
        out = shipment(order, *[1] * 260)
        await connector.push(out, FakePush())
        assert [len(lines) for _, lines, _ in fulfillments(shop)] == [260]
        assert isinstance(await connector.find(out), Receipt)

    async def test_the_location_it_left_decides_where_a_line_is_open_at_several(self) -> None:
        """By the rule itself: the simulated shop assigns a line to one location."""
        orders = [OpenOrder("a", "main", [OpenLine("1", "L", 1)]), OpenOrder("b", "annex", [OpenLine("2", "L", 1)])]
        shares, _ = allocate({"L": 1}, sorted(orders, key=lambda one: one.location != "annex"))
        assert [share.taken for share in shares] == [{"b": {"2": 1}}]

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"order": "gid://shopify/Product/1"}, "order"),
            ({"lines": []}, "lines"),
            ({"lines": [{"line": 1, "quantity": 0}]}, "lines.0.quantity"),
            ({"tracking": {"url": "javascript:alert(1)"}}, "tracking.url"),
            ({"tags": []}, "tags"),
        ],
    )
    async def test_a_wrong_payload_names_its_field(
        self, connector: ShopifyConnector, change: dict[str, Any], field: str
    ) -> None:
        tree = {"order": 1, "lines": [{"line": 1, "quantity": 1}], **change}
        with pytest.raises(RejectedMessage) as error:
            await connector.push(outbound("fulfillment", tree), FakePush())
        assert error.value.where["field"] == field

    async def test_an_unknown_order_is_refused_by_name(self, connector: ShopifyConnector) -> None:
        tree = {"order": 999, "lines": [{"line": 1, "quantity": 1}]}
        with pytest.raises(RejectedMessage, match="no order 999"):
            await connector.push(outbound("fulfillment", tree), FakePush())


@given(
    st.dictionaries(st.sampled_from("LMN"), st.integers(1, 20)),
    st.lists(
        st.tuples(st.sampled_from(["main", "annex"]), st.lists(st.tuples(st.sampled_from("LMN"), st.integers(0, 9)))),
        max_size=5,
    ),
)
def test_nothing_is_taken_twice_or_beyond_what_is_open(
    wanted: dict[str, int], open_: list[tuple[str, list[tuple[str, int]]]]
) -> None:
    orders = [
        OpenOrder(f"O{index}", location, [OpenLine(f"{index}-{place}", *line) for place, line in enumerate(lines)])
        for index, (location, lines) in enumerate(open_)
    ]
    shares, missing = allocate(wanted, orders)
    remaining = {line.id: line for order in orders for line in order.lines}
    taken = {line: quantity for share in shares for lines in share.taken.values() for line, quantity in lines.items()}
    assert all(0 < quantity <= remaining[line].remaining for line, quantity in taken.items())
    for name, quantity in wanted.items():
        there = sum(line.remaining for line in remaining.values() if line.line == name)
        assert sum(quantity for line, quantity in taken.items() if remaining[line].line == name) == min(quantity, there)
        assert missing.get(name, 0) == max(0, quantity - there)
    assert len({share.location for share in shares}) == len(shares)
