"""A shop in memory, for the simulator: its orders, and what may be done with them.

Answers hold every field the real ones would for the operations here, whatever the document
selects; arguments are given as variables. Anything else is refused as Shopify refuses it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from connectors.storefront.shopify.orders import Json, line_item, order_json, stamp, totals
from connectors.storefront.shopify.simulated_book import Announce, OrderBook, ShopOrder
from connectors.storefront.shopify.simulated_graphql import Endpoint, refusal
from connectors.storefront.shopify.simulated_refunds import RefundDesk
from connectors.storefront.shopify.simulated_returns import ReturnDesk
from connectors.storefront.shopify.simulated_shipping import ShippingDesk
from connectors.storefront.shopify.simulated_stock import Stockroom

SCOPES = (
    "read_orders",
    "write_orders",
    "read_merchant_managed_fulfillment_orders",
    "write_merchant_managed_fulfillment_orders",
    "read_inventory",
    "write_inventory",
    "read_returns",
    "write_returns",
)
_LONGEST_TAG = 40
_EDITED = ("current_quantity", "fulfillable_quantity", "price", "price_set", "tax_lines")


class Shop:
    """Orders, stock, fulfillments, refunds and returns. `announce` is told of each change but placing."""

    def __init__(self, domain: str, stockroom: Stockroom, announce: Announce) -> None:
        self.domain = domain
        self.book = OrderBook(announce)
        self.stockroom = stockroom
        self.shipping = ShippingDesk(self.book, stockroom)
        self.refunds = RefundDesk(self.book)
        self.returns = ReturnDesk(self.book)
        self._endpoint = Endpoint(
            {
                "tagsAdd": self._tags_add,
                "metafieldsSet": self._metafields_set,
                "order": self._order,
                "shop": lambda _: {"name": "Acme", "myshopifyDomain": self.domain},
                "currentAppInstallation": lambda _: {"accessScopes": [{"handle": scope} for scope in SCOPES]},
                **stockroom.handlers(),
                **self.shipping.handlers(),
                **self.refunds.handlers(),
                **self.returns.handlers(),
            }
        )

    def execute(self, document: str, variables: Mapping[str, Any], version: str) -> Json:
        """Run a GraphQL document of a version of the API."""
        return self._endpoint.execute(document, variables, version)

    def place(
        self, number: int | None, lines: Sequence[Mapping[str, Any]] | None, overrides: Mapping[str, Any]
    ) -> Json:
        """Take an order; its number follows the last one unless given."""
        number = number or 1001 + len(self.book.orders)
        now = stamp(datetime.now(UTC))
        times = {"created_at": now, "processed_at": now, "updated_at": now}
        order = order_json(number, lines=lines, **{**times, **overrides})
        self.book.add(ShopOrder(order))
        for item in order["line_items"]:
            self.stockroom.sell(item["sku"], item["quantity"])
        return order

    def update(self, number: str, changes: Mapping[str, Any], lines: Sequence[Mapping[str, Any]] | None) -> Json:
        """Change fields of an order, and its lines where `lines` is given; returns it as it is now."""
        order = self.book.find(number).data
        if lines is not None:
            _edit_lines(order, lines)
        self.book.touch(order)
        order.update(changes)
        return order

    def _tags_add(self, arguments: Mapping[str, Any]) -> Json:
        order = self.book.by_gid(arguments["id"])
        if order is None:
            return refusal("id", "Order does not exist")
        if long := [tag for tag in arguments["tags"] if len(tag) > _LONGEST_TAG]:
            return refusal("tags", f"Tag {long[0]} is too long")
        known = {tag.lower() for tag in order.tags}
        new = [tag for tag in arguments["tags"] if tag.lower() not in known]
        order.data["tags"] = ", ".join(sorted([*order.tags, *new]))
        self.book.count(order, "tagsAdd", changed=bool(new))
        return {"node": {"id": arguments["id"]}, "userErrors": []}

    def _metafields_set(self, arguments: Mapping[str, Any]) -> Json:
        metafields: list[Json] = arguments["metafields"]
        owners = [self.book.by_gid(metafield["ownerId"]) for metafield in metafields]
        if None in owners:
            return {"metafields": None, **refusal("metafields", "Owner does not exist", code="INVALID")}
        for order, metafield in zip(owners, metafields, strict=True):
            if order is not None:
                key = f"{metafield['namespace']}.{metafield['key']}"
                changed = order.metafields.get(key, {}).get("value") != metafield["value"]
                order.metafields[key] = metafield
                self.book.count(order, "metafieldsSet", changed=changed)
        return {"metafields": metafields, "userErrors": []}

    def _order(self, arguments: Mapping[str, Any]) -> Json | None:
        order = self.book.by_gid(arguments["id"])
        if order is None:
            return None
        wanted = arguments.get("keys")
        nodes = [value for key, value in order.metafields.items() if not wanted or key in wanted]
        own = {"id": arguments["id"], "name": order.data["name"], "tags": order.tags, "metafields": {"nodes": nodes}}
        return own | self.shipping.shown(order) | self.refunds.shown(order)


def _edit_lines(order: Json, lines: Sequence[Mapping[str, Any]]) -> None:
    """Edit an order to these lines, matched by SKU.

    As Shopify does: what is taken away stays in `quantity` and leaves `current_quantity`; a
    line that is no longer wanted stays with a current quantity of nothing.
    """
    currency, items = order["currency"], order["line_items"]
    wanted = {line["sku"]: line for line in lines}
    for item in items:
        line = wanted.pop(item["sku"], {"sku": item["sku"], "quantity": 0})
        now = line_item(order["order_number"], 0, {"price": item["price"], **line}, currency)
        item.update({key: now[key] for key in _EDITED})
        item["quantity"] = max(item["quantity"], item["current_quantity"])
    for line in wanted.values():
        items.append(line_item(order["order_number"], len(items), line, currency))
    order.update(totals(items, currency))
