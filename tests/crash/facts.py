"""What a small hub is told: an order, what a warehouse did with it, what is in stock, a credit note."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from connectors.storefront.shopify.orders import order_json
from hub.contract.connector import Item

Told = tuple[str, Item]
"""A connection, and what came by it."""

Line = tuple[str, str, int]
"""Of an order: id, article, quantity."""

MUG: Final = ("15310700100100", "MUG-WHITE", 2)
TEA: Final = ("15310700100101", "TEA-EARLGREY-100", 1)
"""The lines of order #1001."""


def order(**changes: Any) -> Told:
    """Order #1001, or a later version of it."""
    said = order_json(1001, **changes)
    item = Item(key=f"webhook:{said['updated_at']}", type="shopify.order", body=json.dumps(said).encode())
    return "shop", item


def cancelled() -> Told:
    """The same order, cancelled a day later."""
    return order(cancelled_at="2026-03-04T10:00:00+00:00", updated_at="2026-03-04T10:00:00+00:00")


def shipment(request: str, number: str, *lines: Line, tracking: str = "") -> Told:
    """Lines of a request left the warehouse in one package, with its tracking number if it has one."""
    rows = [
        {
            "request_number": request,
            "shipment_number": number,
            "shipped_at": "2026-03-03T16:00:00Z",
            "carrier": "UPSN",
            "line_id": line_id,
            "sku": sku,
            "quantity": quantity,
            "package_id": f"P-{number}",
            "tracking": tracking,
        }
        for line_id, sku, quantity in lines
    ]
    return "east", _csv("wms.shipment", number, rows)


def packed(request: str, at: str, weights: Sequence[str]) -> Told:
    """A request was packed, at an hour of the day, into packages of so many kilograms."""
    rows = [
        {
            "request_number": request,
            "status": "packed",
            "happened_at": f"2026-03-03T{at}:00Z",
            "package_id": f"P-{at}-{number}",
            "weight": weight,
        }
        for number, weight in enumerate(weights)
    ]
    return "east", _csv("wms.status", at, rows)


def count(available: int, at: str) -> Told:
    """How much there is of an article, at an hour of the day."""
    row = {"sku": MUG[1], "available": available, "counted_at": f"2026-03-03T{at}:00Z"}
    return "east", _csv("wms.stock", at, [row])


def credit(number: str, line: Line, total: str) -> Told:
    """One piece of a line of the order is credited."""
    said = {
        "id": str(order_json(1001)["id"]),
        "number": number,
        "order": "#1001",
        "issued_on": "2026-03-16",
        "line": line[0],
        "total": total,
    }
    return "desk", Item(key=number, type="acme.credit", body=json.dumps(said).encode())


def _csv(type_: str, key: str, rows: Sequence[Mapping[str, Any]]) -> Item:
    lines = [",".join(rows[0]), *(",".join(str(value) for value in row.values()) for row in rows)]
    return Item(key=f"{type_}:{key}", type=type_, body="\r\n".join([*lines, ""]).encode())
