"""Orders: what every system knows of one, everything that happened to it, and what it waits for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Select, select

from hub.contract.values import from_scaled
from hub.ledger.heads import load_orders
from hub.ledger.orders import Line, OrderState, SystemRow
from hub.operations.deliveries import Delivery, read_deliveries
from hub.operations.documents import Document, read_documents
from hub.operations.errors import NotFound
from hub.operations.orders.search import sound, subjects_of
from hub.operations.orders.timeline import Entry, read_timeline
from hub.operations.rows import AnyRow, moment
from hub.store import Store
from hub.store.statements import literal_in
from hub.store.states import OPEN_DELIVERIES, OPEN_DOCUMENTS, DeliveryState
from hub.store.tables import delivery, document, order_head, order_system, reference, subject

MOST = 500
"""Rows of one list at most."""

_DOCUMENTS = 200
_AMBIGUOUS = 50
_PARKED = "not captured"
"""Shown as the status of an order of which no document could be applied yet."""


@dataclass(frozen=True, slots=True)
class OrderLine:
    """An order in a list. `disagree` are the systems in which it is not as expected."""

    subject: str
    number: str
    source: str
    status: str
    currency: str
    total: Decimal | None
    ordered_at: datetime | None
    changed_at: datetime | None
    disagree: list[str]


@dataclass(frozen=True, slots=True)
class Item:
    """A line of an order. `confirmed` is the quantity that the seller's system confirmed."""

    line: str
    sku: str | None
    quantity: Decimal
    unit: str
    status: str
    confirmed: Decimal | None
    promised_on: str | None
    shipped: Decimal
    returned: Decimal


@dataclass(frozen=True, slots=True)
class RequestView:
    """What a node was asked to ship, and how far it is."""

    number: str
    node: str
    stage: str


@dataclass(frozen=True, slots=True)
class ParcelView:
    """A parcel: its shipment, its carrier, and what that said last."""

    tracking: str
    shipment: str | None
    carrier: str | None
    stage: str
    at: datetime | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class ReturnView:
    """A return and how far it is."""

    number: str
    stage: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class SystemView:
    """The order in one system: its number there, what is expected of it there, what is so."""

    system: str
    number: str | None
    expected: str
    actual: str
    agrees: bool
    note: str | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Number:
    """A number of the order in a system."""

    system: str
    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Order:
    """Everything about one order. `status` is `not captured` while no document of it could be applied."""

    subject: str
    number: str
    source: str
    status: str
    currency: str
    total: Decimal | None
    ordered_at: datetime | None
    changed_at: datetime | None
    numbers: list[Number]
    items: list[Item]
    requests: list[RequestView]
    shipments: list[str]
    parcels: list[ParcelView]
    returns: list[ReturnView]
    invoices: list[str]
    credits: list[str]
    systems: list[SystemView]
    deliveries: list[Delivery]
    documents: list[Document]
    timeline: list[Entry]


def list_orders(
    store: Store, *, status: str | None = None, number: str | None = None, trouble: bool = False, limit: int = 50
) -> list[OrderLine]:
    """Orders, the last changed first. `number` is any number or SKU; `trouble` keeps those that need a person."""
    statement = select(order_head).order_by(order_head.c.changed_at.desc(), order_head.c.subject.desc())
    if status is not None:
        statement = statement.where(order_head.c.status == status)
    if number is not None:
        statement = statement.where(order_head.c.subject.in_(subjects_of(sound(number))))
    if trouble:
        statement = statement.where(order_head.c.subject.in_(_in_trouble()))
    with store.read() as connection:
        return _lines(connection, statement.limit(max(1, min(limit, MOST))))


def _in_trouble() -> Select[tuple[str]]:
    stopped = delivery.c.state.in_([DeliveryState.DEAD, DeliveryState.IN_DOUBT])
    found = (
        select(delivery.c.subject)
        .where(literal_in(delivery.c.state, OPEN_DELIVERIES), stopped)
        .union(
            select(document.c.subject).where(
                literal_in(document.c.state, OPEN_DOCUMENTS), document.c.subject.is_not(None)
            )
        )
        .subquery()
    )
    return select(found.c.subject)


def _lines(connection: Connection, statement: Select[Any]) -> list[OrderLine]:
    rows = connection.execute(statement).all()
    disagree: dict[str, list[str]] = {}
    systems = (
        select(order_system.c.subject, order_system.c.system)
        .where(
            order_system.c.subject.in_([row.subject for row in rows]),
            order_system.c.expected != order_system.c.actual,
        )
        .order_by(order_system.c.system)
    )
    for row in connection.execute(systems):
        disagree.setdefault(row.subject, []).append(row.system)
    return [_line(row, disagree.get(row.subject, [])) for row in rows]


def _line(row: AnyRow, disagree: list[str]) -> OrderLine:
    return OrderLine(
        subject=row.subject,
        number=row.number,
        source=row.source,
        status=row.status,
        currency=row.currency,
        total=None if row.total is None else from_scaled(row.total),
        ordered_at=moment(row.ordered_at),
        changed_at=moment(row.changed_at),
        disagree=disagree,
    )


