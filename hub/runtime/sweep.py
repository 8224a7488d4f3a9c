"""Sweep: lets go on what waited, and ends what waited too long. Run about every second."""

from __future__ import annotations

from sqlalchemy import delete, update

from hub.contract.clock import Clock
from hub.runtime.reapply import Reapply
from hub.store import Store, leases, tables, waiting
from hub.store.failures import FailureNote, failure_row
from hub.store.statements import insert_rows
from hub.store.states import DocumentState
from hub.telemetry.logs import logger
from hub.workspace import Workspace

_LEASE_NAME = "sweep"
_LEASE = 60_000_000
_BATCH = 200


class Sweep:
    """Sweeps under one configuration; belongs to one thread."""

    def __init__(self, store: Store, workspace: Workspace, clock: Clock, owner: str) -> None:
        self._store = store
        self._clock = clock
        self._owner = owner
        self._reapply = Reapply(store, workspace, clock)
        self._log = logger("sweep")

    def run_once(self) -> int:
        """One sweep; how many documents it moved. Does nothing while another worker sweeps."""
        with self._store.read() as connection:
            ready = waiting.able_to_go_on(connection, how_many=_BATCH)
            late = waiting.overdue(connection, now=self._clock.now(), how_many=_BATCH)
        if not ready and not late:
            return 0
        with self._store.write() as connection:
            if not leases.take(connection, _LEASE_NAME, self._owner, length=_LEASE):
                return 0
        moved = self._reapply.apply(ready, actor="hub")
        late = [row for row in late if row["id"] not in ready]
        self._end(late)
        with self._store.write() as connection:
            leases.give_back(connection, _LEASE_NAME, self._owner)
        return moved + len(late)

    def _end(self, late: list[dict[str, str]]) -> None:
        if not late:
            return
        now = self._clock.now()
        ids = [row["id"] for row in late]
        with self._store.write() as connection:
            connection.execute(
                update(tables.document)
                .where(tables.document.c.id.in_(ids), tables.document.c.state == DocumentState.WAITING)
                .values(state=DocumentState.DEAD, waiting_until=None)
            )
            connection.execute(delete(tables.awaited).where(tables.awaited.c.document.in_(ids)))
            insert_rows(connection, tables.failure, [_waited_too_long(row, now) for row in late])
        self._log.warning("waited too long", documents=ids)


def _waited_too_long(row: dict[str, str], now: int) -> dict[str, object]:
    note = FailureNote("waited_too_long", f"It waited until its deadline. {row['reason']}", f"waited:{row['source']}")
    return failure_row(
        note,
        kind="document",
        target=row["id"],
        message=row["message"],
        subject=row["subject"],
        connection=row["source"],
        at=now,
    )
