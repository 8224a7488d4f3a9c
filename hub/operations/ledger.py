"""Rebuilding the heads of orders from their events, which are the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from hub.ledger.heads import head_row, line_row, load_orders, system_rows
from hub.ledger.orders import OrderState, fold
from hub.store import Store
from hub.store.statements import insert_rows, loads
from hub.store.tables import event, order_head, order_line, order_system, subject

BATCH = 200
"""Orders of one transaction."""


@dataclass(frozen=True, slots=True)
class Difference:
    """An order whose tables did not say what its events do; `tables` names those that were rewritten."""

    subject: str
    number: str
    tables: list[str]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How many orders were folded again, and which of them differed."""

    orders: int
    differences: list[Difference]


def rebuild(store: Store, subjects: Sequence[str] | None = None) -> Rebuilt:
    """Fold the events of all orders, or of these, again and rewrite what differs. Safe while the hub runs."""
    done = 0
    differences: list[Difference] = []
    last = ""
    while True:
        with store.write() as connection:
            ids = _next(connection, last, subjects)
            if not ids:
                return Rebuilt(done, differences)
            differences.extend(_rebuild(connection, ids))
        done += len(ids)
        last = ids[-1]


def _next(connection: Connection, last: str, subjects: Sequence[str] | None) -> list[str]:
    """The next orders by id, held until the end of the transaction."""
    statement = (
        select(subject.c.id)
        .where(subject.c.kind == "order", subject.c.id > last)
        .order_by(subject.c.id)
        .limit(BATCH)
        .with_for_update()
    )
    if subjects is not None:
        statement = statement.where(subject.c.id.in_(subjects))
    return list(connection.execute(statement).scalars())


def _rebuild(connection: Connection, ids: list[str]) -> list[Difference]:
    states = {id_: OrderState() for id_ in ids}
    events = select(event).where(event.c.subject.in_(ids)).order_by(event.c.subject, event.c.seq)
    for row in connection.execute(events):
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
