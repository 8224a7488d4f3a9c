"""The order book of the simulated shop: what every desk of it works with."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.storefront.shopify.orders import Json, stamp

Announce = Callable[[str, str, Json], None]
"""Sends a webhook: its topic, the order's name, its body."""


@dataclass(slots=True)
class ShopOrder:
    """An order, what hangs on it, and what mutations did to it.

    `metafields` are by `namespace.key`. `shipped` and `refunded` are quantities by line id.
    `mutations` counts calls by name, `effects` those that changed something.
    """

    data: Json
    metafields: dict[str, Json] = field(default_factory=dict)
    fulfillments: list[Json] = field(default_factory=list)
    shipped: Counter[int] = field(default_factory=Counter)
    refunds: list[Json] = field(default_factory=list)
    refunded: Counter[int] = field(default_factory=Counter)
    returns: list[Json] = field(default_factory=list)
    mutations: dict[str, int] = field(default_factory=dict)
    effects: dict[str, int] = field(default_factory=dict)

    @property
    def gid(self) -> str:
        """Its global id."""
        return str(self.data["admin_graphql_api_id"])

    @property
    def tags(self) -> list[str]:
        """The tags, which the order holds as one text."""
        return [tag for tag in self.data["tags"].split(", ") if tag]

    def line(self, gid: str) -> Json | None:
        """The line item of a global id."""
        return next((item for item in self.data["line_items"] if item["admin_graphql_api_id"] == gid), None)

    def state(self) -> Json:
        """What tests and stories look at."""
        return {
            "id": self.data["id"],
            "updated_at": self.data["updated_at"],
            "tags": self.tags,
            "metafields": {key: metafield["value"] for key, metafield in self.metafields.items()},
            "fulfillments": [self._shipped(one) for one in self.fulfillments],
            "refunds": [self._refunded(one) for one in self.data["refunds"]],
            "returns": {one["name"]: one["status"] for one in self.returns},
            "mutations": dict(self.mutations),
            "effects": dict(self.effects),
        }

    def _shipped(self, made: Json) -> Json:
        lines = {self.sku_of(line): quantity for line, quantity in made["lines"].items()}
        return {name: made[name] for name in ("id", "location", "tracking", "company", "url")} | {"lines": lines}

    def _refunded(self, made: Json) -> Json:
        lines = {self.sku_of(line["line_item_id"]): line["quantity"] for line in made["refund_line_items"]}
        amounts = [part["amount"] for part in made["transactions"]]
        return {"id": made["id"], "note": made["note"], "lines": lines, "amounts": amounts}

    def sku_of(self, line: int) -> str:
        """The SKU of a line by its number."""
        return str(next(item["sku"] for item in self.data["line_items"] if item["id"] == line))


class OrderBook:
    """Orders by name (`#1001`). `announce` is told of each order that a mutation changed."""

    def __init__(self, announce: Announce) -> None:
        self.orders: dict[str, ShopOrder] = {}
        self.announce = announce

    def add(self, order: ShopOrder) -> None:
        """Take an order; ValueError if its number is taken."""
        if order.data["name"] in self.orders:
            raise ValueError(f"There is an order {order.data['name']} already.")
        self.orders[order.data["name"]] = order

    def find(self, number: str) -> ShopOrder:
        """The order of a number, with or without `#`; ValueError if there is none."""
        name = number if number in self.orders else f"#{number}"
        if name not in self.orders:
            raise ValueError(f"There is no order {number}; there are {', '.join(self.orders) or 'none'}.")
        return self.orders[name]

    def by_gid(self, gid: str) -> ShopOrder | None:
        """The order of a global id."""
        return next((order for order in self.orders.values() if order.gid == gid), None)

    def count(self, order: ShopOrder, mutation: str, *, changed: bool) -> None:
        """Note a mutation; one that changed the order is announced, as Shopify does."""
        order.mutations[mutation] = order.mutations.get(mutation, 0) + 1
        if changed:
            order.effects[mutation] = order.effects.get(mutation, 0) + 1
            self.touch(order.data)
            self.announce("orders/updated", order.data["name"], order.data)

    def touch(self, order: Json) -> None:
        """Move `updated_at` on: by a second at least, so that a story's revisions always differ."""
        before = datetime.fromisoformat(order["updated_at"])
        order["updated_at"] = stamp(max(datetime.now(UTC), before + timedelta(seconds=1)))

    def listed(self, query: Mapping[str, str]) -> tuple[list[Json], str | None]:
        """A page of REST's list of orders, and `page_info` of the next one; ValueError for a bad query."""
        place = _place(query)
        listed = (order.data for order in self.orders.values() if place.every or _is_open(order.data))
        orders = sorted(((_moment(data), data["id"], data) for data in listed), key=lambda one: one[:2])
        after = [one for one in orders if one[0] >= place.earliest and (one[0].timestamp(), one[1]) > place.after]
        found = [data for _, _, data in after[: place.limit]]
        if len(after) <= place.limit:
            return found, None
        return found, _written(place, after[place.limit - 1])


@dataclass(frozen=True, slots=True)
class _Place:
    """A page of a list: orders from `earliest` on, after one, `every` one or those that are open."""

    earliest: datetime
    limit: int
    every: bool
    after: tuple[float, int] = (0.0, 0)


def _place(query: Mapping[str, str]) -> _Place:
    limit = int(query.get("limit", 50))
    if "page_info" not in query:
        earliest = datetime.fromisoformat(query.get("updated_at_min", "1970-01-01T00:00:00+00:00"))
        return _Place(earliest, limit, query.get("status") == "any")
    if set(query) > {"page_info", "limit"}:
        raise ValueError("page_info goes with limit alone")
    earliest, every, moment, id_ = json.loads(urlsafe_b64decode(query["page_info"]))
    return _Place(datetime.fromisoformat(earliest), limit, every, (moment, id_))


def _written(place: _Place, last: tuple[datetime, int, Any]) -> str:
    token = json.dumps([place.earliest.isoformat(), place.every, last[0].timestamp(), last[1]])
    return urlsafe_b64encode(token.encode()).decode()


def _is_open(order: Json) -> bool:
    return not order["closed_at"] and not order["cancelled_at"]


def _moment(order: Json) -> datetime:
    return datetime.fromisoformat(order["updated_at"])
