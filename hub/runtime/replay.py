"""Replay: sends what stopped on its way again, a plan's items in bounded transactions.

*Reprocess* makes new bytes, with a new idempotency key; *resend* sends the frozen ones. Only
what is dead or in doubt is touched. Deliveries and messages go back to where workers take them
up; documents are made and applied again here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.exc import IntegrityError

from hub.contract.clock import Clock
from hub.ledger.unit import Unit, needs_met
from hub.runtime.reapply import Reapply
from hub.store import Store, leases, tables
from hub.store.failures import close_failures
from hub.store.statements import loads
from hub.store.states import DeliveryState, DocumentState, MessageState
from hub.workspace import Workspace

BATCH = 100
"""Items of one transaction at most."""

LEASE = 120_000_000
"""Microseconds for which one process runs a plan; renewed with each batch."""


class Mode(StrEnum):
    """How a delivery is sent again."""

    REPROCESS = "reprocess"
    """Rendered anew from its document, under the configuration that is active."""
    RESEND = "resend"
    """The same bytes, under the same idempotency key."""


class ItemState(StrEnum):
    """What is to become, or became, of one item of a plan."""

    WOULD_RESUBMIT = "would-resubmit"
    RESUBMITTED = "resubmitted"
    """It is on its way again; what comes of it is seen with the order."""
    DUPLICATE = "duplicate"
    """It was applied before, or said nothing new."""
    ERROR = "error"
    """It failed again, as its new failure says."""
    SKIPPED = "skipped"


class PlanState(StrEnum):
    """Where a plan stands."""

    PLANNED = "planned"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class _Item:
    failure: str
    kind: str
    target: str


_OPEN_ITEMS = (
    select(tables.failure.c.id, tables.failure.c.target_kind, tables.failure.c.target)
    .join(tables.replay_item, tables.replay_item.c.failure == tables.failure.c.id)
    .where(tables.replay_item.c.replay == bindparam("plan"), tables.replay_item.c.state == ItemState.WOULD_RESUBMIT)
    .order_by(tables.failure.c.opened_at, tables.failure.c.id)
    .limit(BATCH)
)
_SETTLE_ITEM = (
    update(tables.replay_item)
    .where(tables.replay_item.c.replay == bindparam("plan"), tables.replay_item.c.failure == bindparam("item"))
    .values(state=bindparam("new_state"), note=bindparam("said"))
)
_STOPPED = (
    select(tables.delivery)
    .where(
        tables.delivery.c.id.in_(bindparam("ids", expanding=True)),
        tables.delivery.c.state.in_([DeliveryState.DEAD, DeliveryState.IN_DOUBT]),
    )
    .order_by(tables.delivery.c.id)
    .with_for_update()
)
_RESUME = (
    update(tables.delivery)
    .where(tables.delivery.c.id == bindparam("delivery_id"))
    .values(
        state=DeliveryState.PLANNED,
        reason=None,
        ready=bindparam("is_ready"),
        tries=0,
        next_at=bindparam("again_at"),
        lease_owner=None,
        lease_until=None,
    )
)
_RENEW = (
    update(tables.delivery)
    .where(tables.delivery.c.id == bindparam("delivery_id"))
    .values(transmission=None, revision=tables.delivery.c.revision + 1, attempts=0, lookups=None)
)
_DEAD_MESSAGES = (
    select(tables.message.c.id)
    .where(tables.message.c.id.in_(bindparam("ids", expanding=True)), tables.message.c.state == MessageState.DEAD)
    .order_by(tables.message.c.id)
    .with_for_update()
)
_READ_AGAIN = (
    update(tables.message)
    .where(tables.message.c.id == bindparam("message_id"))
    .values(state=MessageState.RECEIVED, reason=None, drained_at=None, claims=0)
)
_OUTCOMES = {
    DocumentState.APPLIED: ItemState.RESUBMITTED,
    DocumentState.FILTERED: ItemState.RESUBMITTED,
    DocumentState.WAITING: ItemState.RESUBMITTED,
    DocumentState.DUPLICATE: ItemState.DUPLICATE,
    DocumentState.SUPERSEDED: ItemState.DUPLICATE,
}


def resume_deliveries(connection: Connection, unit: Unit, ids: Sequence[str], *, mode: str) -> set[str]:
    """Plan deliveries that are dead or in doubt anew, within a write transaction; those that were.

    `mode` is a Mode, or `not-delivered` where a person said that nothing arrived; it is kept
    with the event. The unit is the caller's to flush.
    """
    if not ids:
        return set()
    rows = connection.execute(_STOPPED, {"ids": list(ids)}).all()
    unit.hold([row.subject for row in rows], for_documents=False)
    for row in rows:
        subject = unit.subject(row.subject)
        data = {"delivery": row.id, "system": row.system, "effect": row.effect, "mode": mode, "actor": unit.actor}
        unit.append(subject, "delivery.resumed", data, cause=row.id)
        is_ready = needs_met(subject, loads(row.needs) or [])
        connection.execute(_RESUME, {"delivery_id": row.id, "again_at": unit.now, "is_ready": is_ready})
        if mode == Mode.REPROCESS:
            connection.execute(_RENEW, {"delivery_id": row.id})
    resumed = {row.id for row in rows}
    close_failures(connection, sorted(resumed), by=unit.actor, at=unit.now)
    return resumed


class Replay:
    """Runs plans under one configuration; belongs to one thread."""

    def __init__(self, store: Store, workspace: Workspace, clock: Clock, *, owner: str) -> None:
        self._store = store
        self._clock = clock
        self._owner = owner
        self._version = workspace.version
        self._reapply = Reapply(store, workspace, clock)

    def run(self, plan: str, mode: Mode, *, actor: str) -> bool:
        """Run what is left of a plan that is running; False if another process runs it.

        It ends when no item is left, or when the plan is cancelled meanwhile. A run that was
        killed is taken up by the next one: an item that was already settled is told as skipped.
        """
        while True:
            with self._store.write() as connection:
                if not leases.take(connection, f"replay:{plan}", self._owner, length=LEASE):
                    return False
                items = self._next_batch(connection, plan)
                self._run_stopped(connection, plan, mode, [item for item in items if item.kind != "document"], actor)
            self._run_documents(plan, [item for item in items if item.kind == "document"], actor)
            if not items:
                return True

    def _next_batch(self, connection: Connection, plan: str) -> list[_Item]:
        state = connection.execute(select(tables.replay.c.state).where(tables.replay.c.id == plan)).scalar_one()
        if state != PlanState.RUNNING:
            self._give_back(connection, plan)
            return []
        items = [_Item(*row) for row in connection.execute(_OPEN_ITEMS, {"plan": plan})]
        if not items:
            finished = update(tables.replay).where(tables.replay.c.id == plan).values(state=PlanState.DONE)
            connection.execute(finished)
            self._give_back(connection, plan)
        return items

    def _give_back(self, connection: Connection, plan: str) -> None:
        leases.give_back(connection, f"replay:{plan}", self._owner)

    def _run_stopped(self, connection: Connection, plan: str, mode: Mode, items: Sequence[_Item], actor: str) -> None:
        """Deliveries and messages: they are only put back, and workers do the rest."""
        if not items:
            return
        unit = Unit(connection, now=self._clock.now(), config_version=self._version, actor=actor)
        deliveries = [item.target for item in items if item.kind == "delivery"]
        moved = resume_deliveries(connection, unit, deliveries, mode=mode)
        unit.flush_subjects()
        unit.flush()
        moved |= self._read_again(connection, [item.target for item in items if item.kind == "message"], actor)
        self._note(connection, plan, {item.failure: _moved(item, moved) for item in items})

    def _read_again(self, connection: Connection, ids: Sequence[str], actor: str) -> set[str]:
        if not ids:
            return set()
        dead = set(connection.execute(_DEAD_MESSAGES, {"ids": list(ids)}).scalars())
        for id_ in sorted(dead):
            connection.execute(_READ_AGAIN, {"message_id": id_})
        close_failures(connection, sorted(dead), by=actor, at=self._clock.now())
        return dead

    def _run_documents(self, plan: str, items: Sequence[_Item], actor: str) -> None:
        if not items:
            return
        document = tables.document
        ids = [item.target for item in items]
        with self._store.read() as connection:
            dead = document.c.id.in_(ids) & (document.c.state.in_([DocumentState.DEAD, DocumentState.QUARANTINED]))
            open_ = set(connection.execute(select(document.c.id).where(dead)).scalars())
        self._apply([id_ for id_ in ids if id_ in open_], actor)
        with self._store.write() as connection:
            found = connection.execute(
                select(document.c.id, document.c.state, document.c.reason).where(document.c.id.in_(ids))
            )
            became = {row.id: (row.state, row.reason) for row in found}
            notes = {item.failure: _became(item, open_, became) for item in items}
            self._note(connection, plan, notes)

    def _apply(self, documents: Sequence[str], actor: str) -> None:
        """Two workers that open one subject at once collide on its number: then each document by itself."""
        try:
            self._reapply.apply(documents, actor=actor)
        except IntegrityError:
            for document in documents:
                self._reapply.apply([document], actor=actor)

    def _note(self, connection: Connection, plan: str, notes: Mapping[str, tuple[str, str | None]]) -> None:
        rows = [
            {"plan": plan, "item": failure, "new_state": state, "said": said}
            for failure, (state, said) in notes.items()
        ]
        connection.execute(_SETTLE_ITEM, rows)


def _moved(item: _Item, moved: set[str]) -> tuple[str, str | None]:
    if item.target in moved:
        return ItemState.RESUBMITTED, "It is on its way again."
    return ItemState.SKIPPED, "It was settled since the plan was made."


def _became(item: _Item, open_: set[str], became: Mapping[str, tuple[str, str | None]]) -> tuple[str, str | None]:
    if item.target not in open_:
        return ItemState.SKIPPED, "It was settled since the plan was made."
    state, reason = became[item.target]
    outcome = _OUTCOMES.get(DocumentState(state), ItemState.ERROR)
    return outcome, f"{state}: {reason}" if reason else state
