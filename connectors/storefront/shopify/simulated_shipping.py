"""The shipping desk of the simulated shop: fulfillment orders, and the fulfillments taken from them.

An order has one fulfillment order for each location that ships any of its lines. What is open in
it follows from the order's lines as they are and from what was shipped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.storefront.shopify.orders import Json
from connectors.storefront.shopify.simulated_book import OrderBook, ShopOrder
from connectors.storefront.shopify.simulated_graphql import Handler, page, refusal
from connectors.storefront.shopify.simulated_stock import Stockroom

_FIRST_ORDER = 7_100_000_000_000
_FIRST_FULFILLMENT = 5_900_000_000_000
_LINE = "gid://shopify/FulfillmentOrderLineItem/"


@dataclass(frozen=True, slots=True)
class FulfillmentOrder:
    """The lines of an order that one location ships."""

    gid: str
    location: str
    order: ShopOrder
    lines: Sequence[Json]

    @property
    def status(self) -> str:
        """Open as long as anything is to be shipped."""
        if self.order.data["cancelled_at"]:
            return "CANCELLED"
        return "OPEN" if any(map(self.remaining, self.lines)) else "CLOSED"

    def remaining(self, item: Json) -> int:
        """What is still to be shipped of a line."""
        return max(0, int(item["current_quantity"]) - self.order.shipped[item["id"]])


class ShippingDesk:
    """Creates fulfillments."""

    def __init__(self, book: OrderBook, stockroom: Stockroom) -> None:
        self._book = book
        self._stockroom = stockroom
        self._made = 0

    def handlers(self) -> dict[str, Handler]:
        """The GraphQL fields answered here."""
        return {
            "fulfillmentOrder": self._fulfillment_order,
            "fulfillment": self._fulfillment,
            "fulfillmentCreate": self._create,
        }

    def shown(self, order: ShopOrder) -> Json:
        """What an order shows of shipping."""
        return {
            "fulfillmentOrders": {
                "nodes": [
                    {
                        "id": one.gid,
                        "status": one.status,
                        "assignedLocation": {"location": {"id": self._stockroom.gid_of(one.location)}},
                    }
                    for one in self._orders_of(order)
                ]
            },
            "fulfillments": [
                {"id": one["gid"], "status": "SUCCESS", "trackingInfo": [{"number": text} for text in one["tracking"]]}
                for one in order.fulfillments
            ],
        }

    def _orders_of(self, order: ShopOrder) -> list[FulfillmentOrder]:
        found = []
        for index, location in enumerate(self._stockroom.locations):
            lines = [one for one in order.data["line_items"] if self._stockroom.place_of(one["sku"]) == location]
            if lines:
                gid = f"gid://shopify/FulfillmentOrder/{_FIRST_ORDER + order.data['order_number'] * 100 + index}"
                found.append(FulfillmentOrder(gid, location, order, lines))
        return found

    def _by_gid(self, gid: str) -> FulfillmentOrder | None:
        orders = (one for order in self._book.orders.values() for one in self._orders_of(order))
        return next((one for one in orders if one.gid == gid), None)

    def _fulfillment_order(self, arguments: Mapping[str, Any]) -> Json | None:
        found = self._by_gid(arguments["id"])
        if found is None:
            return None
        lines = [
            {
                "id": f"{_LINE}{item['id']}",
                "remainingQuantity": found.remaining(item),
                "lineItem": {"id": item["admin_graphql_api_id"]},
            }
            for item in found.lines
        ]
        return {"id": found.gid, "lineItems": page(lines, arguments.get("after"))}

    def _fulfillment(self, arguments: Mapping[str, Any]) -> Json | None:
        for order in self._book.orders.values():
            for one in order.fulfillments:
                if one["gid"] == arguments["id"]:
                    lines = [
                        {"quantity": quantity, "lineItem": {"id": f"gid://shopify/LineItem/{line}"}}
                        for line, quantity in one["lines"].items()
                    ]
                    return {"id": one["gid"], "fulfillmentLineItems": page(lines, arguments.get("after"))}
        return None

    def _create(self, arguments: Mapping[str, Any]) -> Json:
        wanted = arguments["fulfillment"]
        parts = wanted["lineItemsByFulfillmentOrder"]
        orders = [found for part in parts if (found := self._by_gid(part["fulfillmentOrderId"]))]
        if len(orders) < len(parts):
            return refusal("fulfillment", "Fulfillment order does not exist.")
        if len({one.location for one in orders}) != 1:
            return refusal("fulfillment", "All fulfillment orders must be assigned to the same location.")
        taken: dict[int, int] = {}
        for one, part in zip(orders, parts, strict=True):
            for item in one.lines:
                quantity = _asked(part, item, one.remaining(item))
                if quantity > one.remaining(item) or one.status != "OPEN":
                    return refusal("fulfillment", "Invalid fulfillment order line item quantity requested.")
                taken |= {item["id"]: quantity} if quantity else {}
        return self._created(orders[0], taken, wanted.get("trackingInfo") or {})

    def _created(self, found: FulfillmentOrder, taken: Mapping[int, int], tracking: Mapping[str, Any]) -> Json:
        self._made += 1
        order, id_ = found.order, _FIRST_FULFILLMENT + self._made
        made = {
            "id": id_,
            "gid": f"gid://shopify/Fulfillment/{id_}",
            "location": found.location,
            "lines": dict(taken),
            "tracking": list(tracking.get("numbers", ())),
            "company": tracking.get("company"),
            "url": tracking.get("url"),
        }
        order.fulfillments.append(made)
        order.shipped.update(taken)
        _tell_order(order, made, taken)
        self._book.count(order, "fulfillmentCreate", changed=True)
        return {"fulfillment": {"id": made["gid"]}, "userErrors": []}


def _asked(part: Mapping[str, Any], item: Json, remaining: int) -> int:
    """What is asked for of a line; without any lines it is all that is open."""
    lines = part.get("fulfillmentOrderLineItems")
    if not lines:
        return remaining
    return sum(line["quantity"] for line in lines if line["id"] == f"{_LINE}{item['id']}")


def _tell_order(order: ShopOrder, made: Json, taken: Mapping[int, int]) -> None:
    """What the REST order says of it."""
    items = order.data["line_items"]
    for item in items:
        item["fulfillable_quantity"] = max(0, item["current_quantity"] - order.shipped[item["id"]])
        if order.shipped[item["id"]]:
            item["fulfillment_status"] = "partial" if item["fulfillable_quantity"] else "fulfilled"
    open_ = any(item["fulfillable_quantity"] for item in items)
    order.data["fulfillment_status"] = "partial" if open_ else "fulfilled"
    order.data["fulfillments"].append(
        {
            "id": made["id"],
            "admin_graphql_api_id": made["gid"],
            "order_id": order.data["id"],
            "status": "success",
            "tracking_company": made["company"],
            "tracking_numbers": made["tracking"],
            "line_items": [{"id": line, "quantity": quantity} for line, quantity in taken.items()],
        }
    )
