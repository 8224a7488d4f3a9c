"""The stock of an article at a node, as its warehouse counted it last."""

from __future__ import annotations

from dataclasses import dataclass

from hub.contract.documents import InventoryAdvice
from hub.contract.errors import RejectedMessage
from hub.contract.values import Quantity
from hub.ledger.orders.numbers import micros, name, scaled
from hub.ledger.orders.state import Data

COUNTED = "stock.counted"
"""The event's kind."""


@dataclass(slots=True)
class StockLevel:
    """The head of a stock subject. Quantities are times 10**6."""

    source: str
    node: str
    sku: str
    unit: str
    on_hand: int | None
    available: int
    committed: int | None
    on_order: int | None
    counted_at: int | None
    changed_at: int


def decide_stock(document: InventoryAdvice) -> list[tuple[str, Data]]:
    """Counted. All quantities of an advice are in one unit."""
    unit = document.available.unit
    data = {
        "source": document.header.source,
        "node": name(document.node, "node"),
        "sku": name(document.sku, "sku"),
        "unit": unit,
        "on_hand": _quantity(document.on_hand, "on_hand", unit),
        "available": _quantity(document.available, "available", unit),
        "committed": _quantity(document.committed, "committed", unit),
        "on_order": _quantity(document.on_order, "on_order", unit),
        "counted_at": micros(document.counted_at),
    }
    return [(COUNTED, data)]


def _quantity(quantity: Quantity | None, field: str, unit: str) -> int | None:
    if quantity is None:
        return None
    if quantity.unit != unit:
        message = f"{field} is in {quantity.unit}, available in {unit}; map both in one unit."
        raise RejectedMessage(message, field=field, value=quantity.unit)
    return scaled(quantity.value, field)


def fold_stock(kind: str, data: Data, at: int) -> StockLevel | None:
    """The head that an event leaves; None if it is about something else."""
    return StockLevel(**data, changed_at=at) if kind == COUNTED else None
