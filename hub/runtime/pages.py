"""Intake of pulls: a page of items and its cursor become durable together.

A body that comes in pieces (a file) is staged first, in transactions of a few megabytes, so
that a slow counterpart never holds the database's write lock. What a killed process left
staged is removed at the connection's next pull; only one runs at a time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, delete

from hub.contract.clock import Clock
from hub.contract.connector import Item, Page
from hub.contract.errors import CrossdockError, TransientError
from hub.contract.ids import new_id
from hub.runtime.intake import Accepted, claim_keys, message_row
from hub.store import Store, tables
from hub.store.bodies import CHUNK, rows_of
from hub.store.connections import read_state, write_state
from hub.store.statements import Row, insert_rows
from hub.telemetry.logs import logger

CURSOR_KEY = "cursor"
"""Where a connection's pull cursor is kept among its notes."""

_STAGED_KEY = "staged"
_STAGE_BYTES = 4 * 1024 * 1024


@dataclass(slots=True)
class _Staged:
    id: str
    item: Item
    size: int
    sha256: str
    rows: list[Row]
    in_parts: bool = False
    """Whether parts of the body are written already."""


class PageStore:
    """Stores the pages of one connection's pulls."""

    def __init__(self, store: Store, clock: Clock, connection: str) -> None:
        self._store = store
        self._clock = clock
        self._connection = connection
        self._log = logger("pull").bind(connection=connection)

    def cursor(self) -> str | None:
        """The cursor of the last page that was stored."""
        with self._store.read() as connection:
            return read_state(connection, self._connection, CURSOR_KEY)

    def store(self, page: Page) -> list[tuple[Item, Accepted]]:
        """Store the items and the cursor; durable when this returns, and then to be acknowledged.

        An item whose body cannot be read to its end is left out, with a line in the log: the
        counterpart still has it, and offers it again or has put it aside.
        """
        self._discard_leftovers()
        staged = [one for one in map(self._try_stage, page.items) if one is not None]
        with self._store.write() as connection:
            self._require_staged(connection, staged)
            accepted = [(one.item, self._insert(connection, one)) for one in staged]
            if page.cursor is not None:
                self._note(connection, CURSOR_KEY, page.cursor)
            if any(not isinstance(item.body, bytes) for item in page.items):
                self._note(connection, _STAGED_KEY, "")
        return accepted

    def _require_staged(self, connection: Connection, staged: list[_Staged]) -> None:
        """Whoever pulled meanwhile took what was staged here for leftovers: then nothing of it may stand."""
        noted = (read_state(connection, self._connection, _STAGED_KEY) or "").split()
        gone = [one.item.name for one in staged if one.in_parts and one.id not in noted]
        if gone:
            raise TransientError(f"Another worker pulled while {', '.join(gone)} was read; it is read again.")

    def _try_stage(self, item: Item) -> _Staged | None:
        try:
            return self._stage(item)
        except CrossdockError as error:
            self._log.warning("could not be read", name=item.name, code=error.code, reason=error.message)
            return None

    def _stage(self, item: Item) -> _Staged:
        id_ = new_id()
        if isinstance(item.body, bytes):
            digest = hashlib.sha256(item.body).hexdigest()
            return _Staged(id_, item, len(item.body), digest, rows_of(id_, item.body))
        return self._stage_stream(id_, item, item.body)

    def _stage_stream(self, id_: str, item: Item, pieces: Iterable[bytes]) -> _Staged:
        digest = hashlib.sha256()
        size = 0
        rows: list[Row] = []
        for number, data in enumerate(_rechunked(pieces)):
            digest.update(data)
            size += len(data)
            rows.append({"owner": id_, "chunk": number, "data": data})
            if len(rows) * CHUNK >= _STAGE_BYTES:
                self._write_stage(id_, rows)
                rows = []
        in_parts = len(rows) * CHUNK < size
        return _Staged(id_, item, size, digest.hexdigest(), rows if size else rows_of(id_, b""), in_parts)

    def _write_stage(self, id_: str, rows: list[Row]) -> None:
        with self._store.write() as connection:
            staged = read_state(connection, self._connection, _STAGED_KEY) or ""
            if id_ not in staged.split():
                self._note(connection, _STAGED_KEY, f"{staged} {id_}")
            insert_rows(connection, tables.body, rows)

    def _insert(self, connection: Connection, staged: _Staged) -> Accepted:
        row = message_row(
            staged.id,
            self._connection,
            staged.item,
            size=staged.size,
            sha256=staged.sha256,
            at=self._clock.now(),
        )
        first = claim_keys(connection, [row])[staged.id]
        if first != staged.id:
            connection.execute(delete(tables.body).where(tables.body.c.owner == staged.id))
            return Accepted(first, duplicate=True)
        insert_rows(connection, tables.body, staged.rows)
        insert_rows(connection, tables.message, [row])
        return Accepted(staged.id, duplicate=False)

    def _discard_leftovers(self) -> None:
        with self._store.read() as connection:
            left = (read_state(connection, self._connection, _STAGED_KEY) or "").split()
        if left:
            with self._store.write() as connection:
                connection.execute(delete(tables.body).where(tables.body.c.owner.in_(left)))
                self._note(connection, _STAGED_KEY, "")

    def _note(self, connection: Connection, key: str, value: str) -> None:
        write_state(connection, self._connection, key, value, at=self._clock.now())


def _rechunked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    buffer = bytearray()
    for piece in pieces:
        buffer += piece
        while len(buffer) >= CHUNK:
            yield bytes(buffer[:CHUNK])
            del buffer[:CHUNK]
    if buffer:
        yield bytes(buffer)
