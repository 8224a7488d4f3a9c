"""`shopify.fulfillment`: what was shipped of an order, with its tracking.

Source: shopify.dev/docs/api/admin-graphql, FulfillmentOrder, Fulfillment and fulfillmentCreate. What
is to be fulfilled stands in the order's fulfillment orders, one or more for each location; one
fulfillment takes from those of one location. fulfillmentCreate knows no idempotency key, so that
what is there already is looked up first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import AliasChoices, BaseModel, Field

from connectors.storefront.shopify.allocation import OpenLine, OpenOrder, Share, allocate
from connectors.storefront.shopify.api import Nodes, ShopApi
from connectors.storefront.shopify.locations import Locations
from connectors.storefront.shopify.payloads import number
from connectors.storefront.shopify.shipments import Fulfillment, read_shipment
from hub.contract.connector import Outbound, PushContext, Receipt
from hub.contract.errors import Duplicate, InDoubt, RejectedMessage, TransientError

L = TypeVar("L", bound=BaseModel)

_ORDER = """query CrossdockFulfillments($id: ID!) {
  order(id: $id) {
    fulfillmentOrders(first: 50) { nodes { id status assignedLocation { location { id } } } }
    fulfillments(first: 50) { id status trackingInfo { number } }
  }
}"""
_OPEN_LINES = """query CrossdockOpenLines($id: ID!, $after: String) {
  fulfillmentOrder(id: $id) { lineItems(first: 250, after: $after) {
    nodes { id remainingQuantity lineItem { id } } pageInfo { hasNextPage endCursor }
  } }
}"""
_SHIPPED_LINES = """query CrossdockShippedLines($id: ID!, $after: String) {
  fulfillment(id: $id) { fulfillmentLineItems(first: 250, after: $after) {
    nodes { quantity lineItem { id } } pageInfo { hasNextPage endCursor }
  } }
}"""
_CREATE = """mutation CrossdockFulfill($fulfillment: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $fulfillment) { fulfillment { id } userErrors { field message } }
}"""
_FULFILLABLE = frozenset({"OPEN", "IN_PROGRESS"})
_UNDONE = frozenset({"CANCELLED", "ERROR", "FAILURE"})
_BEFORE = "before"
"""In the notes of a push: the fulfillments that were there before it created any."""


class Fulfillments:
    """Creates fulfillments, one for each location that goods leave."""

    def __init__(self, api: ShopApi, locations: Locations) -> None:
        self._api = api
        self._locations = locations

    async def push(self, out: Outbound, context: PushContext) -> Receipt:
        """Fulfil what is not fulfilled yet; Duplicate where somebody did all of it before."""
        shipment = read_shipment(out)
        order = await self._order(shipment)
        there = await self._there(shipment, order, out.done)
        left = shipment.wanted() - there.quantities
        if not left:
            return _settled(shipment, there, out.done)
        shares = await self._shares(shipment, order, left)
        if _BEFORE not in out.done:
            await context.checkpoint({_BEFORE: [one.id for one in order.fulfillments]})
        created = [await self._create(shipment, share, first=index == 0) for index, share in enumerate(shares)]
        return _receipt(shipment, [*there.ids, *created])

    async def find(self, out: Outbound) -> Receipt | None:
        """Whether all of it is fulfilled under its tracking numbers, or by an earlier try."""
        shipment = read_shipment(out)
        there = await self._there(shipment, await self._order(shipment), out.done)
        return None if shipment.wanted() - there.quantities else _receipt(shipment, there.ids)

    async def _order(self, shipment: Fulfillment) -> _Order:
        order = (await self._api.ask(_OrderAnswer, _ORDER, {"id": shipment.order})).order
        if order is None:
            raise RejectedMessage(f"The shop has no order {number(shipment.order)}.", field="order")
        return order

    async def _there(self, shipment: Fulfillment, order: _Order, done: Mapping[str, Any]) -> _There:
        """What was fulfilled already of this shipment.

        That is what has the same tracking numbers. Without numbers it is what came about since the
        push first began, and is taken for the push's own.
        """
        numbers = set(shipment.numbers())
        before = done.get(_BEFORE)
        there = _There()
        for one in order.fulfillments:
            same = one.status not in _UNDONE and one.numbers == numbers
            if same and (numbers or (before is not None and one.id not in before)):
                there.ids.append(one.id)
                for line in await self._all(_LinesAnswer[_ShippedLine], _SHIPPED_LINES, one.id):
                    there.quantities[line.line.id] += line.quantity
        return there

    async def _shares(self, shipment: Fulfillment, order: _Order, left: Mapping[str, int]) -> list[Share]:
        """What each fulfillment takes; RejectedMessage where less is open than was shipped."""
        location = self._locations.hint(shipment.location)
        open_orders = [await self._open(one) for one in order.fulfillment_orders.nodes if one.status in _FULFILLABLE]
        shares, missing = allocate(left, sorted(open_orders, key=lambda one: one.location != location))
        if missing:
            lines = ", ".join(f"{quantity} of line {number(line)}" for line, quantity in missing.items())
            held = sorted({one.status for one in order.fulfillment_orders.nodes} - _FULFILLABLE)
            raise RejectedMessage(
                f"More was shipped of order {number(shipment.order)} than is open in the shop: {lines}. "
                f"Fulfillment orders in other states: {', '.join(held) or 'none'}; release or correct them there.",
                field="lines",
            )
        return shares

    async def _open(self, order: _FulfillmentOrder) -> OpenOrder:
        lines = await self._all(_LinesAnswer[_OpenLine], _OPEN_LINES, order.id)
        return OpenOrder(order.id, order.location, [OpenLine(one.id, one.line.id, one.remaining) for one in lines])

    async def _all(self, model: type[_LinesAnswer[L]], document: str, id_: str) -> list[L]:
        """All lines of a fulfillment or fulfillment order, page by page."""
        lines: list[L] = []
        after = None
        while True:
            owner = (await self._api.ask(model, document, {"id": id_, "after": after})).owner
            lines += owner.lines.nodes
            if not owner.lines.page_info.more:
                return lines
            after = owner.lines.page_info.end

    async def _create(self, shipment: Fulfillment, share: Share, *, first: bool) -> str:
        """One fulfillment; once another was created, a failure no longer says that nothing happened."""
        wanted = {"lineItemsByFulfillmentOrder": share.input(), "notifyCustomer": shipment.notify}
        if tracking := _tracking(shipment):
            wanted["trackingInfo"] = tracking
        try:
            answer = await self._api.change(_Created, _CREATE, {"fulfillment": wanted})
        except (TransientError, RejectedMessage) as error:
            if first:
                raise
            raise InDoubt(f"A part of the shipment is fulfilled, another is not: {error.message}") from error
        return answer.created.fulfillment.id


class _Id(BaseModel):
    id: str


class _Assigned(BaseModel):
    location: _Id | None


class _FulfillmentOrder(BaseModel):
    id: str
    status: str
    assigned: _Assigned = Field(alias="assignedLocation")

    @property
    def location(self) -> str:
        """Where it is to be shipped from; "" where that location is gone."""
        return self.assigned.location.id if self.assigned.location else ""


class _TrackingInfo(BaseModel):
    number: str | None


class _Fulfillment(BaseModel):
    id: str
    status: str
    tracking: list[_TrackingInfo] = Field(alias="trackingInfo")

    @property
    def numbers(self) -> set[str]:
        """Its tracking numbers."""
        return {info.number for info in self.tracking if info.number}


class _Order(BaseModel):
    fulfillment_orders: Nodes[_FulfillmentOrder] = Field(alias="fulfillmentOrders")
    fulfillments: list[_Fulfillment]


class _OrderAnswer(BaseModel):
    order: _Order | None


class _OpenLine(BaseModel):
    id: str
    remaining: int = Field(alias="remainingQuantity")
    line: _Id = Field(alias="lineItem")


class _ShippedLine(BaseModel):
    quantity: int
    line: _Id = Field(alias="lineItem")


class _Owner(BaseModel, Generic[L]):
    lines: Nodes[L] = Field(validation_alias=AliasChoices("lineItems", "fulfillmentLineItems"))


class _LinesAnswer(BaseModel, Generic[L]):
    owner: _Owner[L] = Field(validation_alias=AliasChoices("fulfillmentOrder", "fulfillment"))


class _Payload(BaseModel):
    fulfillment: _Id


class _Created(BaseModel):
    created: _Payload = Field(alias="fulfillmentCreate")


@dataclass(slots=True)
class _There:
    """Fulfillments of a shipment that are there already, and their quantities by line."""

    ids: list[str] = field(default_factory=list)
    quantities: Counter[str] = field(default_factory=Counter)


def _tracking(shipment: Fulfillment) -> dict[str, Any]:
    """As `FulfillmentTrackingInput`."""
    given = {"company": shipment.tracking.company, "numbers": shipment.numbers(), "url": shipment.tracking.url}
    return {name: value for name, value in given.items() if value}


def _settled(shipment: Fulfillment, there: _There, done: Mapping[str, Any]) -> Receipt:
    """All of it is there: by an earlier try of the same push, or else by somebody."""
    if set(there.ids) - set(done.get(_BEFORE, there.ids)):
        return _receipt(shipment, there.ids)
    numbers = ", ".join(map(number, there.ids))
    raise Duplicate(f"Order {number(shipment.order)} has fulfillment {numbers} with these lines and numbers already.")


def _receipt(shipment: Fulfillment, ids: Sequence[str]) -> Receipt:
    numbers = [number(id_) for id_ in ids]
    references = {"fulfillment": numbers[-1]}
    return Receipt(references, note=f"order {number(shipment.order)}: fulfillment {', '.join(numbers)}")
