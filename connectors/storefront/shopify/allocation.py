"""Which fulfillment orders a shipment is taken from, and which payments a refund."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class OpenLine:
    """A line of a fulfillment order: its id there, the order's line, and what is still to be shipped."""

    id: str
    line: str
    remaining: int


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """A fulfillment order that can be fulfilled."""

    id: str
    location: str
    lines: Sequence[OpenLine]


@dataclass(slots=True)
class Share:
    """What one fulfillment takes: of one location, lines and quantities by fulfillment order."""

    location: str
    taken: dict[str, dict[str, int]] = field(default_factory=dict)

    def input(self) -> list[dict[str, Any]]:
        """As `lineItemsByFulfillmentOrder`."""
        return [
            {
                "fulfillmentOrderId": order,
                "fulfillmentOrderLineItems": [{"id": line, "quantity": quantity} for line, quantity in lines.items()],
            }
            for order, lines in self.taken.items()
        ]


def allocate(wanted: Mapping[str, int], orders: Iterable[OpenOrder]) -> tuple[list[Share], dict[str, int]]:
    """Shares that together take what is wanted, by line, from the first orders that have it; and what is missing."""
    missing = dict(wanted)
    shares: dict[str, Share] = {}
    for order in orders:
        for line in order.lines:
            quantity = min(missing.get(line.line, 0), line.remaining)
            if quantity > 0:
                missing[line.line] -= quantity
                share = shares.setdefault(order.location, Share(order.location))
                share.taken.setdefault(order.id, {})[line.id] = quantity
    return list(shares.values()), {line: quantity for line, quantity in missing.items() if quantity > 0}


@dataclass(slots=True)
class Payment:
    """A payment and what can still be given back of it."""

    id: str
    gateway: str
    left: Decimal


def repay(amount: Decimal, payments: Iterable[Payment]) -> tuple[list[tuple[Payment, Decimal]], Decimal]:
    """What is given back of which payment, the first ones first; and how much of the amount is missing."""
    parts: list[tuple[Payment, Decimal]] = []
    for payment in payments:
        part = min(amount, payment.left)
        if part > 0:
            parts.append((payment, part))
            amount -= part
    return parts, amount
