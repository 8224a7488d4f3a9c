"""Drain: takes stored messages and turns them into documents, ledger events and deliveries.

A batch is claimed under a lease, decoded and mapped outside any transaction, and written in
one short one. A message too large for memory is settled piece by piece, with its cursor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError

from hub.contract.clock import Clock
from hub.contract.errors import RejectedMessage
from hub.failures.notes import note_of
from hub.ledger.apply import Application
from hub.ledger.incoming import Incoming
from hub.runtime.lookups import CrosswalkBook
from hub.runtime.prepare import Preparer
from hub.store import Store, messages, tables
from hub.store.bodies import CHUNK, read_small, read_stream
from hub.store.failures import FailureNote, close_failures, failure_row
from hub.store.messages import ClaimedMessage, LeaseLost, Progress
from hub.store.statements import insert_rows
from hub.store.states import MessageState
from hub.telemetry.logs import logger
from hub.workspace import Workspace

LEASE = 60_000_000
"""Microseconds for which a batch is held."""

PIECE = 200
"""How many documents one transaction takes at most."""

MOST_CLAIMS = 10
"""How often a message is claimed before it is held to be what its workers die of."""

_TRIES = 3

_UNAVAILABLE = (OperationalError, InterfaceError)
"""The database could not, whatever the message says: it is away, full, or chose this transaction to end a deadlock."""


@dataclass(slots=True)
class _Read:
    """A message that was read to its end, or to where it could not be read on."""

    message: ClaimedMessage
    incoming: list[Incoming]
    failure: FailureNote | None = None

    def progress(self) -> Progress:
        cursor = self.message.cursor + len(self.incoming)
        if self.failure is None:
            return Progress(self.message, MessageState.DONE, cursor)
        return Progress(self.message, MessageState.DEAD, cursor, self.failure.text)


class Drain:
    """Drains under one configuration; belongs to one thread."""

    def __init__(self, store: Store, workspace: Workspace, clock: Clock, owner: str) -> None:
        self._store = store
        self._clock = clock
        self._owner = owner
        self._version = workspace.version
        self._batch = workspace.settings.limits.batch
        self._rules = workspace.rules
        self._book = CrosswalkBook(workspace.crosswalks)
        self._preparer = Preparer(workspace, store, self._book)
        self._log = logger("drain")

    def run_once(self) -> int:
        """Drain one batch; how many messages it took, 0 if none was due."""
        claimed = self._claim()
        small = [message for message in claimed if message.size <= CHUNK]
        if small:
            self._drain_small(small)
        for message in claimed:
            if message.size > CHUNK:
                self._drain_large(message)
        return len(claimed)

    def _claim(self) -> list[ClaimedMessage]:
        with self._store.read() as connection:
            if not messages.any_due(connection):
                return []
            self._book.refresh(connection)
        with self._store.write() as connection:
            return messages.claim(connection, self._owner, how_many=self._batch, lease=LEASE)

    def _drain_small(self, claimed: list[ClaimedMessage]) -> None:
        with self._store.read() as connection:
            bodies = read_small(connection, [message.id for message in claimed])
        self._write_batch([self._read(message, bodies[message.id]) for message in claimed])

    def _read(self, message: ClaimedMessage, body: bytes) -> _Read:
        read = _Read(message, [])
        try:
            self._refuse_poison(message)
            read.incoming.extend(self._preparer.prepare(message, [body]))
        except Exception as error:  # noqa: BLE001 - a fault of a format must not hold up other messages
            read.failure = note_of(error, connection=message.connection)
        return read

    def _refuse_poison(self, message: ClaimedMessage) -> None:
        """A message whose workers died again and again is what they died of."""
        if message.claims > MOST_CLAIMS:
            raise RejectedMessage(
                f"Its worker stopped {MOST_CLAIMS} times while it was being read; it is put aside so that others go on."
            )

    def _write_batch(self, batch: list[_Read]) -> None:
        """Write a batch; if that fails, each message alone, so that a bad one leaves the batch.

        Where the database fails, its error is raised and the messages are taken again later.
        """
        try:
            self._write(lambda connection: self._write_in(connection, batch))
        except LeaseLost:
            self._log.warning("lease lost", messages=[read.message.id for read in batch])
        except _UNAVAILABLE:
            raise
        except Exception as error:  # noqa: BLE001 - one message must not hold up the others
            if len(batch) == 1:
                self._bury(batch[0].message, error)
                return
            self._log.warning("batch failed, writing its messages one by one", error=repr(error))
            for read in batch:
                self._write_batch([read])
        else:
            self._tell(batch)

    def _tell(self, batch: list[_Read]) -> None:
        """One line for what became a dead letter, one at level debug for everything else."""
        for read in batch:
            if read.failure is not None:
                self._log.warning("message dead", message=read.message.id, reason=read.failure.text)
            for one in read.incoming:
                log = self._log.bind(message=one.message, document=one.id, subject=one.subject)
                if one.failure is None:
                    log.debug("drained", kind=one.kind)
                else:
                    log.warning("document dead", reason=one.failure.text)

    def _write(self, work: Callable[[Connection], None]) -> None:
        """One transaction. Workers that open one subject at once collide on its reference: the later one tries again.

        So does one whose transaction the database ended, and one whose connection was stale.
        """
        for remaining in reversed(range(_TRIES)):
            try:
                with self._store.write() as connection:
                    work(connection)
            except (IntegrityError, *_UNAVAILABLE):
                if not remaining:
                    raise
            else:
                return

    def _write_in(self, connection: Connection, batch: Sequence[_Read]) -> None:
        now = self._clock.now()
        messages.settle(connection, [read.progress() for read in batch], now=now)
        self._apply(connection, [incoming for read in batch for incoming in read.incoming], now)
        dead = [
            failure_row(
                read.failure,
                kind="message",
                target=read.message.id,
                message=read.message.id,
                subject=None,
                connection=read.message.connection,
                at=now,
            )
            for read in batch
            if read.failure is not None
        ]
        insert_rows(connection, tables.failure, dead)

    def _apply(self, connection: Connection, incoming: Sequence[Incoming], now: int) -> None:
        application = Application(connection, self._rules, now=now, config_version=self._version)
        application.apply(incoming)

    def _bury(self, message: ClaimedMessage, error: Exception) -> None:
        self._log.error("message could not be applied", message=message.id, error=repr(error))
        failure = note_of(error, connection=message.connection)
        with self._store.write() as connection:
            self._write_in(connection, [_Read(message, [], failure)])

    def _drain_large(self, message: ClaimedMessage) -> None:
        cursor = message.cursor
        try:
            self._refuse_poison(message)
            with self._store.read() as reading:
                for piece in _pieces(self._preparer.prepare(message, read_stream(reading, message.id))):
                    cursor += len(piece)
                    self._write_piece(message, piece, cursor)
        except LeaseLost:
            self._log.warning("lease lost", messages=[message.id])
            return
        except _UNAVAILABLE:
            raise
        except Exception as error:  # noqa: BLE001 - a fault of a format must not hold up other messages
            failure = note_of(error, connection=message.connection)
            self._finish(message, cursor, failure)
            return
        self._finish(message, cursor, None)

    def _write_piece(self, message: ClaimedMessage, piece: list[Incoming], cursor: int) -> None:
        def work(connection: Connection) -> None:
            messages.keep_cursor(connection, message, cursor, lease=LEASE)
            self._apply(connection, piece, self._clock.now())

        self._write(work)

    def _finish(self, message: ClaimedMessage, cursor: int, failure: FailureNote | None) -> None:
        now = self._clock.now()
        state = MessageState.DONE if failure is None else MessageState.DEAD
        reason = None if failure is None else failure.text
        with self._store.write() as connection:
            messages.settle(connection, [Progress(message, state, cursor, reason)], now=now)
            if failure is None:
                close_failures(connection, [message.id], by="hub", at=now)
                return
            row = failure_row(
                failure,
                kind="message",
                target=message.id,
                message=message.id,
                subject=None,
                connection=message.connection,
                at=now,
            )
            insert_rows(connection, tables.failure, [row])


def _pieces(incoming: Iterator[Incoming]) -> Iterator[list[Incoming]]:
    """The same in lists; what was read before an error is given out before the error is raised."""
    piece: list[Incoming] = []
    try:
        for one in incoming:
            piece.append(one)
            if len(piece) == PIECE:
                full, piece = piece, []
                yield full
    except Exception:
        if piece:
            yield piece
        raise
    if piece:
        yield piece
