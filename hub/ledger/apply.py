"""Applies documents to the ledger, in the order in which they are given.

For each one: find its subject, decide what it is (new, unchanged, superseded, waiting), append
the events it makes, register its numbers, plan the deliveries its routes want. One call is one
write transaction's work; nothing here reads bodies or maps.

How intents are ordered, per subject:
- a *snapshot* that is older than what its source last said is superseded; one that says the
  same again is a duplicate; a newer one supersedes older ones of its source that are parked;
- a *delta* or *command* waits while something earlier about its subject is unsettled, and one
  whose revision was seen is a duplicate;
- what is about an order that could not be taken yet waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select, update

from hub.contract.connector import each_reference
from hub.contract.documents import Intent, Order
from hub.contract.errors import RejectedMessage
from hub.ledger.emitting import Emitter
from hub.ledger.envelopes import Envelopes
from hub.ledger.incoming import Incoming
from hub.ledger.orders import Data, effect_of
from hub.ledger.plans import Plans
from hub.ledger.revisions import is_older
from hub.ledger.rows import document_row, failure_of
from hub.ledger.rules import Rules
from hub.ledger.standing import events_of
from hub.ledger.unit import Subject, Unit
from hub.pipelines import LEDGER, Identity
from hub.store import tables
from hub.store.failures import FailureNote, close_failures
from hub.store.statements import Row, insert_rows, unique, upsert_rows
from hub.store.states import OPEN_DOCUMENTS, DocumentState

WAIT_MICROSECONDS = 24 * 3600 * 1_000_000
"""How long a document waits for its subject to become known."""

_SEEN = select(tables.seen.c.scope, tables.seen.c.key, tables.seen.c.first).where(
    tables.seen.c.scope.in_(bindparam("scopes", expanding=True)),
    tables.seen.c.key.in_(bindparam("keys", expanding=True)),
)
_SET_STATE = (
    update(tables.document)
    .where(tables.document.c.id == bindparam("document_id"))
    .values(state=bindparam("new_state"), reason=bindparam("why"), waiting_until=None)
)


class Application:
    """Applies one batch within one write transaction."""

    def __init__(
        self, connection: Connection, rules: Rules, *, now: int, config_version: str, actor: str = "hub"
    ) -> None:
        self._unit = Unit(connection, now=now, config_version=config_version, actor=actor)
        self._plans = Plans(self._unit, rules)
        self._emitter = Emitter(connection, self._unit, rules)
        self._envelopes = Envelopes(connection, now=now)
        self._connection = connection
        self._now = now
        self._config_version = config_version
        self._documents: list[Row] = []
        self._rewritten: list[Row] = []
        self._failures: list[Row] = []
        self._seen: dict[tuple[str, str], str] = {}
        self._seen_rows: list[Row] = []
        self._superseded: list[str] = []
        self._dead_again: list[Row] = []
        self._settled: list[str] = []

    def apply(self, batch: Sequence[Incoming]) -> None:
        """Apply all documents and write everything that follows from them."""
        for incoming in batch:
            incoming.refuse_misfit()
        self._find(batch)
        for incoming in batch:
            self._take(incoming)
            self._unit.adopt()
        self._write()

    def _find(self, batch: Sequence[Incoming]) -> None:
        self._unit.find(
            value
            for incoming in batch
            if incoming.identity is not None
            for value in (
                incoming.identity.value,
                *(value for _, value in each_reference(incoming.identity.references)),
            )
        )
        self._envelopes.find(batch)
        keys = [incoming.seen_key() for incoming in batch if incoming.is_counted]
        if keys:
            parameters = {"scopes": unique(scope for scope, _ in keys), "keys": unique(key for _, key in keys)}
            self._seen = {(row.scope, row.key): row.first for row in self._connection.execute(_SEEN, parameters)}

    def _take(self, incoming: Incoming) -> None:
        if incoming.exists:
            self._unit.awaiting.end(incoming.id)
        if incoming.identity is None:
            self._take_unidentified(incoming)
            return
        subject = self._unit.subject_of(incoming.reference_key())
        if subject is None and incoming.opens_subject:
            subject = self._unit.open(incoming.identity.subject_kind)
            self._unit.register(subject, self._own_references(incoming), cause=incoming.id)
        judged = self._envelopes.judge(incoming)
        if judged is not None:
            self._set_aside(incoming, subject, *judged)
        elif incoming.filtered is not None:
            self._settle(incoming, subject, DocumentState.FILTERED, incoming.filtered)
        elif subject is not None:
            self._take_about(incoming, subject)
        elif incoming.failure is not None:
            self._park_failure(incoming, None, incoming.failure)
        else:
            self._wait_for_subject(incoming)

    def _set_aside(self, incoming: Incoming, subject: Subject | None, state: DocumentState, reason: str) -> None:
        """What its envelope keeps from being applied: a duplicate, or what a person must look at.

        Quarantined, it has no place in the lane of its subject: nobody knows that it belongs there.
        """
        if state is not DocumentState.QUARANTINED:
            self._settle(incoming, subject, state, reason)
            return
        self._settle(incoming, None, state, reason)
        note = FailureNote("control_number_reused", reason, f"control_number_reused:{incoming.connection}")
        subject_id = None if subject is None else subject.id
        self._failures.append(failure_of(incoming, subject_id, note, at=self._now))

    def _own_references(self, incoming: Incoming) -> list[tuple[str, str, str, str]]:
        if incoming.identity is None:
            return []
        more = [(incoming.system, kind, "", value) for kind, value in each_reference(incoming.identity.references)]
        return [incoming.reference_key(), *more]

    def _take_about(self, incoming: Incoming, subject: Subject) -> None:
        stale = self._stale(incoming, subject)
        if stale is not None:
            state, reason = stale
            if state is DocumentState.DUPLICATE and not incoming.is_counted:
                self._supersede_parked(incoming, subject)
                self._keep_source(incoming, subject)
            self._settle(incoming, subject, state, reason)
            if incoming.exists:
                # A person tries again what could not be made of the order as it stands.
                self._emit(incoming, subject)
        elif incoming.failure is not None:
            self._supersede_parked(incoming, subject)
            self._park_failure(incoming, subject, incoming.failure)
        elif self._must_wait(incoming, subject):
            reason = "Waits for an earlier document about the same subject."
            self._settle(incoming, subject, DocumentState.WAITING, reason)
        else:
            self._supersede_parked(incoming, subject)
            self._decide(incoming, subject)

    def _stale(self, incoming: Incoming, subject: Subject) -> tuple[DocumentState, str] | None:
        if incoming.is_counted:
            first = self._seen.get(incoming.seen_key())
            if first is None or first == incoming.id:
                return None
            return DocumentState.DUPLICATE, f"Revision {incoming.version} was applied before."
        last = subject.sources.get((incoming.system, incoming.kind or ""))
        if last is None:
            return None
        if is_older(incoming.revision, last["revision"]):
            return DocumentState.SUPERSEDED, "A newer revision was applied before it arrived."
        if incoming.failure is None and incoming.digest == last["digest"]:
            return DocumentState.DUPLICATE, "It says the same as the revision before."
        return None

    def _must_wait(self, incoming: Incoming, subject: Subject) -> bool:
        """A delta or command waits for whatever is open before it; the rest for an order that is not taken yet."""
        if not incoming.is_counted and (incoming.opens_subject or subject.order.exists):
            return False
        earlier = (row for row in subject.open_documents if row["id"] != incoming.id)
        return any(_is_before(row, incoming) for row in earlier)

    def _supersede_parked(self, incoming: Incoming, subject: Subject) -> None:
        """Older snapshots of the same source that are parked have nothing left to say."""
        if incoming.is_counted:
            return
        for row in list(subject.open_documents):
            same = (row["source"], row["kind"]) == (incoming.system, incoming.kind)
            if same and row["intent"] == Intent.SNAPSHOT and _says_less(row, incoming):
                subject.open_documents.remove(row)
                self._superseded.append(row["id"])
                self._unit.append(subject, "document.superseded", {"document": row["id"]}, cause=incoming.id)

    def _decide(self, incoming: Incoming, subject: Subject) -> None:
        if incoming.document is None:
            raise ValueError(f"document {incoming.id} has neither content nor failure")
        if not subject.order.exists and not incoming.opens_subject:
            self._settle(incoming, subject, DocumentState.FILTERED, "The order it is about was not taken.")
            return
        try:
            events = events_of(subject, incoming.document)
        except RejectedMessage as error:
            group = f"{error.code}:{incoming.connection}:{incoming.mapping}:{error.where.get('field')}"
            self._park_failure(incoming, subject, FailureNote(error.code, error.message, group, place=error.where))
            return
        if events:
            self._apply(incoming, subject, events)
        else:
            self._settle(incoming, subject, DocumentState.DUPLICATE, "It says nothing new.")

    def _apply(self, incoming: Incoming, subject: Subject, events: list[tuple[str, Data]]) -> None:
        for kind, data in events:
            seq = self._unit.append(subject, kind, data, cause=incoming.id)
        if incoming.cause is None:
            # What the ledger makes got its number when it was made.
            self._unit.register(subject, self._own_references(incoming), cause=incoming.id)
        self._keep_source(incoming, subject)
        self._count(incoming)
        effect = effect_of(events[-1][0])
        self._settle(incoming, subject, DocumentState.APPLIED, None, effect=effect, seq=seq)
        self._plans.follow(incoming, subject, effect)
        if incoming.cause is None:
            self._emit(incoming, subject)

    def _emit(self, cause: Incoming, subject: Subject) -> None:
        """Apply what the ledger owes now; where that cannot be told, a dead document stands for it."""
        try:
            for incoming in self._emitter.emit(cause, subject):
                self._decide(incoming, subject)
        except RejectedMessage as error:
            self._park_emission(cause, subject, error)
        else:
            parked = [row for row in subject.open_documents if row["source"] == LEDGER]
            for row in parked:
                subject.open_documents.remove(row)
                self._superseded.append(row["id"])

    def _park_emission(self, cause: Incoming, subject: Subject, error: RejectedMessage) -> None:
        if any(row["source"] == LEDGER for row in subject.open_documents):
            return
        incoming = Incoming(cause.message, LEDGER, LEDGER, cause.ordinal, cause.position, cause=cause.id)
        note = FailureNote(error.code, error.message, f"{error.code}:{LEDGER}", error.detail, error.where)
        self._park_failure(incoming, subject, note)

    def _keep_source(self, incoming: Incoming, subject: Subject) -> None:
        """What a source said last: newer snapshots are held against it, and what is made of an order reads it."""
        if not incoming.is_counted or isinstance(incoming.document, Order):
            self._unit.keep_source(
                subject,
                incoming.system,
                incoming.kind or "",
                revision=incoming.revision,
                digest=incoming.digest,
                document=incoming.id,
            )

    def _count(self, incoming: Incoming) -> None:
        if incoming.is_counted:
            scope, key = incoming.seen_key()
            self._seen[(scope, key)] = incoming.id
            self._seen_rows.append({"scope": scope, "key": key, "first": incoming.id, "at": self._now})

    def _wait_for_subject(self, incoming: Incoming) -> None:
        system, kind, _, value = incoming.reference_key()
        reason = f"No {kind} {value} of {system} is known yet."
        row = self._settle(incoming, None, DocumentState.WAITING, reason, until=self._now + WAIT_MICROSECONDS)
        self._unit.awaiting.add(incoming.reference_key(), row)

    def _park_failure(self, incoming: Incoming, subject: Subject | None, note: FailureNote) -> None:
        self._settle(incoming, subject, DocumentState.DEAD, note.text)
        subject_id = None if subject is None else subject.id
        self._failures.append(failure_of(incoming, subject_id, note, at=self._now))

    def _take_unidentified(self, incoming: Incoming) -> None:
        """What is ignored is about nothing; what cannot say what it is about has no lane, or keeps the one it had."""
        judged = self._envelopes.judge(incoming)
        note = incoming.failure
        if judged is not None:
            self._set_aside(incoming, None, *judged)
            return
        if incoming.filtered is not None:
            self._settle(incoming, None, DocumentState.FILTERED, incoming.filtered)
            return
        if note is None:
            raise ValueError(f"document {incoming.id} has neither identity nor failure")
        if not incoming.exists:
            self._park_failure(incoming, None, note)
            return
        self._dead_again.append({"document_id": incoming.id, "new_state": DocumentState.DEAD, "why": note.text})
        self._settled.append(incoming.id)
        self._failures.append(failure_of(incoming, None, note, at=self._now))

    def _settle(
        self,
        incoming: Incoming,
        subject: Subject | None,
        state: DocumentState,
        reason: str | None,
        *,
        effect: str | None = None,
        seq: int | None = None,
        until: int | None = None,
    ) -> Row:
        if subject is not None and seq is None:
            data = {"document": incoming.id, "reason": reason, "revision": incoming.version}
            seq = self._unit.append(subject, f"document.{state.value}", data, cause=incoming.id)
        seq = incoming.seq or seq
        row = document_row(
            incoming,
            state,
            reason,
            subject=None if subject is None else subject.id,
            seq=seq,
            effect=effect,
            until=until,
            config_version=self._config_version,
            now=self._now,
        )
        (self._rewritten if incoming.exists else self._documents).append(row)
        if incoming.exists:
            self._settled.append(incoming.id)
        if subject is not None:
            _keep_open(incoming, subject, row)
        return row

    def _write(self) -> None:
        connection = self._connection
        self._unit.flush_subjects()
        insert_rows(connection, tables.document, self._documents)
        upsert_rows(connection, tables.document, self._rewritten)
        self._plans.write(connection)
        insert_rows(connection, tables.seen, self._seen_rows)
        self._envelopes.write()
        self._unit.flush()
        self._write_failures()

    def _write_failures(self) -> None:
        """Close those of what was settled, open new ones, and close those of what a later document superseded."""
        connection = self._connection
        close_failures(connection, self._settled, by="hub", at=self._now)
        insert_rows(connection, tables.failure, [*self._failures, *self._plans.failures])
        reason = "A newer revision arrived while it was parked."
        superseded = [
            {"document_id": id_, "new_state": DocumentState.SUPERSEDED, "why": reason} for id_ in self._superseded
        ]
        if self._dead_again or superseded:
            connection.execute(_SET_STATE, [*self._dead_again, *superseded])
        close_failures(connection, self._superseded, by="hub", at=self._now)


def _numbers(identity: Identity | None) -> list[str]:
    """Every number that a document names, whatever it is of."""
    if identity is None:
        return []
    return [identity.value, *(value for _, value in each_reference(identity.references))]


def _says_less(parked: Row, incoming: Incoming) -> bool:
    """Whether a parked snapshot is older than one that is being taken: by revision, else by arrival."""
    if parked["id"] == incoming.id or is_older(incoming.revision, parked["revision"]):
        return False
    arrived_before = incoming.seq is None or parked["seq"] < incoming.seq
    return is_older(parked["revision"], incoming.revision) or arrived_before


def _is_before(parked: Row, incoming: Incoming) -> bool:
    """Whether a parked document comes before another about its subject.

    One that is taken up without a seq began to wait while its subject was being opened; it is
    told by when it came.
    """
    if incoming.seq is not None:
        return bool(parked["seq"] < incoming.seq)
    if incoming.created_at is None:
        return True
    return (parked["created_at"], parked["id"]) < (incoming.created_at, incoming.id)


def _keep_open(incoming: Incoming, subject: Subject, row: Row) -> None:
    """Later documents of the batch see what this one left unsettled."""
    subject.open_documents = [other for other in subject.open_documents if other["id"] != incoming.id]
    if row["state"] in OPEN_DOCUMENTS:
        subject.open_documents.append(row)
