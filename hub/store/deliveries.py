"""Deliveries as workers act on them: due, claimed under a lease with a fence, frozen, settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, bindparam, exists, func, or_, select, update

from hub.store.engine import database_now
from hub.store.statements import Row, literal_in
from hub.store.states import DUE_DELIVERIES, OPEN_DELIVERIES, DeliveryState
from hub.store.tables import attempt, delivery
from hub.store.texts import shown

_earlier = delivery.alias("earlier")


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A delivery that this worker holds. `fence` must still be the row's when it is settled."""

    id: str
    document: str
    subject: str
    connection: str
    system: str
    route: str
    mapping: str
    effect: str
    state: str
    transmission: str | None
    revision: int
    attempts: int
    tries: int
    created_at: int
    fence: int


_IS_DUE = and_(
    literal_in(delivery.c.state, DUE_DELIVERIES),
    delivery.c.ready.is_(True),
    delivery.c.next_at <= bindparam("at"),
    or_(delivery.c.lease_until.is_(None), delivery.c.lease_until < database_now()),
    ~exists().where(
        _earlier.c.subject == delivery.c.subject,
        _earlier.c.connection == delivery.c.connection,
        _earlier.c.lane < delivery.c.lane,
        literal_in(_earlier.c.state, OPEN_DELIVERIES),
    ),
)
_ANY_DUE = (
    select(delivery.c.connection)
    .where(_IS_DUE, delivery.c.connection.in_(bindparam("connections", expanding=True)))
    .limit(1)
)
_DUE = (
    select(delivery.c.id)
    .where(_IS_DUE, delivery.c.connection == bindparam("to"))
    .order_by(delivery.c.next_at, delivery.c.id)
    .limit(bindparam("how_many"))
)
# A common table expression is run once; PostgreSQL may run a subquery for each row, with a new LIMIT each time.
_CHOSEN = _DUE.with_for_update(skip_locked=True, of=delivery).cte("chosen")
_CLAIM = (
    update(delivery)
    .where(delivery.c.id.in_(select(_CHOSEN.c.id)))
    .values(
        lease_owner=bindparam("owner"),
        lease_until=database_now() + bindparam("lease"),
        fence=delivery.c.fence + 1,
    )
    .returning(*[delivery.c[name] for name in ClaimedDelivery.__slots__])
)
_FENCES = (
    select(delivery.c.id, delivery.c.fence)
    .where(delivery.c.id.in_(bindparam("ids", expanding=True)), delivery.c.lease_owner.is_not(None))
    .order_by(delivery.c.id)
    .with_for_update()
)
_OPEN_ATTEMPT = (
    update(delivery)
    .where(delivery.c.id == bindparam("delivery_id"))
    .values(
        state=DeliveryState.SENDING,
        transmission=bindparam("frozen"),
        attempts=bindparam("attempt_number"),
        tries=bindparam("try_number"),
        # A retry sends what is frozen, and keeps what was looked up for it.
        lookups=func.coalesce(bindparam("answers"), delivery.c.lookups),
    )
)
_SETTLE = (
    update(delivery)
    .where(delivery.c.id == bindparam("delivery_id"))
    .values(
        state=bindparam("new_state"),
        reason=bindparam("why"),
        next_at=bindparam("again_at"),
        settled_at=bindparam("settled"),
        lease_owner=None,
        lease_until=None,
    )
)
_CLOSE_ATTEMPT = (
    update(attempt)
    .where(attempt.c.transmission == bindparam("sent"), attempt.c.number == bindparam("attempt_number"))
    .values(
        ended_at=bindparam("ended"),
        outcome=bindparam("result"),
        note=bindparam("said"),
        detail=bindparam("more"),
        response=bindparam("answer"),
    )
)


def any_due(connection: Connection, connections: Sequence[str], *, now: int) -> bool:
    """Whether one of these connections has something to be delivered; only reads."""
    if not connections:
        return False
    return connection.execute(_ANY_DUE, {"at": now, "connections": list(connections)}).first() is not None


def claim(
    connection: Connection, capacity: Mapping[str, int], owner: str, *, now: int, lease: int
) -> list[ClaimedDelivery]:
    """Claim what is due, as many a connection as it has capacity for, each lane's first only."""
    claimed: list[ClaimedDelivery] = []
    for name, how_many in capacity.items():
        parameters = {"to": name, "how_many": how_many, "owner": owner, "at": now, "lease": lease}
        claimed.extend(ClaimedDelivery(**row) for row in connection.execute(_CLAIM, parameters).mappings())
    return claimed


def still_held(connection: Connection, fences: Mapping[str, int]) -> set[str]:
    """Which of these deliveries, id to fence, are neither settled nor another worker's; they are locked."""
    if not fences:
        return set()
    rows = connection.execute(_FENCES, {"ids": sorted(fences)})
    return {row.id for row in rows if row.fence == fences[row.id]}


def open_attempts(connection: Connection, rows: Sequence[Row]) -> None:
    """Mark deliveries as being sent: delivery_id, frozen, attempt_number, try_number, answers each."""
    if rows:
        connection.execute(_OPEN_ATTEMPT, list(rows))


def settle(connection: Connection, rows: Sequence[Row]) -> None:
    """Set states and give the leases back: delivery_id, new_state, why, again_at, settled each."""
    if rows:
        connection.execute(_SETTLE, list(rows))


def close_attempts(connection: Connection, rows: Sequence[Row]) -> None:
    """Record how attempts ended: sent, attempt_number, ended, result, said, more, answer each.

    What was said is shown to people, and a counterpart may have said anything.
    """
    if rows:
        texts = [{name: None if row[name] is None else shown(row[name]) for name in ("said", "more")} for row in rows]
        connection.execute(_CLOSE_ATTEMPT, [{**row, **said} for row, said in zip(rows, texts, strict=True)])


def renew(connection: Connection, fences: Mapping[str, int], *, lease: int) -> None:
    """Hold those of these deliveries, id to fence, that are still held for `lease` microseconds more."""
    held = still_held(connection, fences)
    if held:
        statement = update(delivery).where(delivery.c.id.in_(held))
        connection.execute(statement.values(lease_until=database_now() + lease))


def release(connection: Connection, owner: str | None = None) -> None:
    """Free what a dead worker held; without a name what all did. Only where it is certain that they are dead."""
    held = delivery.c.lease_owner.is_not(None) if owner is None else delivery.c.lease_owner == owner
    connection.execute(update(delivery).where(held).values(lease_owner=None, lease_until=None))
