"""Applies documents to the ledger, in the order in which they are given.

For each one: find its subject, decide what it is (new, unchanged, superseded, waiting), append
the events it makes, register its numbers, plan the deliveries its routes want. One call is one
write transaction's work; nothing here reads bodies or maps.

How intents are ordered, per subject:
- a *snapshot* that is older than what its source last said is superseded; one that says the
  same again is a duplicate; a newer one supersedes older ones of its source that are parked;
- a *delta* or *command* waits while something earlier about its subject is unsettled, and one
  whose revision was seen is a duplicate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, select, update

from hub.contract.documents import Intent
from hub.contract.errors import RejectedMessage
from hub.contract.ids import new_id
from hub.ledger.incoming import Incoming, pack
from hub.ledger.orders import decide, effect_of
from hub.ledger.unit import Subject, Unit, needs_met
from hub.pipelines import Route
from hub.store import tables
from hub.store.failures import FailureNote, close_failures, failure_row
from hub.store.statements import Row, dumps, insert_rows, unique, upsert_rows
from hub.store.states import DeliveryState, DocumentState

WAIT_MICROSECONDS = 24 * 3600 * 1_000_000
"""How long a document waits for its subject to become known."""

_SEEN = select(tables.seen.c.scope, tables.seen.c.key).where(tables.seen.c.key.in_(bindparam("keys", expanding=True)))


@dataclass(frozen=True, slots=True)
class Systems:
    """The system (key) of each connection, for planning deliveries."""

    by_connection: dict[str, str]

    def of(self, connection: str) -> str:
        """The system of a connection; its own name if it is not configured any more."""
        return self.by_connection.get(connection, connection)


class Application:
    """Applies one batch within one write transaction."""

    def __init__(
        self, connection: Connection, systems: Systems, *, now: int, config_version: str, actor: str = "hub"
    ) -> None:
        self._unit = Unit(connection, now=now, config_version=config_version, actor=actor)
        self._connection = connection
        self._systems = systems
        self._now = now
        self._config_version = config_version
        self._documents: list[Row] = []
        self._rewritten: list[Row] = []
        self._deliveries: list[Row] = []
        self._failures: list[Row] = []
        self._awaited: list[Row] = []
        self._seen: set[tuple[str, str]] = set()
        self._seen_rows: list[Row] = []
        self._superseded: list[str] = []
        self._settled: list[str] = []

    def apply(self, batch: Sequence[Incoming]) -> None:
        """Apply all documents and write everything that follows from them."""
        self._find(batch)
        for incoming in batch:
            self._take(incoming)
        self._write()

    def _find(self, batch: Sequence[Incoming]) -> None:
        identified = [incoming for incoming in batch if incoming.identity is not None]
        self._unit.find(
            value
            for incoming in identified
            if incoming.identity is not None
            for value in (incoming.identity.value, *incoming.identity.references.values())
        )
        keys = unique(_seen_key(i)[1] for i in identified if _is_counted(i))
        if keys:
            self._seen = {(r.scope, r.key) for r in self._connection.execute(_SEEN, {"keys": keys})}

    def _take(self, incoming: Incoming) -> None:
        if incoming.identity is None:
            self._park_failure(incoming, None)
            return
        subject = self._unit.subject_of(incoming.reference_key())
        if subject is None and incoming.opens_subject:
            subject = self._unit.open(incoming.identity.subject_kind)
            self._unit.register(subject, self._own_references(incoming), cause=incoming.id)
        if subject is None:
            self._wait_for_subject(incoming)
        elif incoming.filtered is not None:
            self._settle(incoming, subject, DocumentState.FILTERED, incoming.filtered)
        else:
            self._take_about(incoming, subject)

    def _own_references(self, incoming: Incoming) -> list[tuple[str, str, str, str]]:
        if incoming.identity is None:
            return []
        more = [(incoming.system, kind, "", value) for kind, value in incoming.identity.references.items()]
        return [incoming.reference_key(), *more]

    def _take_about(self, incoming: Incoming, subject: Subject) -> None:
        stale = self._stale(incoming, subject)
        if stale is not None:
            self._settle(incoming, subject, *stale)
        elif incoming.failure is not None:
            self._supersede_parked(incoming, subject)
            self._park_failure(incoming, subject)
        elif self._must_wait(incoming, subject):
            self._settle(
                incoming, subject, DocumentState.WAITING, "Waits for an earlier document about the same subject."
            )
        else:
            self._supersede_parked(incoming, subject)
            self._apply(incoming, subject)

    def _stale(self, incoming: Incoming, subject: Subject) -> tuple[DocumentState, str] | None:
        if _is_counted(incoming):
            key = _seen_key(incoming)
            if key in self._seen and not incoming.exists:
                return DocumentState.DUPLICATE, f"Revision {incoming.revision[1:]} was applied before."
            return None
        last = subject.sources.get((incoming.system, incoming.kind or ""))
        if last is None:
            return None
        if incoming.revision and incoming.revision < last["revision"]:
            return DocumentState.SUPERSEDED, "A newer revision was applied before it arrived."
        if incoming.failure is None and incoming.digest == last["digest"]:
            self._keep_source(incoming, subject)
            return DocumentState.DUPLICATE, "It says the same as the revision before."
        return None

    def _must_wait(self, incoming: Incoming, subject: Subject) -> bool:
        if not _is_counted(incoming):
            return False
        earlier = (row for row in subject.open_documents if row["id"] != incoming.id)
        return any(incoming.seq is None or row["seq"] < incoming.seq for row in earlier)

    def _supersede_parked(self, incoming: Incoming, subject: Subject) -> None:
        """Older snapshots of the same source that are parked have nothing left to say."""
        if _is_counted(incoming):
            return
        for row in list(subject.open_documents):
            same = (row["source"], row["kind"]) == (incoming.system, incoming.kind)
            if same and row["intent"] == Intent.SNAPSHOT and row["id"] != incoming.id:
                subject.open_documents.remove(row)
                self._superseded.append(row["id"])
                self._unit.append(subject, "document.superseded", {"document": row["id"]}, cause=incoming.id)

    def _apply(self, incoming: Incoming, subject: Subject) -> None:
        if incoming.document is None:
            raise ValueError(f"document {incoming.id} has neither content nor failure")
        decision = decide(subject.order, incoming.document)
        if decision is None:
            self._settle(incoming, subject, DocumentState.DUPLICATE, "It says nothing new.")
            return
        kind, data = decision
        effect = effect_of(kind)
        try:
            plans = self._wanted(incoming, effect)
        except RejectedMessage as error:
            group = f"{error.code}:{incoming.pipeline}"
            incoming.failure = FailureNote(error.code, error.message, group, error.detail, error.where)
            self._park_failure(incoming, subject)
            return
        seq = self._unit.append(subject, kind, data, cause=incoming.id)
        self._unit.register(subject, self._own_references(incoming), cause=incoming.id)
        self._keep_source(incoming, subject)
        self._count(incoming)
        self._settle(incoming, subject, DocumentState.APPLIED, None, effect=effect, seq=seq)
        for route, numbers in plans:
            self._plan(incoming, subject, route, numbers, effect)

    def _wanted(self, incoming: Incoming, effect: str) -> list[tuple[Route, dict[str, str]]]:
        """The routes that want the document, and the numbers their targets will know it by.

        Raises RejectedMessage where a route cannot tell; the document is then not applied at all.
        """
        connection = incoming.connection
        return [
            (route, route.references_of(incoming.tree, effect, connection))
            for route in incoming.routes
            if route.wants(incoming.tree, effect, connection)
        ]

    def _keep_source(self, incoming: Incoming, subject: Subject) -> None:
        if incoming.identity is not None and not _is_counted(incoming):
            self._unit.keep_source(
                subject,
                incoming.system,
                incoming.kind or "",
                revision=incoming.revision,
                digest=incoming.digest,
                document=incoming.id,
            )

    def _count(self, incoming: Incoming) -> None:
        if _is_counted(incoming):
            scope, key = _seen_key(incoming)
            self._seen.add((scope, key))
            self._seen_rows.append({"scope": scope, "key": key, "first": incoming.id, "at": self._now})

    def _plan(self, incoming: Incoming, subject: Subject, route: Route, numbers: dict[str, str], effect: str) -> None:
        system = self._systems.of(route.to)
        self._unit.register(subject, [(system, kind, "", value) for kind, value in numbers.items()], cause=incoming.id)
        needs = [[need.system, need.kind] for need in route.needs]
        id_ = new_id()
        data = {"delivery": id_, "to": route.to, "system": system, "route": route.name, "effect": effect}
        lane = self._unit.append(subject, "delivery.planned", data, cause=incoming.id)
        self._deliveries.append(
            {
                "id": id_,
                "document": incoming.id,
                "subject": subject.id,
                "connection": route.to,
                "system": system,
                "lane": lane,
                "route": route.name,
                "mapping": route.mapping.name,
                "effect": effect,
                "state": DeliveryState.PLANNED,
                "reason": None,
                "needs": dumps(needs) if needs else None,
                "ready": needs_met(subject, needs),
                "transmission": None,
                "revision": 1,
                "attempts": 0,
                "tries": 0,
                "next_at": self._now,
                "config_version": self._config_version,
                "lookups": None,
                "created_at": self._now,
                "settled_at": None,
                "lease_owner": None,
                "lease_until": None,
                "fence": 0,
            }
        )

    def _wait_for_subject(self, incoming: Incoming) -> None:
        system, kind, scope, value = incoming.reference_key()
        if incoming.failure is not None or incoming.filtered is not None:
            self._park_failure(incoming, None)
            return
        reason = f"No {kind} {value} of {system} is known yet."
        self._document(incoming, None, DocumentState.WAITING, reason, until=self._now + WAIT_MICROSECONDS)
        row = {"document": incoming.id, "system": system, "kind": kind, "scope": scope, "value": value}
        self._awaited.append(row)

    def _park_failure(self, incoming: Incoming, subject: Subject | None) -> None:
        if incoming.failure is None:
            self._document(incoming, subject, DocumentState.FILTERED, incoming.filtered)
            return
        note = incoming.failure
        self._settle(incoming, subject, DocumentState.DEAD, note.text)
        self._failures.append(
            failure_row(
                note,
                kind="document",
                target=incoming.id,
                message=incoming.message,
                subject=None if subject is None else subject.id,
                connection=incoming.connection,
                at=self._now,
            )
        )

    def _settle(
        self,
        incoming: Incoming,
        subject: Subject | None,
        state: DocumentState,
        reason: str | None,
        *,
        effect: str | None = None,
        seq: int | None = None,
    ) -> None:
        if subject is not None and seq is None:
            data = {"document": incoming.id, "reason": reason, "revision": incoming.revision[1:]}
            seq = self._unit.append(subject, f"document.{state.value}", data, cause=incoming.id)
        self._document(incoming, subject, state, reason, effect=effect, seq=incoming.seq or seq)
        if incoming.exists:
            self._settled.append(incoming.id)
        if subject is not None:
            self._keep_open(incoming, subject, state, incoming.seq or seq or 0)

    def _keep_open(self, incoming: Incoming, subject: Subject, state: DocumentState, seq: int) -> None:
        """Later documents of this batch see what this one left unsettled."""
        subject.open_documents = [row for row in subject.open_documents if row["id"] != incoming.id]
        if state in {DocumentState.WAITING, DocumentState.DEAD}:
            row = {"id": incoming.id, "seq": seq, "kind": incoming.kind, "source": incoming.system}
            intent = None if incoming.identity is None else incoming.identity.intent
            subject.open_documents.append({**row, "intent": intent, "revision": incoming.revision, "state": state})

    def _document(
        self,
        incoming: Incoming,
        subject: Subject | None,
        state: DocumentState,
        reason: str | None,
        *,
        effect: str | None = None,
        seq: int | None = None,
        until: int | None = None,
    ) -> None:
        identity = incoming.identity
        incoming.subject = None if subject is None else subject.id
        row = {
            "id": incoming.id,
            "message": incoming.message,
            "ordinal": incoming.ordinal,
            "position": incoming.position[:200],
            "subject": incoming.subject,
            "seq": seq,
            "kind": incoming.kind,
            "version": 1 if incoming.document is None else incoming.document.version,
            "intent": None if identity is None else identity.intent,
            "source": incoming.system,
            "source_id": None if identity is None else identity.value[:200],
            "revision": incoming.revision,
            "state": state,
            "reason": reason,
            "effect": effect,
            "pipeline": incoming.pipeline,
            "mapping": incoming.mapping,
            "config_version": self._config_version,
            "lookups": dumps(incoming.lookups) if incoming.lookups else None,
            "digest": incoming.digest or None,
            "content": pack(incoming.content) if incoming.content else None,
            "created_at": incoming.created_at or self._now,
            "waiting_until": until,
        }
        (self._rewritten if incoming.exists else self._documents).append(row)

    def _write(self) -> None:
        connection = self._connection
        self._unit.flush_subjects()
        insert_rows(connection, tables.document, self._documents)
        self._rewrite_documents()
        insert_rows(connection, tables.delivery, self._deliveries)
        insert_rows(connection, tables.awaited, self._awaited)
        insert_rows(connection, tables.seen, self._seen_rows)
        self._unit.flush()
        close_failures(connection, self._settled, by="hub", at=self._now)
        insert_rows(connection, tables.failure, self._failures)
        if self._superseded:
            connection.execute(_SUPERSEDE, [{"document_id": id_} for id_ in self._superseded])
            close_failures(connection, self._superseded, by="hub", at=self._now)

    def _rewrite_documents(self) -> None:
        if self._rewritten:
            ids = [row["id"] for row in self._rewritten]
            self._connection.execute(delete(tables.awaited).where(tables.awaited.c.document.in_(ids)))
            upsert_rows(self._connection, tables.document, self._rewritten)


_SUPERSEDE = (
    update(tables.document)
    .where(tables.document.c.id == bindparam("document_id"))
    .values(state=DocumentState.SUPERSEDED, reason="A newer revision arrived while it was parked.")
)


def _is_counted(incoming: Incoming) -> bool:
    """Whether it counts by revision, as deltas and commands do, and not by content."""
    return incoming.identity is not None and incoming.identity.intent != Intent.SNAPSHOT


def _seen_key(incoming: Incoming) -> tuple[str, str]:
    value = "" if incoming.identity is None else incoming.identity.value
    return f"revision:{incoming.system}:{incoming.kind}"[:200], f"{value}:{incoming.revision or incoming.message}"
