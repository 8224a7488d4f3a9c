"""Heads in tables: state to rows and back, of orders and of stock."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import Connection, bindparam, select

from hub.ledger.orders import Line, OrderState, SystemRow
from hub.ledger.orders.state import Parcel, Request, Return, Shipped
from hub.ledger.stock import StockLevel
from hub.store import tables
from hub.store.statements import Row, dumps, loads

_HEADS = select(tables.order_head).where(tables.order_head.c.subject.in_(bindparam("ids", expanding=True)))
_LINES = (
    select(tables.order_line)
    .where(tables.order_line.c.subject.in_(bindparam("ids", expanding=True)))
    .order_by(tables.order_line.c.subject, tables.order_line.c.ordinal)
)
_SYSTEMS = select(tables.order_system).where(tables.order_system.c.subject.in_(bindparam("ids", expanding=True)))


def load_orders(connection: Connection, ids: list[str], *, lines: bool = True) -> dict[str, OrderState]:
    """The states of subjects by id, with or without their lines; an empty one for those without a head."""
    states = {id_: OrderState() for id_ in ids}
    parameters = {"ids": ids}
    for row in connection.execute(_HEADS, parameters):
        state = states[row.subject]
        state.exists = True
        state.number, state.source, state.status = row.number, row.source, row.status
        state.currency, state.total = row.currency, row.total
        state.ordered_at, state.changed_at = row.ordered_at, row.changed_at
        _take_progress(state, row.progress)
    for row in connection.execute(_LINES, parameters) if lines else ():
        states[row.subject].lines[row.line] = Line(
            row.line,
            row.ordinal,
            row.sku,
            row.quantity,
            row.unit,
            row.status,
            row.confirmed,
            row.promised_on,
            row.released,
            row.shipped,
            row.returned,
        )
    for row in connection.execute(_SYSTEMS, parameters):
        states[row.subject].systems[row.system] = SystemRow(
            row.system, row.expected, row.actual, row.number, row.note, row.changed_at
        )
    return states


def _take_progress(state: OrderState, text: str | None) -> None:
    if text is None:
        return
    kept = loads(text)
    state.answered = kept["answered"]
    state.requests = {key: Request(**one) for key, one in kept["requests"].items()}
    state.shipments = {key: Shipped(**one) for key, one in kept["shipments"].items()}
    state.parcels = {key: Parcel(**one) for key, one in kept["parcels"].items()}
    state.returns = {key: Return(**one) for key, one in kept["returns"].items()}
    state.invoices, state.credits = kept["invoices"], kept["credits"]


def _progress(state: OrderState) -> str | None:
    parts = {
        "answered": state.answered,
        "requests": {key: asdict(one) for key, one in state.requests.items()},
        "shipments": {key: asdict(one) for key, one in state.shipments.items()},
        "parcels": {key: asdict(one) for key, one in state.parcels.items()},
        "returns": {key: asdict(one) for key, one in state.returns.items()},
        "invoices": state.invoices,
        "credits": state.credits,
    }
    return dumps(parts) if any(parts.values()) else None


def head_row(subject: str, state: OrderState) -> Row:
    """The row of `order_head`."""
    return {
        "subject": subject,
        "number": state.number,
        "source": state.source,
        "status": state.status,
        "currency": state.currency,
        "total": state.total,
        "ordered_at": state.ordered_at,
        "changed_at": state.changed_at,
        "progress": _progress(state),
    }


def line_row(subject: str, line: Line) -> Row:
    """A row of `order_line`."""
    return {
        "subject": subject,
        "line": line.line,
        "ordinal": line.ordinal,
        "sku": line.sku,
        "quantity": line.quantity,
        "unit": line.unit,
        "status": line.status,
        "confirmed": line.confirmed,
        "promised_on": line.promised_on,
        "released": line.released,
        "shipped": line.shipped,
        "returned": line.returned,
    }


def system_rows(subject: str, state: OrderState) -> dict[str, Row]:
    """The rows of `order_system`, by system."""
    return {
        row.system: {
            "subject": subject,
            "system": row.system,
            "number": row.number,
            "expected": row.expected,
            "actual": row.actual,
            "note": row.note,
            "changed_at": row.changed_at,
        }
        for row in state.systems.values()
    }


def load_stock(connection: Connection, ids: list[str]) -> dict[str, StockLevel]:
    """The stock of subjects by id; those that were never counted are left out."""
    found = connection.execute(select(tables.stock_level).where(tables.stock_level.c.subject.in_(ids))).mappings()
    return {row["subject"]: StockLevel(**{key: row[key] for key in row if key != "subject"}) for row in found}


def stock_row(subject: str, level: StockLevel) -> Row:
    """The row of `stock_level`."""
    return {"subject": subject, **asdict(level)}
