"""Documents that wait for a number to become known.

They belong to no subject yet, but once their number does they come before whatever arrived
after them: a later delta waits until they are settled.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, select

from hub.ledger.incoming import Incoming
from hub.ledger.unit import ReferenceKey, Subject
from hub.store import tables
from hub.store.statements import Row, insert_rows, unique
from hub.store.texts import misfit

_FIND = (
    select(tables.awaited, tables.document.c.created_at)
    .join(tables.document, tables.document.c.id == tables.awaited.c.document)
    .where(tables.awaited.c.value.in_(bindparam("values", expanding=True)))
)


@dataclass(frozen=True, slots=True)
class _Waiting:
    document: str
    created_at: int


class Awaiting:
    """What waits for numbers, as one transaction finds and leaves it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: dict[ReferenceKey, list[_Waiting]] = {}
        self._looked_up: set[str] = set()
        self._new: list[Row] = []

    def find(self, values: Iterable[str]) -> None:
        """Look up what waits for these numbers, unless that was done before."""
        wanted = unique(value for value in values if value not in self._looked_up and misfit(value) is None)
        if not wanted:
            return
        self._looked_up.update(wanted)
        for row in self._connection.execute(_FIND, {"values": wanted}):
            key = (row.system, row.kind, row.scope, row.value)
            self._waiting.setdefault(key, []).append(_Waiting(row.document, row.created_at))

    def add(self, incoming: Incoming, *, at: int) -> None:
        """Let a document wait for its number."""
        system, kind, scope, value = key = incoming.reference_key()
        self._waiting.setdefault(key, []).append(_Waiting(incoming.id, incoming.created_at or at))
        self._new.append({"document": incoming.id, "system": system, "kind": kind, "scope": scope, "value": value})

    def forget(self, incoming: Incoming) -> None:
        """Leave out a document that is taken up again."""
        if incoming.exists and incoming.identity is not None:
            key = incoming.reference_key()
            self._waiting[key] = [one for one in self._waiting.get(key, []) if one.document != incoming.id]

    def precedes(self, incoming: Incoming, subject: Subject) -> bool:
        """Whether something that waits for a number of the subject came before a document about it."""
        self.find(key[3] for key in subject.references)
        waiting = (one for key in subject.references for one in self._waiting.get(key, ()))
        return any(not incoming.exists or _came_before(one, incoming) for one in waiting)

    def write(self, taken_up: list[str]) -> None:
        """Write what waits from now on, in place of what documents taken up again waited for."""
        if taken_up:
            self._connection.execute(delete(tables.awaited).where(tables.awaited.c.document.in_(taken_up)))
        insert_rows(self._connection, tables.awaited, self._new)


def _came_before(waiting: _Waiting, incoming: Incoming) -> bool:
    return (waiting.created_at, waiting.document) < (incoming.created_at or 0, incoming.id)
