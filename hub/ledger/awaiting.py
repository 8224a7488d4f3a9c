"""Documents that wait for a number to become known.

They belong to no subject yet. Once one has their number they are taken over by it, in the
order in which they came and before whatever arrives later: they get their `seq` then, and go on
when their turn comes.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, delete, select, update

from hub.store import tables
from hub.store.statements import Row, insert_rows, unique
from hub.store.states import DocumentState

ReferenceKey = tuple[str, str, str, str]
"""(system, kind, scope, value)."""

IN_ITS_TURN = "What it is about is known by now; it is taken up in its turn."
"""The reason with which what waited for its number goes on waiting."""

_document = tables.document.c
_FIND = (
    select(
        tables.awaited,
        _document.kind.label("document_kind"),
        *(_document[name] for name in ("id", "source", "intent", "revision", "state", "created_at")),
    )
    .join(tables.document, _document.id == tables.awaited.c.document)
    .where(tables.awaited.c.value.in_(bindparam("values", expanding=True)))
    .order_by(_document.created_at, _document.id)
)
# Whoever ended the wait meanwhile, since it took too long, is not contradicted.
_TAKE_OVER = (
    update(tables.document)
    .where(_document.id == bindparam("document_id"), _document.state == DocumentState.WAITING)
    .values(subject=bindparam("new_subject"), seq=bindparam("new_seq"), reason=IN_ITS_TURN, waiting_until=None)
)


class Awaiting:
    """What waits for numbers, as one transaction finds and leaves it.

    A waiting document is its row, or as much of it as lanes are decided by: `id`, `kind`,
    `source`, `intent`, `revision`, `state`, `created_at`, and from `take_over` on `seq`.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: dict[ReferenceKey, list[Row]] = {}
        self._looked_up: set[str] = set()
        self._new: dict[str, Row] = {}
        self._over: set[str] = set()
        self._taken_over: list[Row] = []

    def find(self, values: Iterable[str]) -> None:
        """Look up what waits for these numbers, unless that was done before."""
        wanted = unique(value for value in values if value not in self._looked_up)
        if not wanted:
            return
        self._looked_up.update(wanted)
        for found in self._connection.execute(_FIND, {"values": wanted}).mappings():
            if found["id"] not in self._over:
                key = (found["system"], found["kind"], found["scope"], found["value"])
                self._waiting.setdefault(key, []).append({**found, "kind": found["document_kind"]})

    def add(self, key: ReferenceKey, document: Row) -> None:
        """Let a document wait; its row is yet to be written."""
        system, kind, scope, value = key
        row = {"document": document["id"], "system": system, "kind": kind, "scope": scope, "value": value}
        self._new[document["id"]] = row
        self._waiting.setdefault(key, []).append(document)

    def end(self, document: str) -> None:
        """Let a document wait no longer: it is taken up again by itself."""
        self._over.add(document)
        self._taken_over = [row for row in self._taken_over if row["document_id"] != document]
        for key, waiting in self._waiting.items():
            self._waiting[key] = [row for row in waiting if row["id"] != document]

    def pop(self, keys: Iterable[ReferenceKey]) -> list[Row]:
        """What waits for these numbers, which are known now, in the order in which it came."""
        keys = list(keys)
        self.find(key[3] for key in keys)
        return [document for key in keys for document in self._waiting.pop(key, [])]

    def take_over(self, document: Row, subject: str, seq: int) -> None:
        """Give a document that waited its place in a subject's lane."""
        document.update(subject=subject, seq=seq, reason=IN_ITS_TURN, waiting_until=None)
        if self._new.pop(document["id"], None) is None:
            self._over.add(document["id"])
            self._taken_over.append({"document_id": document["id"], "new_subject": subject, "new_seq": seq})

    def write(self) -> None:
        """Write who waits from now on, and who does no longer."""
        if self._over:
            self._connection.execute(delete(tables.awaited).where(tables.awaited.c.document.in_(self._over)))
        if self._taken_over:
            self._connection.execute(_TAKE_OVER, self._taken_over)
        insert_rows(self._connection, tables.awaited, list(self._new.values()))