def find_orders(store: Store, number: str) -> list[str]:
    """The subjects of the orders that a number means; see `subjects_by_number`."""
    with store.read() as connection:
        return subjects_by_number(connection, number)


def subjects_by_number(connection: Connection, number: str) -> list[str]:
    """The orders that a number means, at most fifty, the latest first; NotFound if there is none.

    A number of the order itself is preferred to a SKU that stands on its lines.
    """
    wanted = sound(number)
    own = (
        select(reference.c.subject)
        .where(reference.c.value == wanted)
        .union(
            select(order_head.c.subject).where(order_head.c.number == wanted),
            select(subject.c.id).where(subject.c.id == wanted.lower()),
        )
        .subquery()
    )
    for candidates in (select(own.c.subject), subjects_of(wanted)):
        statement = select(subject.c.id).where(subject.c.kind == "order", subject.c.id.in_(candidates))
        latest = statement.order_by(subject.c.created_at.desc()).limit(_AMBIGUOUS)
        found = list(connection.execute(latest).scalars())
        if found:
            return found
    raise NotFound(
        f"No order has the number {number!r}. `crossdock messages list --find` also finds what could not be read.",
        value=number,
    )


def summarize(store: Store, subjects: list[str]) -> list[OrderLine]:
    """Orders by subject, as lists show them."""
    with store.read() as connection:
        lines = _lines(connection, select(order_head).where(order_head.c.subject.in_(subjects)))
        known = {line.subject: line for line in lines}
        return [known.get(id_) or _unread(connection, id_) for id_ in subjects]


def _unread(connection: Connection, id_: str) -> OrderLine:
    number, source = _first_number(connection, id_)
    return OrderLine(id_, number, source, _PARKED, "", None, None, None, [])


def _first_number(connection: Connection, id_: str) -> tuple[str, str]:
    """By which number, of which system, an order without a head was opened."""
    statement = select(reference).where(reference.c.subject == id_).order_by(reference.c.at, reference.c.kind).limit(1)
    row = connection.execute(statement).first()
    return ("", "") if row is None else (row.value, row.system)


def show_order(store: Store, subject_id: str, *, now: int) -> Order:
    """Everything about the order of a subject, by its whole id; `now` in microseconds. NotFound if there is none."""
    with store.read() as connection:
        if connection.execute(select(subject.c.id).where(subject.c.id == subject_id)).first() is None:
            raise NotFound(f"There is no order {subject_id}.", value=subject_id)
        state = load_orders(connection, [subject_id])[subject_id]
        number, source = (state.number, state.source) if state.exists else _first_number(connection, subject_id)
        return Order(
            subject=subject_id,
            number=number,
            source=source,
            status=state.status or _PARKED,
            currency=state.currency,
            total=None if state.total is None else from_scaled(state.total),
            ordered_at=moment(state.ordered_at),
            changed_at=moment(state.changed_at) if state.exists else None,
            numbers=_numbers(connection, subject_id),
            items=[_item(line) for line in sorted(state.lines.values(), key=lambda line: line.ordinal)],
            **_progress(state),
            systems=_systems(state),
            deliveries=read_deliveries(connection, delivery.c.subject == subject_id, now=now),
            documents=read_documents(
                connection, document.c.subject == subject_id, limit=_DOCUMENTS, now=now, with_deliveries=False
            ),
            timeline=read_timeline(connection, subject_id),
        )


def _numbers(connection: Connection, id_: str) -> list[Number]:
    statement = select(reference).where(reference.c.subject == id_).order_by(reference.c.at, reference.c.system)
    return [Number(row.system, row.kind, row.value) for row in connection.execute(statement)]


def _item(line: Line) -> Item:
    return Item(
        line=line.line,
        sku=line.sku,
        quantity=from_scaled(line.quantity),
        unit=line.unit,
        status=line.status,
        confirmed=None if line.confirmed is None else from_scaled(line.confirmed),
        promised_on=line.promised_on,
        shipped=from_scaled(line.shipped),
        returned=from_scaled(line.returned),
    )


def _progress(state: OrderState) -> dict[str, Any]:
    return {
        "requests": [RequestView(one.number, one.node, one.stage) for one in state.requests.values()],
        "shipments": list(state.shipments),
        "parcels": [
            ParcelView(one.tracking, one.shipment, one.carrier, one.stage, moment(one.at), one.detail)
            for one in state.parcels.values()
        ],
        "returns": [ReturnView(one.number, one.stage, one.reason) for one in state.returns.values()],
        "invoices": state.invoices,
        "credits": state.credits,
    }


def _systems(state: OrderState) -> list[SystemView]:
    """The source first, the others by name."""
    rows = sorted(state.systems.values(), key=lambda row: (row.system != state.source, row.system))
    return [_system(row) for row in rows]


def _system(row: SystemRow) -> SystemView:
    return SystemView(
        system=row.system,
        number=row.number,
        expected=row.expected,
        actual=row.actual,
        agrees=row.expected == row.actual,
        note=row.note,
        changed_at=moment(row.changed_at),
    )
