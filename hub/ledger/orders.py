"""An order's state, folded from its events, and what a document means to it.

`decide` turns a document into events; `fold` is the only place where an event changes state,
so that rebuilding from the recorded events gives what was there before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hub.contract.clock import to_micros
from hub.contract.documents import Document, Order, OrderAcknowledgement
from hub.contract.documents.acknowledgement import LineStatus
from hub.contract.errors import RejectedMessage
from hub.contract.values import to_scaled
from hub.store.texts import misfit, shown

Data = dict[str, Any]

_LINE_OPEN = "open"
_CAPTURED = "captured"
_CANCELLED = "cancelled"
"""Of an order and of a line."""

ORDER_EVENTS = "order."
"""How the kinds of events begin that change the order itself."""

_SHOWN = 60
"""Characters of a refused value that an error repeats."""


@dataclass(slots=True)
class Line:
    """One line as last known; quantities are times 10**6."""

    line: str
    ordinal: int
    sku: str | None
    quantity: int
    unit: str
    status: str = _LINE_OPEN
    confirmed: int | None = None
    promised_on: str | None = None


@dataclass(slots=True)
class SystemRow:
    """What one system knows of the order: its number, what is expected there, what is so."""

    system: str
    expected: str
    actual: str
    number: str | None = None
    note: str | None = None
    changed_at: int = 0


@dataclass(slots=True)
class OrderState:
    """The head of an order. `total` is times 10**6."""

    exists: bool = False
    number: str = ""
    source: str = ""
    status: str = ""
    currency: str = ""
    total: int | None = None
    ordered_at: int | None = None
    changed_at: int = 0
    lines: dict[str, Line] = field(default_factory=dict)
    systems: dict[str, SystemRow] = field(default_factory=dict)


def decide(state: OrderState, document: Document) -> list[tuple[str, Data]]:
    """The events (kind, data) that a document makes of this state; none if it says nothing new.

    Raises RejectedMessage, naming the field, for what the tables of the ledger cannot hold.
    """
    if isinstance(document, Order):
        return _decide_order(state, document)
    if isinstance(document, OrderAcknowledgement):
        return [("order.acknowledged", _acknowledged(document))]
    return []


def _decide_order(state: OrderState, order: Order) -> list[tuple[str, Data]]:
    """What the order says now, and that it is cancelled where it was not before.

    A cancellation says more than that: whether the revisions before it came or not, the order
    ends with what its newest revision says.
    """
    said = ("order.changed" if state.exists else "order.captured", _captured(order))
    if order.cancelled and state.status != _CANCELLED:
        return [said, ("order.cancelled", {"source": order.header.source})]
    return [said]


def effect_of(event_kind: str) -> str:
    """The effect that routes and mappings see: `created`, `changed`, `cancelled`, `acknowledged`."""
    effect = event_kind.partition(".")[2]
    return "created" if effect == "captured" else effect


def _captured(order: Order) -> Data:
    grand = order.totals.grand
    _require_unique([line.line_id for line in order.lines])
    return {
        "source": order.header.source,
        "number": _name(order.number, "number"),
        "currency": order.currency,
        "total": None if grand is None else _scaled(grand.amount, "totals.grand.amount"),
        "ordered_at": None if order.ordered_at is None else to_micros(order.ordered_at),
        "cancelled": order.cancelled,
        "lines": [
            {
                "line": _name(line.line_id, f"lines[{index}].line_id"),
                "sku": None if line.sku is None else _name(line.sku, f"lines[{index}].sku"),
                "quantity": _scaled(line.quantity.value, f"lines[{index}].quantity"),
                "unit": line.quantity.unit,
                "cancelled": line.cancelled,
            }
            for index, line in enumerate(order.lines)
        ],
    }


def _acknowledged(document: OrderAcknowledgement) -> Data:
    number = document.seller_number
    return {
        "system": document.header.source,
        "number": None if number is None else _name(number, "seller_number"),
        "lines": [
            {
                "line": line.line_id,
                "status": line.status.value,
                "quantity": None if line.quantity is None else _scaled(line.quantity.value, f"lines[{index}].quantity"),
                "promised_on": None if line.promised_on is None else line.promised_on.isoformat(),
            }
            for index, line in enumerate(document.lines)
        ],
    }


def _scaled(number: Decimal, field_: str) -> int:
    """The number times 10**6; ArithmeticError is what Decimal raises for exponents beyond its own."""
    try:
        return to_scaled(number)
    except (ValueError, ArithmeticError):
        value = shown(str(number), _SHOWN)
        message = f"{field_} is {value}: the ledger keeps six decimals and at most twelve digits before the point."
        raise RejectedMessage(message, field=field_, value=value) from None


def _name(text: str, field_: str) -> str:
    why = misfit(text)
    if why is not None:
        raise RejectedMessage(f"{field_} {why}.", field=field_, value=shown(text, _SHOWN))
    return text


def _require_unique(line_ids: list[str]) -> None:
    """Lines are told apart by their ids, from one revision of an order to the next."""
    seen: set[str] = set()
    for index, line_id in enumerate(line_ids):
        if line_id in seen:
            message = f"Two lines have the line_id {line_id}; map it from what is different for each line."
            raise RejectedMessage(message, field=f"lines[{index}].line_id", value=line_id)
        seen.add(line_id)


def fold(state: OrderState, kind: str, data: Data, at: int) -> None:
    """Change the state as the event says; events that do not touch it are passed over.

    `changed_at` tells when the order itself changed: deliveries and numbers leave it.
    """
    change = _FOLDS.get(kind)
    if change is None:
        return
    change(state, data, at)
    if kind.startswith(ORDER_EVENTS):
        state.changed_at = at


def _fold_captured(state: OrderState, data: Data, at: int) -> None:
    state.exists = True
    state.source = data["source"]
    state.status = _CAPTURED
    _take_order(state, data)
    row = _row(state, data["source"], at)
    row.number = data["number"]
    row.expected = row.actual = _CAPTURED


def _fold_changed(state: OrderState, data: Data, at: int) -> None:
    was_cancelled = state.status == _CANCELLED
    _take_order(state, data)
    row = _row(state, data["source"], at)
    row.number = data["number"]
    if data["cancelled"]:
        _cancel_lines(state)
    elif was_cancelled:
        state.status = row.expected = row.actual = _CAPTURED
    elif state.status != _CAPTURED:
        state.status = _acknowledged_status(state)


def _take_order(state: OrderState, data: Data) -> None:
    state.number = data["number"]
    state.currency = data["currency"]
    state.total = data["total"]
    state.ordered_at = data["ordered_at"]
    before = state.lines
    state.lines = {}
    for ordinal, item in enumerate(data["lines"]):
        line = Line(item["line"], ordinal, item["sku"], item["quantity"], item["unit"])
        _keep_confirmation(line, before.get(line.line))
        if item["cancelled"]:
            line.status = _CANCELLED
        state.lines[line.line] = line


def _keep_confirmation(line: Line, before: Line | None) -> None:
    if before is None:
        return
    same = (before.sku, before.quantity, before.unit) == (line.sku, line.quantity, line.unit)
    line.status = before.status if same and before.status != _CANCELLED else _LINE_OPEN
    line.confirmed = before.confirmed
    line.promised_on = before.promised_on


def _fold_cancelled(state: OrderState, data: Data, at: int) -> None:
    state.status = _CANCELLED
    row = _row(state, data["source"], at)
    row.expected = row.actual = _CANCELLED
    _cancel_lines(state)


def _cancel_lines(state: OrderState) -> None:
    for line in state.lines.values():
        line.status = _CANCELLED


def _fold_acknowledged(state: OrderState, data: Data, at: int) -> None:
    for item in data["lines"]:
        line = state.lines.get(item["line"])
        if line is not None:
            # A line the buyer cancelled stays so, whatever the seller says to that, then or before.
            line.status = _CANCELLED if line.status == _CANCELLED else item["status"]
            line.confirmed = item["quantity"]
            line.promised_on = item["promised_on"]
    row = _row(state, data["system"], at)
    row.number = data["number"] or row.number
    # An answer shows that the order is there; a later change on its way there is still expected to arrive.
    if row.expected in {row.actual, "created"}:
        row.expected = "acknowledged"
    row.actual = "acknowledged"
    row.note = None
    if state.status != _CANCELLED:
        state.status = _acknowledged_status(state)


def _acknowledged_status(state: OrderState) -> str:
    statuses = {line.status for line in state.lines.values()} - {_CANCELLED}
    if statuses == {LineStatus.REJECTED.value}:
        return "rejected"
    return "acknowledged" if statuses <= {LineStatus.ACCEPTED.value} else "partly_acknowledged"


def _fold_planned(state: OrderState, data: Data, at: int) -> None:
    row = _row(state, data["system"], at)
    row.expected = data["effect"]


def _fold_delivered(state: OrderState, data: Data, at: int) -> None:
    row = _row(state, data["system"], at)
    # The answer to an order may come before it is known that the order arrived.
    if data["effect"] != "created" or row.actual != "acknowledged":
        row.actual = data["effect"]
    row.note = None


def _fold_trouble(state: OrderState, data: Data, at: int) -> None:
    row = _row(state, data["system"], at)
    row.actual = data["state"]
    row.note = data["reason"]


def _fold_resumed(state: OrderState, data: Data, at: int) -> None:
    row = _row(state, data["system"], at)
    row.actual = "resumed"
    row.note = None


def _fold_references(state: OrderState, data: Data, at: int) -> None:
    for system, kind, _scope, value in data["references"]:
        row = state.systems.get(system)
        if row is not None and kind == "order":
            row.number = value
            row.changed_at = at


def _row(state: OrderState, system: str, at: int) -> SystemRow:
    row = state.systems.get(system)
    if row is None:
        row = state.systems[system] = SystemRow(system, expected="-", actual="-")
    row.changed_at = at
    return row


_FOLDS = {
    "order.captured": _fold_captured,
    "order.changed": _fold_changed,
    "order.cancelled": _fold_cancelled,
    "order.acknowledged": _fold_acknowledged,
    "delivery.planned": _fold_planned,
    "delivery.delivered": _fold_delivered,
    "delivery.failed": _fold_trouble,
    "delivery.in_doubt": _fold_trouble,
    "delivery.dropped": _fold_trouble,
    "delivery.resumed": _fold_resumed,
    "references.added": _fold_references,
}
