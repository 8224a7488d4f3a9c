"""Messages as the drain works on them: claimed under a lease with a fence, then settled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, or_, select, update

from hub.store.engine import database_now
from hub.store.statements import literal_in, loads
from hub.store.states import MessageState
from hub.store.tables import message


@dataclass(frozen=True, slots=True)
class ClaimedMessage:
    """A message that this worker holds.

    `fence` must still be the row's when it is settled; `claims` counts how often it was claimed
    since it last got anywhere.
    """

    id: str
    connection: str
    type: str
    name: str
    headers: dict[str, str]
    size: int
    cursor: int
    received_at: int
    fence: int
    claims: int


_DUE = (
    select(message.c.id)
    .where(
        literal_in(message.c.state, [MessageState.RECEIVED]),
        or_(message.c.lease_until.is_(None), message.c.lease_until < database_now()),
    )
    .order_by(message.c.received_at, message.c.id)
    .limit(bindparam("how_many"))
)
# A common table expression is run once; PostgreSQL may run a subquery for each row, with a new LIMIT each time.
_CHOSEN = _DUE.with_for_update(skip_locked=True).cte("chosen")
_CLAIM = (
    update(message)
    .where(message.c.id.in_(select(_CHOSEN.c.id)))
    .values(
        lease_owner=bindparam("owner"),
        lease_until=database_now() + bindparam("lease"),
        fence=message.c.fence + 1,
        claims=message.c.claims + 1,
    )
    .returning(*[message.c[name] for name in ClaimedMessage.__slots__])
)
_ADVANCE = (
    update(message)
    .where(
        message.c.id == bindparam("message_id"),
        message.c.fence == bindparam("held_fence"),
        message.c.lease_owner.is_not(None),
    )
    .values(
        state=bindparam("new_state"),
        reason=bindparam("why"),
        cursor=bindparam("new_cursor"),
        drained_at=bindparam("now"),
        claims=0,
        lease_owner=None,
        lease_until=None,
    )
)


class LeaseLost(Exception):
    """Another worker took over; what was done since is rolled back."""


def any_due(connection: Connection) -> bool:
    """Whether there is a message to claim; only reads."""
    return connection.execute(_DUE, {"how_many": 1}).first() is not None


def claim(connection: Connection, owner: str, *, how_many: int, lease: int) -> list[ClaimedMessage]:
    """Claim messages for `lease` microseconds, in the order in which they arrived."""
    rows = connection.execute(_CLAIM, {"how_many": how_many, "owner": owner, "lease": lease}).mappings()
    claimed = [ClaimedMessage(**{**row, "headers": loads(row["headers"])}) for row in rows]
    return sorted(claimed, key=lambda one: (one.received_at, one.id))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a message was read: its state from now on, why, and how many trees are settled."""

    message: ClaimedMessage
    state: MessageState
    cursor: int
    reason: str | None = None


def settle(connection: Connection, progress: Sequence[Progress], *, now: int) -> None:
    """Record how far messages were read and give them back; LeaseLost if one is held by another."""
    parameters: list[dict[str, Any]] = [
        {
            "message_id": one.message.id,
            "held_fence": one.message.fence,
            "new_state": one.state,
            "why": one.reason,
            "new_cursor": one.cursor,
            "now": now,
        }
        for one in progress
    ]
    if parameters and connection.execute(_ADVANCE, parameters).rowcount != len(parameters):
        raise LeaseLost


def keep_cursor(connection: Connection, held: ClaimedMessage, cursor: int, *, lease: int) -> None:
    """Record how far a large message was read, and hold it for `lease` microseconds more."""
    statement = (
        update(message)
        .where(message.c.id == held.id, message.c.fence == held.fence, message.c.lease_owner.is_not(None))
        .values(cursor=cursor, claims=0, lease_until=database_now() + lease)
    )
    if connection.execute(statement).rowcount != 1:
        raise LeaseLost


def release(connection: Connection, owner: str | None = None) -> None:
    """Free what a dead worker held; without a name what all did. Only where it is certain that they are dead."""
    held = message.c.lease_owner.is_not(None) if owner is None else message.c.lease_owner == owner
    connection.execute(update(message).where(held).values(lease_owner=None, lease_until=None))
