"""Order: captured, changed, cancelled."""

from __future__ import annotations

from hub.contract.documents import Order
from hub.contract.errors import RejectedMessage
from hub.ledger.orders.numbers import micros, name, scaled
from hub.ledger.orders.state import CANCELLED, CAPTURED, OPEN, Data, Line, OrderState, refresh_status


def decide(state: OrderState, order: Order) -> list[tuple[str, Data]]:
    """What the order says now, and that it is cancelled where it was not before.

    A cancellation says more than that: whether the revisions before it came or not, the order
    ends with what its newest revision says.
    """
    said = ("order.changed" if state.exists else "order.captured", _captured(order))
    if order.cancelled and state.status != CANCELLED:
        return [said, ("order.cancelled", {"source": order.header.source})]
    return [said]


def _captured(order: Order) -> Data:
    grand = order.totals.grand
    _require_unique([line.line_id for line in order.lines])
    return {
        "source": order.header.source,
        "number": name(order.number, "number"),
        "currency": order.currency,
        "total": None if grand is None else scaled(grand.amount, "totals.grand.amount"),
        "ordered_at": micros(order.ordered_at),
        "cancelled": order.cancelled,
        "lines": [
            {
                "line": name(line.line_id, f"lines[{index}].line_id"),
                "sku": None if line.sku is None else name(line.sku, f"lines[{index}].sku"),
                "quantity": scaled(line.quantity.value, f"lines[{index}].quantity"),
                "unit": line.quantity.unit,
                "cancelled": line.cancelled,
            }
            for index, line in enumerate(order.lines)
        ],
    }


def _require_unique(line_ids: list[str]) -> None:
    """Lines are told apart by their ids, from one revision of an order to the next."""
    seen: set[str] = set()
    for index, line_id in enumerate(line_ids):
        if line_id in seen:
            message = f"Two lines have the line_id {line_id}; map it from what is different for each line."
            raise RejectedMessage(message, field=f"lines[{index}].line_id", value=line_id)
        seen.add(line_id)


def _fold_captured(state: OrderState, data: Data, at: int) -> None:
    state.exists = True
    state.source = data["source"]
    state.status = CAPTURED
    _take_order(state, data)
    row = state.row(data["source"], at)
    row.number = data["number"]
    row.expected = row.actual = CAPTURED


def _fold_changed(state: OrderState, data: Data, at: int) -> None:
    was_cancelled = state.status == CANCELLED
    _take_order(state, data)
    row = state.row(data["source"], at)
    row.number = data["number"]
    if data["cancelled"]:
        _cancel_lines(state)
    elif was_cancelled:
        state.status = row.expected = row.actual = CAPTURED
    refresh_status(state)


def _take_order(state: OrderState, data: Data) -> None:
    state.number = data["number"]
    state.currency = data["currency"]
    state.total = data["total"]
    state.ordered_at = data["ordered_at"]
    before = state.lines
    state.lines = {}
    for ordinal, item in enumerate(data["lines"]):
        line = Line(item["line"], ordinal, item["sku"], item["quantity"], item["unit"])
        _keep_progress(line, before.get(line.line))
        if item["cancelled"]:
            line.status = CANCELLED
        state.lines[line.line] = line


def _keep_progress(line: Line, before: Line | None) -> None:
    """What was said and done of a line stays, but its answer only if the line is what it was."""
    if before is None:
        return
    same = (before.sku, before.quantity, before.unit) == (line.sku, line.quantity, line.unit)
    line.status = before.status if same and before.status != CANCELLED else OPEN
    line.confirmed = before.confirmed
    line.promised_on = before.promised_on
    line.released, line.shipped, line.returned = before.released, before.shipped, before.returned


def _fold_cancelled(state: OrderState, data: Data, at: int) -> None:
    state.status = CANCELLED
    row = state.row(data["source"], at)
    row.expected = row.actual = CANCELLED
    _cancel_lines(state)


def _cancel_lines(state: OrderState) -> None:
    for line in state.lines.values():
        line.status = CANCELLED


FOLDS = {
    "order.captured": _fold_captured,
    "order.changed": _fold_changed,
    "order.cancelled": _fold_cancelled,
}
