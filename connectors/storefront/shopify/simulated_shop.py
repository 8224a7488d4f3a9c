"""A shop in memory, for the simulator: orders, and the GraphQL operations on them.

Answers hold every field the real ones would for the operations here, whatever the document
selects; arguments are given as variables. Anything else is refused as Shopify refuses it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.storefront.shopify.orders import Json, line_item, order_json, stamp, totals

_ROOT_FIELD = re.compile(r"[\s,]*(\w+)\s*(?:\(([^)]*)\))?\s*\{")
_ARGUMENT = re.compile(r"(\w+)\s*:\s*\$(\w+)")
_LONGEST_TAG = 40
_EDITED = ("current_quantity", "fulfillable_quantity", "price", "price_set", "tax_lines")


@dataclass(slots=True)
class ShopOrder:
    """An order, its metafields by `namespace.key`, and what mutations did to it.

    `mutations` counts calls by name, `effects` those that changed something.
    """

    data: Json
    metafields: dict[str, Json] = field(default_factory=dict)
    mutations: dict[str, int] = field(default_factory=dict)
    effects: dict[str, int] = field(default_factory=dict)

    @property
    def tags(self) -> list[str]:
        """The tags, which the order holds as one text."""
        return [tag for tag in self.data["tags"].split(", ") if tag]


class Shop:
    """Orders by name (`#1001`). `on_change` is told the order after each change but placing."""

    def __init__(self, domain: str, on_change: Callable[[Json], None]) -> None:
        self.domain = domain
        self.orders: dict[str, ShopOrder] = {}
        self._on_change = on_change
        self._operations: dict[str, Callable[[Mapping[str, Any]], Any]] = {
            "tagsAdd": self._tags_add,
            "metafieldsSet": self._metafields_set,
            "order": self._order,
            "shop": lambda _: {"name": "Acme", "myshopifyDomain": self.domain},
            "currentAppInstallation": lambda _: {
                "accessScopes": [{"handle": "read_orders"}, {"handle": "write_orders"}]
            },
        }

    def place(
        self, number: int | None, lines: Sequence[Mapping[str, Any]] | None, overrides: Mapping[str, Any]
    ) -> Json:
        """Take an order; its number follows the last one unless given."""
        number = number or 1001 + len(self.orders)
        now = stamp(datetime.now(UTC))
        times = {"created_at": now, "processed_at": now, "updated_at": now}
        order = order_json(number, lines=lines, **{**times, **overrides})
        if order["name"] in self.orders:
            raise ValueError(f"There is an order {order['name']} already.")
        self.orders[order["name"]] = ShopOrder(order)
        return order

    def update(self, number: str, changes: Mapping[str, Any], lines: Sequence[Mapping[str, Any]] | None) -> Json:
        """Change fields of an order, and its lines where `lines` is given; returns it as it is now."""
        order = self.find(number).data
        if lines is not None:
            _edit_lines(order, lines)
        self._touch(order)
        order.update(changes)
        return order

    def find(self, number: str) -> ShopOrder:
        """The order of a number, with or without `#`; ValueError if there is none."""
        name = number if number in self.orders else f"#{number}"
        if name not in self.orders:
            raise ValueError(f"There is no order {number}; there are {', '.join(self.orders) or 'none'}.")
        return self.orders[name]

    def execute(self, document: str, variables: Mapping[str, Any]) -> Json:
        """Run a GraphQL document: `{"data": …}`, or `{"errors": …}` for what this shop does not know."""
        called = list(_root_fields(document))
        if not called:
            return {"errors": [_error("syntax error: no field is asked for", "GRAPHQL_PARSE_FAILED")]}
        if unknown := [name for name, _ in called if name not in self._operations]:
            return {"errors": [_error(f"Field '{unknown[0]}' doesn't exist", "undefinedField")]}
        if missing := [text for _, named in called for text in named.values() if text not in variables]:
            return {"errors": [_error(f"Variable ${missing[0]} was provided invalid value", "INVALID_VARIABLE")]}
        return {
            "data": {
                name: self._operations[name]({argument: variables[text] for argument, text in named.items()})
                for name, named in called
            }
        }

    def _tags_add(self, arguments: Mapping[str, Any]) -> Json:
        order = self._by_gid(arguments["id"])
        if order is None:
            return _refusal("id", "Order does not exist")
        if long := [tag for tag in arguments["tags"] if len(tag) > _LONGEST_TAG]:
            return _refusal("tags", f"Tag {long[0]} is too long")
        known = {tag.lower() for tag in order.tags}
        new = [tag for tag in arguments["tags"] if tag.lower() not in known]
        order.data["tags"] = ", ".join(sorted([*order.tags, *new]))
        self._count(order, "tagsAdd", changed=bool(new))
        return {"node": {"id": arguments["id"]}, "userErrors": []}

    def _metafields_set(self, arguments: Mapping[str, Any]) -> Json:
        metafields: list[Json] = arguments["metafields"]
        owners = [self._by_gid(metafield["ownerId"]) for metafield in metafields]
        if None in owners:
            return {"metafields": None, **_refusal("metafields", "Owner does not exist", code="INVALID")}
        for order, metafield in zip(owners, metafields, strict=True):
            if order is not None:
                key = f"{metafield['namespace']}.{metafield['key']}"
                changed = order.metafields.get(key, {}).get("value") != metafield["value"]
                order.metafields[key] = metafield
                self._count(order, "metafieldsSet", changed=changed)
        return {"metafields": metafields, "userErrors": []}

    def _order(self, arguments: Mapping[str, Any]) -> Json | None:
        order = self._by_gid(arguments["id"])
        if order is None:
            return None
        wanted = arguments.get("keys")
        nodes = [value for key, value in order.metafields.items() if not wanted or key in wanted]
        return {"id": arguments["id"], "name": order.data["name"], "tags": order.tags, "metafields": {"nodes": nodes}}

    def _by_gid(self, gid: str) -> ShopOrder | None:
        return next((order for order in self.orders.values() if order.data["admin_graphql_api_id"] == gid), None)

    def _count(self, order: ShopOrder, mutation: str, *, changed: bool) -> None:
        order.mutations[mutation] = order.mutations.get(mutation, 0) + 1
        if changed:
            order.effects[mutation] = order.effects.get(mutation, 0) + 1
            self._touch(order.data)
            self._on_change(order.data)

    def _touch(self, order: Json) -> None:
        """Move `updated_at` on: by a second at least, so that a story's revisions always differ."""
        before = datetime.fromisoformat(order["updated_at"])
        order["updated_at"] = stamp(max(datetime.now(UTC), before + timedelta(seconds=1)))


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


def _root_fields(document: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The fields at the first level of a document: name, and arguments with their variables."""
    position = document.find("{") + 1
    while found := _ROOT_FIELD.match(document, position):
        yield found[1], dict(_ARGUMENT.findall(found[2] or ""))
        position = _after_block(document, found.end())


def _after_block(document: str, position: int) -> int:
    depth = 1
    while depth and position < len(document):
        depth += {"{": 1, "}": -1}.get(document[position], 0)
        position += 1
    return position


def _refusal(field_name: str, message: str, **more: str) -> Json:
    return {"userErrors": [{"field": [field_name], "message": message, **more}]}


def _error(message: str, code: str) -> Json:
    return {"message": message, "extensions": {"code": code}}
