"""Rebuilding the heads of orders and of stock from their events, which are the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from hub.ledger.heads import head_row, line_row, load_orders, load_stock, stock_row, system_rows
from hub.ledger.orders import OrderState, fold
from hub.ledger.stock import StockLevel, fold_stock
from hub.store import Store
from hub.store.statements import insert_rows, loads, upsert_rows
from hub.store.tables import event, order_head, order_line, order_system, stock_level, subject

BATCH = 200
"""Orders of one transaction."""


@dataclass(frozen=True, slots=True)
class Difference:
    """An order, or a stock by its SKU, whose tables did not say what its events do, and which were rewritten."""

    subject: str
    number: str
    tables: list[str]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How many orders and stocks were folded again, and which of them differed."""

    orders: int
    stocks: int
    differences: list[Difference]


def rebuild(store: Store, subjects: Sequence[str] | None = None) -> Rebuilt:
    """Fold the events of all subjects, or of these, again and rewrite what differs. Safe while the hub runs."""
    orders, of_orders = _rebuild_kind(store, "order", subjects, _rebuild_orders)
    stocks, of_stocks = _rebuild_kind(store, "stock", subjects, _rebuild_stocks)
    return Rebuilt(orders, stocks, [*of_orders, *of_stocks])


def _rebuild_kind(
    store: Store,
    kind: str,
    subjects: Sequence[str] | None,
    work: Callable[[Connection, list[str]], list[Difference]],
) -> tuple[int, list[Difference]]:
    done = 0
    differences: list[Difference] = []
    last = ""
    while True:
        with store.write() as connection:
            ids = _next(connection, kind, last, subjects)
            if not ids:
                return done, differences
            differences.extend(work(connection, ids))
        done += len(ids)
        last = ids[-1]


def _next(connection: Connection, kind: str, last: str, subjects: Sequence[str] | None) -> list[str]:
    """The next subjects by id, held until the end of the transaction."""
    statement = (
        select(subject.c.id)
        .where(subject.c.kind == kind, subject.c.id > last)
        .order_by(subject.c.id)
        .limit(BATCH)
        .with_for_update()
    )
    if subjects is not None:
        statement = statement.where(subject.c.id.in_(subjects))
    return list(connection.execute(statement).scalars())


def _events(connection: Connection, ids: list[str]) -> Iterable[Row[Any]]:
    return connection.execute(select(event).where(event.c.subject.in_(ids)).order_by(event.c.subject, event.c.seq))


def _rebuild_stocks(connection: Connection, ids: list[str]) -> list[Difference]:
    levels: dict[str, StockLevel] = {}
    for row in _events(connection, ids):
        level = fold_stock(row.kind, loads(row.data), row.at)
        if level is not None:
            levels[row.subject] = level
    before = load_stock(connection, ids)
    different = [id_ for id_ in levels if before.get(id_) != levels[id_]]
    upsert_rows(connection, stock_level, [stock_row(id_, levels[id_]) for id_ in different])
    return [Difference(id_, levels[id_].sku, [stock_level.name]) for id_ in different]


def _rebuild_orders(connection: Connection, ids: list[str]) -> list[Difference]:
    states = {id_: OrderState() for id_ in ids}
    for row in _events(connection, ids):
        fold(states[row.subject], row.kind, loads(row.data), row.at)
    before = load_orders(connection, ids)
    differences = []
    for id_ in ids:
        tables = _different(id_, before[id_], states[id_])
        if tables:
            _rewrite(connection, id_, states[id_])
            differences.append(Difference(id_, states[id_].number or before[id_].number, tables))
    return differences


def _different(id_: str, before: OrderState, after: OrderState) -> list[str]:
    found = []
    if before.exists != after.exists or (after.exists and head_row(id_, before) != head_row(id_, after)):
        found.append(order_head.name)
    if before.lines != after.lines:
        found.append(order_line.name)
    if system_rows(id_, before) != system_rows(id_, after):
        found.append(order_system.name)
    return found


def _rewrite(connection: Connection, id_: str, state: OrderState) -> None:
    for table in (order_head, order_line, order_system):
        connection.execute(delete(table).where(table.c.subject == id_))
    if state.exists:
        insert_rows(connection, order_head, [head_row(id_, state)])
        insert_rows(connection, order_line, [line_row(id_, line) for line in state.lines.values()])
    insert_rows(connection, order_system, list(system_rows(id_, state).values()))
