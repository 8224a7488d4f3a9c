"""The returns desk of the simulated shop: customers ask to return goods, the merchant decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from connectors.storefront.shopify.orders import Json
from connectors.storefront.shopify.simulated_book import OrderBook, ShopOrder
from connectors.storefront.shopify.simulated_graphql import Handler, refusal

_FIRST_RETURN = 11_500_000_000
_FIRST_LINE = 22_400_000_000
_GONE = frozenset({"declined", "canceled"})
_TOPICS = {"open": "returns/approve", "declined": "returns/decline"}


class ReturnDesk:
    """Takes requests for returns and decisions on them; tells each by webhook."""

    def __init__(self, book: OrderBook) -> None:
        self._book = book
        self._made = 0

    def handlers(self) -> dict[str, Handler]:
        """The GraphQL fields answered here."""
        return {
            "return": self._return,
            "returnApproveRequest": partial(self._decide, "returnApproveRequest", "open"),
            "returnDeclineRequest": partial(self._decide, "returnDeclineRequest", "declined"),
        }

    def request(self, number: str, lines: Sequence[Mapping[str, Any]]) -> tuple[ShopOrder, Json]:
        """A customer's request: the order, and what the webhook says. ValueError for what was not shipped."""
        order = self._book.find(number)
        chosen = [(_returnable(order, line), line) for line in lines]
        self._made += 1
        id_ = _FIRST_RETURN + self._made
        made = {
            "id": id_,
            "admin_graphql_api_id": f"gid://shopify/Return/{id_}",
            "name": f"{order.data['name']}-R{len(order.returns) + 1}",
            "status": "requested",
            "order": {"id": order.data["id"], "admin_graphql_api_id": order.gid},
            "total_return_line_items": len(chosen),
            "return_line_items": [
                _line(_FIRST_LINE + self._made * 100 + index, item, line) for index, (item, line) in enumerate(chosen)
            ],
        }
        order.returns.append(made)
        return order, made

    def _return(self, arguments: Mapping[str, Any]) -> Json | None:
        found = self._by_gid(arguments["id"])
        return None if found is None else _shown(found[1])

    def _decide(self, mutation: str, status: str, arguments: Mapping[str, Any]) -> Json:
        wanted = arguments["input"]
        found = self._by_gid(wanted["id"])
        if found is None:
            return refusal("id", "Return does not exist.", code="NOT_FOUND")
        order, return_ = found
        if return_["status"] != "requested":
            return refusal("id", "Return is not in a valid state.", code="INVALID_STATE")
        return_["status"] = status
        if status == "declined":
            return_["decline"] = {"reason": wanted["declineReason"].lower(), "note": wanted.get("declineNote")}
        self._book.announce(_TOPICS[status], order.data["name"], return_)
        self._book.count(order, mutation, changed=True)
        return {"return": _shown(return_), "userErrors": []}

    def _by_gid(self, gid: str) -> tuple[ShopOrder, Json] | None:
        returns = ((order, one) for order in self._book.orders.values() for one in order.returns)
        return next((found for found in returns if found[1]["admin_graphql_api_id"] == gid), None)


def _returnable(order: ShopOrder, wanted: Mapping[str, Any]) -> Json:
    """The line item of a SKU of which so much was shipped and not returned."""
    for item in order.data["line_items"]:
        if item["sku"] == wanted["sku"]:
            there = order.shipped[item["id"]] - _asked_back(order, item["id"])
            if wanted["quantity"] <= there:
                return dict(item)
    raise ValueError(f"Of {wanted['sku']} less than {wanted['quantity']} was shipped of order {order.data['name']}.")


def _asked_back(order: ShopOrder, line: int) -> int:
    """How much of a line is in returns that stand."""
    return sum(
        one["quantity"]
        for return_ in order.returns
        if return_["status"] not in _GONE
        for one in return_["return_line_items"]
        if one["fulfillment_line_item"]["line_item"]["id"] == line
    )


def _line(id_: int, item: Json, wanted: Mapping[str, Any]) -> Json:
    return {
        "id": id_,
        "admin_graphql_api_id": f"gid://shopify/ReturnLineItem/{id_}",
        "fulfillment_line_item": {
            "id": item["id"] + 1,
            "line_item": {"id": item["id"], "admin_graphql_api_id": item["admin_graphql_api_id"]},
        },
        "quantity": wanted["quantity"],
        "return_reason": wanted["reason"],
        "return_reason_note": "",
        "customer_note": wanted.get("note"),
    }


def _shown(return_: Mapping[str, Any]) -> Json:
    return {"id": return_["admin_graphql_api_id"], "status": return_["status"].upper()}
