"""What a connection may have under way at once, over all workers of the hub.

Each worker notes beside the connection how much it may have under way, in the transaction that
claims, and takes no more than the notes of all leave room for; those that raise their notes take
turns. So the limit holds without a broker and while one is away. The notes of a killed worker count
for as long as the leases of what it held: until then its requests may still be with the counterpart.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Connection, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from hub.runtime.dispatch import roll
from hub.store.deliveries import ClaimedDelivery
from hub.store.engine import database_now
from hub.store.tables import connection_state

Claimed = list[ClaimedDelivery]
Claim = Callable[[Mapping[str, int]], Claimed]
"""Claims up to so many deliveries a connection."""

_KEY = "under_way:"
_COUNT_SECONDS = 2.0
# Any number that nothing else in the hub's database locks.
_TURN = select(func.pg_advisory_xact_lock(0x63726F7373))

_NOTES = select(connection_state.c.connection, connection_state.c.key, connection_state.c.value).where(
    connection_state.c.connection.in_(bindparam("names", expanding=True)),
    connection_state.c.key.startswith(_KEY, autoescape=True),
    connection_state.c.at > database_now() - bindparam("length", type_=BigInteger),
)


@dataclass(frozen=True, slots=True)
class _Notes:
    """What is noted a connection, by this worker and by all others together."""

    own: Counter[str]
    others: Counter[str]


class Slots:
    """The share of one worker; belongs to one thread. `length` is in microseconds, that of a delivery's lease.

    An even share of each limit, rounded down, is reserved by a note that holds for a while, so that most
    claims ask nobody. What is left over is noted as it is used, a claim at a time.
    """

    def __init__(self, limits: Mapping[str, int], owner: str, *, length: int) -> None:
        self._limits = limits
        self._key = f"{_KEY}{owner}"
        self._length = length
        self._reserved: Mapping[str, int] = {}
        self._reserved_until = float("-inf")
        self._asked: Mapping[str, int] | None = None
        self._workers = 1
        self._counted_at = float("-inf")
        self.full = False
        """Whether the last claim took all it could for a connection, so that others may find more."""

    def claim(
        self, connection: Connection, under_way: Mapping[str, int], names: Iterable[str], claim: Claim
    ) -> Claimed:
        """Claim for the connections `names`, with so much of this worker's under way a connection.

        Once the transaction is committed, `kept` is to be called.
        """
        self._asked = None
        if not under_way:
            return []
        self._count_workers(connection)
        if self._is_reserved(under_way, names):
            return self._take({name: self._reserved[name] - under_way[name] for name in names}, claim)
        if connection.dialect.name == "postgresql":
            connection.execute(_TURN)
        notes = self._notes(connection, under_way)
        claimed = self._take(self._room(under_way, names, notes), claim)
        taken = Counter(one.connection for one in claimed)
        used = {name: count + taken[name] for name, count in under_way.items()}
        self._asked = {
            name: max(count, min(self._base(name), self._limits[name] - notes.others[name]))
            for name, count in used.items()
        }
        self._note(connection, {name: count for name, count in self._asked.items() if count or notes.own[name]})
        return claimed

    def kept(self) -> None:
        """The transaction of the last claim is committed, so what it noted is reserved."""
        if self._asked is not None:
            self._reserved, self._asked = self._asked, None
            self._reserved_until = time.monotonic() + self._length / 3_000_000

    def renew(self, connection: Connection) -> None:
        """Let the notes hold on, together with the leases."""
        statement = update(connection_state).where(connection_state.c.key == self._key)
        connection.execute(statement.values(at=database_now()))

    def _is_reserved(self, under_way: Mapping[str, int], names: Iterable[str]) -> bool:
        """Whether each connection's even share is reserved, and none can have more than that."""
        if time.monotonic() > self._reserved_until:
            return False
        return all(
            self._reserved.get(name) == self._base(name)
            and (under_way[name] < self._base(name) or self._base(name) == self._share(name))
            for name in names
        )

    def _base(self, name: str) -> int:
        return self._limits[name] // self._workers

    def _share(self, name: str) -> int:
        return -(-self._limits[name] // self._workers)

    def _take(self, room: Mapping[str, int], claim: Claim) -> Claimed:
        claimed = claim({name: free for name, free in room.items() if free > 0})
        taken = Counter(one.connection for one in claimed)
        self.full = any(count == room[name] for name, count in taken.items())
        return claimed

    def _notes(self, connection: Connection, under_way: Mapping[str, int]) -> _Notes:
        notes = _Notes(Counter(), Counter())
        for row in connection.execute(_NOTES, {"names": list(under_way), "length": self._length}):
            kept = notes.own if row.key == self._key else notes.others
            kept[row.connection] += int(row.value)
        return notes

    def _room(self, under_way: Mapping[str, int], names: Iterable[str], notes: _Notes) -> dict[str, int]:
        """What this worker may claim: its even share, rounded up, and no more than others have left."""
        return {
            name: min(self._share(name), self._limits[name] - notes.others[name]) - under_way[name] for name in names
        }

    def _count_workers(self, connection: Connection) -> None:
        now = time.monotonic()
        if now - self._counted_at > _COUNT_SECONDS:
            self._workers = max(1, roll.at_work(connection))
            self._counted_at = now

    def _note(self, connection: Connection, counts: Mapping[str, int]) -> None:
        rows = [{"name": name, "own": self._key, "count": str(count)} for name, count in counts.items()]
        if rows:
            connection.execute(_keep(connection.dialect.name), rows)


def release(connection: Connection, owner: str | None = None) -> None:
    """Forget what a worker that has ended had under way, or all workers. Only where it is certain that they ended."""
    key = connection_state.c.key
    theirs = key.startswith(_KEY, autoescape=True) if owner is None else key == f"{_KEY}{owner}"
    connection.execute(delete(connection_state).where(theirs))


@cache
def _keep(dialect: str) -> Any:
    make: Any = sqlite_insert if dialect == "sqlite" else postgresql_insert
    statement = make(connection_state).values(
        connection=bindparam("name"), key=bindparam("own"), value=bindparam("count"), at=database_now()
    )
    new = {"value": statement.excluded.value, "at": statement.excluded["at"]}
    return statement.on_conflict_do_update(index_elements=["connection", "key"], set_=new)
