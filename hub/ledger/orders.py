"""An order's state, folded from its events, and what a document means to it.

`decide` turns a document into events; `fold` is the only place where an event changes state,
so that rebuilding from the recorded events gives what was there before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hub.contract.clock import to_micros
from hub.contract.documents import Document, Order, OrderAcknowledgement
from hub.contract.documents.acknowledgement import LineStatus
from hub.contract.values import to_scaled

Data = dict[str, Any]

_LINE_OPEN = "open"
_LINE_CANCELLED = "cancelled"


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


def decide(state: OrderState, document: Document) -> tuple[str, Data] | None:
    """The event (kind, data) that a document makes of this state; None if it says nothing new."""
    if isinstance(document, Order):
        if not state.exists:
            return "order.captured", _captured(document)
        if document.cancelled and state.status != "cancelled":
            return "order.cancelled", {"source": document.header.source}
        return "order.changed", _captured(document)
    if isinstance(document, OrderAcknowledgement):
        return "order.acknowledged", _acknowledged(document)
    return None


def effect_of(event_kind: str) -> str:
    """The effect that routes and mappings see: `created`, `changed`, `cancelled`, `acknowledged`."""
    effect = event_kind.partition(".")[2]
    return "created" if effect == "captured" else effect


def _captured(order: Order) -> Data:
    grand = order.totals.grand
    return {
        "source": order.header.source,
        "number": order.number,
        "currency": order.currency,
        "total": None if grand is None else to_scaled(grand.amount),
        "ordered_at": None if order.ordered_at is None else to_micros(order.ordered_at),
        "lines": [
            {
                "line": line.line_id,
                "sku": line.sku,
                "quantity": to_scaled(line.quantity.value),
                "unit": line.quantity.unit,
                "cancelled": line.cancelled,
            }
            for line in order.lines
        ],
    }


def _acknowledged(document: OrderAcknowledgement) -> Data:
    return {
        "system": document.header.source,
        "number": document.seller_number,
        "lines": [
            {
                "line": line.line_id,
                "status": line.status.value,
                "quantity": None if line.quantity is None else to_scaled(line.quantity.value),
                "promised_on": None if line.promised_on is None else line.promised_on.isoformat(),
            }
            for line in document.lines
        ],
    }


def fold(state: OrderState, kind: str, data: Data, at: int) -> None:
    """Change the state as the event says; events that do not touch it are passed over."""
    change = _FOLDS.get(kind)
    if change is not None:
        change(state, data, at)
        state.changed_at = at


def _fold_captured(state: OrderState, data: Data, at: int) -> None:
    state.exists = True
    state.source = data["source"]
    state.status = "captured"
    _take_order(state, data)
    row = _row(state, data["source"], at)
    row.number = data["number"]
    row.expected = row.actual = "captured"


def _fold_changed(state: OrderState, data: Data, at: int) -> None:
    _take_order(state, data)
    row = _row(state, data["source"], at)
    row.number = data["number"]


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
            line.status = _LINE_CANCELLED
        state.lines[line.line] = line


def _keep_confirmation(line: Line, before: Line | None) -> None:
    if before is None or before.status == _LINE_CANCELLED:
        return
    same = (before.sku, before.quantity, before.unit) == (line.sku, line.quantity, line.unit)
    line.status = before.status if same else _LINE_OPEN
    line.confirmed = before.confirmed
    line.promised_on = before.promised_on


def _fold_cancelled(state: OrderState, data: Data, at: int) -> None:
    state.status = "cancelled"
    row = _row(state, data["source"], at)
    row.expected = row.actual = "cancelled"
    for line in state.lines.values():
        line.status = _LINE_CANCELLED


def _fold_acknowledged(state: OrderState, data: Data, at: int) -> None:
    for item in data["lines"]:
        line = state.lines.get(item["line"])
        # A line the buyer cancelled stays so, whatever the seller says to that.
        if line is not None and line.status != _LINE_CANCELLED:
            line.status = item["status"]
            line.confirmed = item["quantity"]
            line.promised_on = item["promised_on"]
    row = _row(state, data["system"], at)
    row.number = data["number"] or row.number
    row.expected = row.actual = "acknowledged"
    row.note = None
    if state.status != "cancelled":
        state.status = _acknowledged_status(state)


def _acknowledged_status(state: OrderState) -> str:
    statuses = {line.status for line in state.lines.values()} - {_LINE_CANCELLED}
    if statuses == {LineStatus.REJECTED.value}:
        return "rejected"
    return "acknowledged" if statuses <= {LineStatus.ACCEPTED.value} else "partly_acknowledged"


def _fold_planned(state: OrderState, data: Data, at: int) -> None:
    row = _row(state, data["system"], at)
    row.expected = data["effect"]


def _fold_delivered(state: OrderState, data: Data, at: int) -> None:
    row = _row(state, data["system"], at)
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
