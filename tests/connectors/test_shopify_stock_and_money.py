"""`shopify.inventory`, `shopify.refund` and `shopify.return_decision` against a simulated shop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.storefront.shopify.allocation import Payment, repay
from connectors.storefront.shopify.connector import ShopifyConnector
from hub.contract.connector import Outbound, Receipt
from hub.contract.errors import Duplicate, InDoubt, RejectedMessage
from hub.contract.testkit import FakePush, FakeState
from tests.connectors.shopify_bench import (
    LOCATIONS,
    REFUND,
    fulfil_by_hand,
    opened,
    outbound,
    placed,
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


class TestStock:
    def stock(self, sku: str = "MUG-WHITE", location: str = "WH-2", available: int = 7, key: str = "k") -> Outbound:
        return outbound("inventory", {"sku": sku, "location": location, "available": available}, key)

    async def test_a_quantity_is_set_at_the_location_of_the_warehouse(
        self, shop: Any, connector: ShopifyConnector
    ) -> None:
        await shop.act("add_article", {"sku": "MUG-WHITE"})
        await connector.push(self.stock(), FakePush())
        assert shop.state()["inventory"]["MUG-WHITE"]["available"] == {"main": 100, "annex": 7}
        assert isinstance(await connector.find(self.stock()), Receipt)

    async def test_sent_again_it_does_not_undo_what_was_sold_since(
        self, shop: Any, connector: ShopifyConnector
    ) -> None:
        await shop.act("add_article", {"sku": "TEA-EARLGREY-100"})
        out = self.stock("TEA-EARLGREY-100")
        await connector.push(out, FakePush())
        await placed(shop)
        await connector.push(out, FakePush())
        assert shop.state()["inventory"]["TEA-EARLGREY-100"]["available"]["annex"] == 6
        with pytest.raises(InDoubt, match="has 6 of TEA-EARLGREY-100"):
            await connector.find(out)

    async def test_the_item_of_a_sku_is_looked_up_once_and_again_when_it_is_gone(self, shop: Any) -> None:
        state = FakeState()
        await shop.act("add_article", {"sku": "MUG-WHITE"})
        async with opened(shop.endpoint, state) as connector:
            await connector.push(self.stock(key="1"), FakePush())
            kept = dict(state.values)
            await connector.push(self.stock(available=8, key="2"), FakePush())
            assert state.values == kept
            await shop.act("remove_article", {"sku": "MUG-WHITE"})
            await shop.act("add_article", {"sku": "MUG-WHITE"})
            await connector.push(self.stock(available=9, key="3"), FakePush())
        assert state.values.keys() == kept.keys()
        assert state.values != kept
        assert shop.state()["inventory"]["MUG-WHITE"]["available"]["annex"] == 9

    async def test_a_sku_is_taken_whole_whatever_the_search_finds(self, shop: Any, connector: ShopifyConnector) -> None:
        await shop.act("add_article", {"sku": "MUG-WHITE-2"})
        with pytest.raises(RejectedMessage, match="no inventory items with the SKU MUG-WHITE"):
            await connector.push(self.stock(), FakePush())

    async def test_a_location_nobody_named_is_refused(self, shop: Any, connector: ShopifyConnector) -> None:
        with pytest.raises(RejectedMessage, match=r"'WH-9' is not among .*WH-1, WH-2") as error:
            await connector.push(self.stock(location="WH-9"), FakePush())
        assert error.value.where["field"] == "location"

    async def test_a_location_the_shop_has_not_is_refused_by_it(self, shop: Any, connector: ShopifyConnector) -> None:
        await shop.act("add_article", {"sku": "MUG-WHITE"})
        with pytest.raises(RejectedMessage, match="location could not be found"):
            await connector.push(self.stock(location="1"), FakePush())

    @pytest.mark.parametrize("version", ["2025-10", "2026-01", "2026-04", "unstable"])
    async def test_each_version_is_asked_in_its_way(self, shop: Any, version: str) -> None:
        await shop.act("add_article", {"sku": "MUG-WHITE"})
        async with opened(shop.endpoint, api_version=version) as connector:
            await connector.push(self.stock(location=str(LOCATIONS["main"])), FakePush())
        assert shop.state()["inventory"]["MUG-WHITE"]["available"]["main"] == 7


class TestRefunds:
    async def test_money_goes_back_to_the_payment_it_came_from(self, shop: Any, connector: ShopifyConnector) -> None:
        order = await placed(shop)
        lines = [{"line": order["line_items"][0]["id"], "quantity": 1, "restock": "return", "location": "WH-1"}]
        tree = {"order": order["id"], "lines": lines, **REFUND, "reason": "It broke."}
        receipt = await connector.push(outbound("refund", tree), FakePush())
        [refund] = shop.state()["orders"]["#1001"]["refunds"]
        assert refund == {
            "id": int(receipt.references["refund"]),
            "note": "Credit note CN-1: It broke.",
            "lines": {"MUG-WHITE": 1},
            "amounts": ["13.50"],
        }
        assert order["financial_status"] == "partially_refunded"
        assert order["line_items"][0]["current_quantity"] == 1

    async def test_a_credit_note_is_refunded_once_whatever_carries_it(
        self, shop: Any, connector: ShopifyConnector
    ) -> None:
        tree = {"order": (await placed(shop))["id"], **REFUND}
        await connector.push(outbound("refund", tree), FakePush())
        with pytest.raises(Duplicate, match="Credit note CN-1 already"):
            await connector.push(outbound("refund", tree, key="another"), FakePush())
        await connector.push(outbound("refund", {**tree, "number": "CN-10"}, key="third"), FakePush())
        assert len(shop.state()["orders"]["#1001"]["refunds"]) == 2

    @pytest.mark.parametrize("version", ["2025-10", "2026-04"])
    async def test_an_answer_lost_is_no_second_refund(self, shop: Any, version: str) -> None:
        tree = {"order": (await placed(shop))["id"], **REFUND}
        push = FakePush()
        async with opened(shop.endpoint, api_version=version) as connector:
            shop._faults.extend(["", "apply_and_close"])
            with pytest.raises(InDoubt):
                await connector.push(outbound("refund", tree), push)
            receipt = await connector.push(replace(outbound("refund", tree), done=push.done), FakePush())
        [refund] = shop.state()["orders"]["#1001"]["refunds"]
        assert receipt.references == {"refund": str(refund["id"])}

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"amount": "1000.00"}, "more than was paid"),
            ({"currency": "EUR"}, "paid in USD"),
            ({"order": 999}, "no order 999"),
        ],
    )
    async def test_what_cannot_be_given_back_says_why(
        self, shop: Any, connector: ShopifyConnector, change: dict[str, Any], message: str
    ) -> None:
        tree = {"order": (await placed(shop))["id"], **REFUND, **change}
        with pytest.raises(RejectedMessage, match=message):
            await connector.push(outbound("refund", tree), FakePush())
        assert shop.state()["orders"]["#1001"]["refunds"] == []

    async def test_goods_are_not_restocked_nowhere(self, shop: Any, connector: ShopifyConnector) -> None:
        order = await placed(shop)
        lines = [{"line": order["line_items"][0]["id"], "quantity": 1, "restock": "return"}]
        with pytest.raises(RejectedMessage, match="names no location"):
            await connector.push(outbound("refund", {"order": order["id"], "lines": lines, **REFUND}), FakePush())

    @given(
        st.decimals("0", "500", places=2),
        st.lists(st.decimals("-1", "200", places=2), max_size=5),
    )
    def test_the_parts_of_a_refund_are_all_of_it_or_what_there_is(self, amount: Decimal, left: list[Decimal]) -> None:
        payments = [Payment(str(index), "gateway", one) for index, one in enumerate(left)]
        parts, missing = repay(amount, payments)
        assert sum((part for _, part in parts), missing) == amount
        assert all(0 < part <= payment.left for payment, part in parts)
        assert missing == max(Decimal(0), amount - sum((one for one in left if one > 0), Decimal(0)))


class TestReturnDecisions:
    @pytest.fixture
    async def asked(self, shop: Any) -> int:
        order = await placed(shop)
        fulfil_by_hand(shop, order, 2)
        lines = [{"sku": "MUG-WHITE"}]
        return int((await shop.act("request_return", {"number": 1001, "lines": lines, "deliver": "never"}))["id"])

    @pytest.mark.parametrize(("decision", "status"), [("approve", "open"), ("decline", "declined")])
    async def test_a_return_is_decided_once(
        self, shop: Any, connector: ShopifyConnector, asked: int, decision: str, status: str
    ) -> None:
        out = outbound("return_decision", {"return": asked, "decision": decision, "note": "As agreed."})
        assert await connector.find(out) is None
        receipt = await connector.push(out, FakePush())
        assert receipt.references == {"return": str(asked)}
        assert shop.state()["orders"]["#1001"]["returns"] == {"#1001-R1": status}
        assert isinstance(await connector.find(out), Receipt)
        with pytest.raises(Duplicate):
            await connector.push(out, FakePush())

    async def test_what_was_decided_otherwise_is_refused(
        self, shop: Any, connector: ShopifyConnector, asked: int
    ) -> None:
        await connector.push(outbound("return_decision", {"return": asked, "decision": "decline"}), FakePush())
        with pytest.raises(RejectedMessage, match=f"Return {asked} is DECLINED"):
            await connector.push(outbound("return_decision", {"return": asked, "decision": "approve"}), FakePush())

    async def test_an_unknown_return_is_refused(self, connector: ShopifyConnector) -> None:
        with pytest.raises(RejectedMessage, match="no return 5"):
            await connector.push(outbound("return_decision", {"return": 5, "decision": "approve"}), FakePush())
