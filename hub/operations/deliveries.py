"""Deliveries as they are shown: their state, what they wait for, and each attempt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, select

from hub.operations.connections.pauses import pauses_of
from hub.operations.ids import resolve, short
from hub.operations.previews import Preview, preview
from hub.operations.rows import AnyRow, moment
from hub.store import Store
from hub.store.bodies import read_small
from hub.store.references import numbers_of
from hub.store.statements import literal_in, loads
from hub.store.states import DUE_DELIVERIES, OPEN_DELIVERIES, DeliveryState
from hub.store.tables import attempt, delivery, failure, order_head, transmission

MOST = 500
"""Deliveries that are shown at most."""

_RESPONSE = 500
"""Characters of an answer that are shown."""

_STANDS = {
    DeliveryState.DEAD: "a dead letter",
    DeliveryState.IN_DOUBT: "which is in doubt",
    DeliveryState.SENDING: "which is being sent",
    DeliveryState.PLANNED: "which is not sent yet",
}


@dataclass(frozen=True, slots=True)
class Wait:
    """One reason why a delivery is not sent now.

    `kind` is `number` (one it needs is not known), `lane` (another one comes first), `pause` (of
    its connection) or `retry` (its next try has a time, `until`).
    """

    kind: str
    text: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a transmission; `response` is the beginning of what the counterpart answered."""

    number: int
    started_at: datetime
    ended_at: datetime | None
    outcome: str
    note: str | None
    detail: str | None
    response: str
    worker: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery. `waits` is empty for one that is settled, or due. `failure` is what is open about it."""

    id: str
    document: str
    connection: str
    system: str
    effect: str
    route: str
    mapping: str
    state: str
    reason: str | None
    waits: list[Wait]
    next_at: datetime | None
    created_at: datetime
    settled_at: datetime | None
    transmission: str | None
    idempotency_key: str | None
    size: int | None
    failure: str | None
    attempts: list[Attempt]


@dataclass(frozen=True, slots=True)
class Sent:
    """A delivery with the bytes that carry it, None before they are made. `type` and `name` are those of the bytes."""

    delivery: Delivery
    order: str | None
    subject: str
    type: str | None
    name: str | None
    sha256: str | None
    body: Preview | None


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What is read once for all deliveries shown."""

    numbers: Mapping[str, Mapping[tuple[str, str], str]]
    ahead: Mapping[str, AnyRow]
    pauses: Mapping[str, str]
    transmissions: Mapping[str, AnyRow]
    attempts: Mapping[str, list[Attempt]]
    failures: Mapping[str, str]
    now: int


def read_deliveries(connection: Connection, condition: ColumnElement[bool], *, now: int) -> list[Delivery]:
    """The deliveries for which the condition holds, as they were planned; `now` in microseconds."""
    order = (delivery.c.subject, delivery.c.lane)
    rows = connection.execute(select(delivery).where(condition).order_by(*order).limit(MOST)).all()
    around = _surroundings(connection, rows, now)
    return [_delivery(row, around) for row in rows]


def show_delivery(store: Store, id_: str, *, now: int) -> Sent:
    """One delivery, with what was sent, by its id or the end of it; `now` in microseconds.

    NotFound or BadInput if that names none or several.
    """
    with store.read() as connection:
        whole = resolve(connection, delivery, id_)
        shown = read_deliveries(connection, delivery.c.id == whole, now=now)[0]
        statement = (
            select(delivery.c.subject, order_head.c.number, transmission)
            .outerjoin(transmission, transmission.c.id == delivery.c.transmission)
            .outerjoin(order_head, order_head.c.subject == delivery.c.subject)
            .where(delivery.c.id == whole)
        )
        row = connection.execute(statement).one()
        sent = None if row.id is None else read_small(connection, [row.id]).get(row.id, b"")
    body = None if sent is None else preview(sent, row.size)
    return Sent(shown, row.number, row.subject, row.type, row.name, row.sha256, body)


def _surroundings(connection: Connection, rows: Sequence[AnyRow], now: int) -> _Surroundings:
    open_ = [row for row in rows if row.state in DUE_DELIVERIES]
    sent = [row.transmission for row in rows if row.transmission is not None]
    found = connection.execute(select(transmission).where(transmission.c.id.in_(sent))).all() if sent else []
    return _Surroundings(
        numbers=numbers_of(connection, list({row.subject for row in open_ if not row.ready})),
        ahead=_ahead(connection, open_),
        pauses=pauses_of(connection, {row.connection for row in open_}),
        transmissions={row.id: row for row in found},
        attempts=_attempts(connection, sent),
        failures=_failures(connection, [row.id for row in rows]),
        now=now,
    )


