"""Makes documents again from their messages and applies them: for what waited, and for replay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select

from hub.contract.clock import Clock
from hub.contract.errors import CrossdockError
from hub.failures.notes import note_of
from hub.ledger.apply import Application
from hub.ledger.incoming import Incoming
from hub.runtime.lookups import CrosswalkBook
from hub.runtime.prepare import Preparer
from hub.store import Store, tables
from hub.store.bodies import read_stream
from hub.store.messages import ClaimedMessage
from hub.store.statements import literal_in, loads
from hub.store.states import OPEN_DOCUMENTS
from hub.workspace import Workspace

_DOCUMENTS = (
    select(
        tables.document.c.id.label("document_id"),
        tables.document.c.ordinal,
        tables.document.c.position,
        tables.document.c.seq,
        tables.document.c.created_at,
        tables.message,
    )
    .join(tables.message, tables.message.c.id == tables.document.c.message)
    .where(tables.document.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(tables.document.c.created_at, tables.document.c.id)
)
_STILL_OPEN = (
    select(tables.document.c.id)
    .where(
        tables.document.c.id.in_(bindparam("ids", expanding=True)),
        literal_in(tables.document.c.state, OPEN_DOCUMENTS),
    )
    .with_for_update()
)


class Reapply:
    """Applies documents again under one configuration; belongs to one thread."""

    def __init__(self, store: Store, workspace: Workspace, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._version = workspace.version
        self._rules = workspace.rules
        self._book = CrosswalkBook(workspace.crosswalks)
        self._preparer = Preparer(workspace, store, self._book)

    def apply(self, documents: Sequence[str], *, actor: str) -> int:
        """Make and apply these documents again, in the order in which they came; how many were still open."""
        if not documents:
            return 0
        with self._store.read() as connection:
            self._book.refresh(connection)
            rows = connection.execute(_DOCUMENTS, {"ids": list(documents)}).mappings().all()
            batch = [self._incoming(connection, row) for row in rows]
        with self._store.write() as connection:
            still_open = set(connection.execute(_STILL_OPEN, {"ids": list(documents)}).scalars())
            application = Application(
                connection, self._rules, now=self._clock.now(), config_version=self._version, actor=actor
            )
            application.apply([incoming for incoming in batch if incoming.id in still_open])
        return len(still_open)

    def _incoming(self, connection: Connection, row: Any) -> Incoming:
        message = ClaimedMessage(
            id=row["id"],
            connection=row["connection"],
            type=row["type"],
            name=row["name"],
            headers=loads(row["headers"]),
            size=row["size"],
            cursor=0,
            received_at=row["received_at"],
            fence=row["fence"],
            claims=0,
        )
        try:
            incoming = self._preparer.prepare_one(message, read_stream(connection, message.id), row["ordinal"])
        except CrossdockError as error:
            incoming = Incoming(message.id, message.connection, message.connection, row["ordinal"], row["position"])
            incoming.failure = note_of(error, connection=message.connection)
        incoming.id = row["document_id"]
        incoming.exists = True
        incoming.seq = row["seq"]
        incoming.created_at = row["created_at"]
        return incoming
