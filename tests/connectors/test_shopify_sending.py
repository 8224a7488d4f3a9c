"""What the Shopify connector tells a shop besides tags: fulfillments, stock, refunds, decisions on returns.

Each payload type goes through the parts of the contract suite that are about sending: every fault
in every call, killed at every checkpoint, sent twice.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.storefront.shopify.contract import ShopifyCase
from connectors.storefront.shopify.inventory import Stock
from connectors.storefront.shopify.order_updates import OrderUpdate
from connectors.storefront.shopify.payloads import Payload, payload_of
from connectors.storefront.shopify.refunds import Refund
from connectors.storefront.shopify.returns import ReturnDecision
from connectors.storefront.shopify.shipments import Fulfillment
from connectors.storefront.shopify.simulator import FAULTS
from hub.contract.connector import Outbound
from hub.contract.errors import RejectedMessage
from hub.contract.simulator import Simulator
from hub.contract.testkit import ConnectorCase, FakePush
from hub.contract.testkit.suite.pushing import FindingContract, PushingContract, RepeatingContract
from tests.connectors.shopify_bench import REFUND, fulfil_by_hand, opened, outbound, placed, shipment, simulated


class SendingContract(PushingContract, RepeatingContract, FindingContract):
    """The parts of the suite that are about sending."""

    connector_type: ClassVar[str] = "shopify"


class OrderCase(ShopifyCase):
    """A case about order 1001, whose lines are 2 mugs and 1 tea.

    A slow answer is one more of those that never come, and takes seconds.
    """

    faults: ClassVar[frozenset[str]] = FAULTS - {"slow", "wrong_signature"}
    sent: Outbound

    def outbound(self) -> Outbound:
        return self.sent

    def order_of(self, state: Any) -> Any:
        return state["orders"]["#1001"]


class FulfillmentCase(OrderCase):
    """A part of an order is shipped."""

    async def prepare(self, simulator: Simulator) -> None:
        self.sent = shipment(await placed(simulator), 2, 0)

    def effects(self, state: Any) -> int:
        return int(self.order_of(state)["effects"].get("fulfillmentCreate", 0))


class UntrackedCase(FulfillmentCase):
    """A second mug is shipped, like the first one without a tracking number."""

    async def prepare(self, simulator: Simulator) -> None:
        order = await placed(simulator)
        fulfil_by_hand(simulator, order, 1)
        self.sent = shipment(order, 1, numbers=())

    def effects(self, state: Any) -> int:
        return super().effects(state) - 1


class StockCase(OrderCase):
    """A warehouse counted."""

    async def prepare(self, simulator: Simulator) -> None:
        await placed(simulator)
        self.sent = outbound("inventory", {"sku": "MUG-WHITE", "location": "70500000001", "available": 7})

    def effects(self, state: Any) -> int:
        return int(state["inventory"]["MUG-WHITE"]["effects"])


class RefundCase(OrderCase):
    """A mug came back."""

    async def prepare(self, simulator: Simulator) -> None:
        order = await placed(simulator)
        lines = [{"line": order["line_items"][0]["id"], "quantity": 1}]
        self.sent = outbound("refund", {"order": order["id"], "lines": lines, **REFUND})

    def effects(self, state: Any) -> int:
        return len(self.order_of(state)["refunds"])


class DecisionCase(OrderCase):
    """A customer may send a mug back."""

    async def prepare(self, simulator: Simulator) -> None:
        fulfil_by_hand(simulator, await placed(simulator), 2)
        lines = [{"sku": "MUG-WHITE", "quantity": 1, "reason": "defective"}]
        asked = await simulator.act("request_return", {"number": 1001, "lines": lines, "deliver": "never"})
        self.sent = outbound("return_decision", {"return": asked["id"], "decision": "approve"})

    def effects(self, state: Any) -> int:
        return int(self.order_of(state)["effects"].get("returnApproveRequest", 0))


class TestFulfillmentContract(SendingContract):
    """`shopify.fulfillment` with a tracking number."""

    case_type: ClassVar[type[ConnectorCase]] = FulfillmentCase


class TestUntrackedContract(SendingContract):
    """`shopify.fulfillment` without one."""

    case_type: ClassVar[type[ConnectorCase]] = UntrackedCase


class TestRefundContract(SendingContract):
    """`shopify.refund`."""

    case_type: ClassVar[type[ConnectorCase]] = RefundCase


class TestDecisionContract(SendingContract):
    """`shopify.return_decision`."""

    case_type: ClassVar[type[ConnectorCase]] = DecisionCase


class TestStockContract(PushingContract, RepeatingContract):
    """`shopify.inventory`; whether another quantity was ever set cannot be told, so that `find` may be in doubt."""

    connector_type: ClassVar[str] = "shopify"
    case_type: ClassVar[type[ConnectorCase]] = StockCase


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("15310700100100") | st.just("1.50"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_FIELDS = {name for model in (Fulfillment, Stock, Refund, ReturnDecision, OrderUpdate) for name in model.model_fields}


_TREES = st.dictionaries(st.sampled_from(sorted(_FIELDS | {"return"})), _JSON)


@given(
    st.sampled_from([Fulfillment, Stock, Refund, ReturnDecision, OrderUpdate]),
    st.binary(max_size=20) | _TREES.map(lambda tree: json.dumps(tree).encode()),
)
def test_whatever_is_to_be_sent_is_a_payload_or_refused_by_name(model: type[Payload], body: bytes) -> None:
    refused: RejectedMessage | None = None
    try:
        payload_of(model, replace(outbound("thing", {}), body=body))
    except RejectedMessage as error:
        refused = error
    assert refused is None or {"field", "position"} & refused.where.keys()


async def test_a_type_that_is_not_taken_names_those_that_are() -> None:
    async with simulated() as shop, opened(shop.endpoint) as connector:
        with pytest.raises(RejectedMessage, match=r"takes no shopify\.product; it takes shopify\.order_update"):
            await connector.push(outbound("product", {}), FakePush())