def _ahead(connection: Connection, rows: Sequence[AnyRow]) -> dict[str, AnyRow]:
    """For each delivery the first open one before it in its lane."""
    if not rows:
        return {}
    earlier = delivery.alias("earlier")
    first = (
        select(delivery.c.id, func.min(earlier.c.lane).label("lane"))
        .select_from(delivery)
        .join(
            earlier,
            (earlier.c.subject == delivery.c.subject)
            & (earlier.c.connection == delivery.c.connection)
            & (earlier.c.lane < delivery.c.lane)
            & literal_in(earlier.c.state, OPEN_DELIVERIES),
        )
        .where(delivery.c.id.in_([row.id for row in rows]))
        .group_by(delivery.c.id)
        .subquery()
    )
    statement = (
        select(first.c.id.label("behind"), earlier.c.id, earlier.c.effect, earlier.c.state, earlier.c.connection)
        .select_from(first)
        .join(delivery, delivery.c.id == first.c.id)
        .join(
            earlier,
            (earlier.c.subject == delivery.c.subject)
            & (earlier.c.connection == delivery.c.connection)
            & (earlier.c.lane == first.c.lane),
        )
    )
    return {row.behind: row for row in connection.execute(statement)}


def _attempts(connection: Connection, transmissions: Sequence[str]) -> dict[str, list[Attempt]]:
    found: dict[str, list[Attempt]] = {}
    if not transmissions:
        return found
    statement = select(attempt).where(attempt.c.transmission.in_(transmissions)).order_by(attempt.c.number)
    for row in connection.execute(statement):
        answer = row.response or b""
        shown = Attempt(
            number=row.number,
            started_at=moment(row.started_at),
            ended_at=moment(row.ended_at),
            outcome=row.outcome,
            note=row.note,
            detail=row.detail,
            response=preview(answer, len(answer)).text[:_RESPONSE],
            worker=row.worker,
        )
        found.setdefault(row.transmission, []).append(shown)
    return found


def _failures(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    if not ids:
        return {}
    statement = select(failure.c.target, failure.c.id).where(failure.c.target.in_(ids), failure.c.closed_at.is_(None))
    return {row.target: row.id for row in connection.execute(statement)}


def _delivery(row: AnyRow, around: _Surroundings) -> Delivery:
    sent = around.transmissions.get(row.transmission)
    is_due = row.state in DUE_DELIVERIES
    return Delivery(
        id=row.id,
        document=row.document,
        connection=row.connection,
        system=row.system,
        effect=row.effect,
        route=row.route,
        mapping=row.mapping,
        state=row.state,
        reason=row.reason,
        waits=_waits(row, around) if is_due else [],
        next_at=moment(row.next_at) if is_due else None,
        created_at=moment(row.created_at),
        settled_at=moment(row.settled_at),
        transmission=row.transmission,
        idempotency_key=None if sent is None else sent.idempotency_key,
        size=None if sent is None else sent.size,
        failure=around.failures.get(row.id),
        attempts=around.attempts.get(row.transmission, []),
    )


def _waits(row: AnyRow, around: _Surroundings) -> list[Wait]:
    waits = [] if row.ready else _missing_numbers(row, around)
    ahead = around.ahead.get(row.id)
    if ahead is not None:
        text = f"waits behind '{ahead.effect}' to {ahead.connection} ({short(ahead.id)}), {_STANDS[ahead.state]}"
        waits.append(Wait("lane", text))
    if row.connection in around.pauses:
        waits.append(Wait("pause", f"{row.connection} is paused: {around.pauses[row.connection]}"))
    if row.next_at > around.now:
        first = ", which first looks up whether the last one arrived" if row.state == DeliveryState.SENDING else ""
        waits.append(Wait("retry", f"waits for its next try{first}", moment(row.next_at)))
    return waits


def _missing_numbers(row: AnyRow, around: _Surroundings) -> list[Wait]:
    known = around.numbers[row.subject]
    return [
        Wait("number", f"waits for {system}'s {kind} number")
        for system, kind in loads(row.needs or "[]")
        if (system, kind) not in known
    ]
