"""One transaction's view of the ledger: subjects locked and loaded, events appended, heads
folded, everything written at once at the end.

The order of everything about a subject is its `seq`, given under the subject's row lock;
several subjects are locked in the order of their ids, so that two workers never wait for each
other in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, delete, select, update

from hub.contract.ids import new_id
from hub.ledger.awaiting import IN_ITS_TURN, Awaiting, ReferenceKey
from hub.ledger.heads import head_row, line_row, load_orders, stock_row, system_rows
from hub.ledger.orders import ORDER_EVENTS, Data, OrderState, fold
from hub.ledger.stock import StockLevel, fold_stock
from hub.store import tables
from hub.store.statements import Row, dumps, insert_rows, literal_in, loads, unique, upsert_rows
from hub.store.states import OPEN_DOCUMENTS, DeliveryState
from hub.store.texts import NUMBER, misfit, shown

_KIND = 40
"""Characters of the kind of a number."""


@dataclass(slots=True)
class Subject:
    """A subject that this transaction holds."""

    id: str
    kind: str
    seq: int
    is_new: bool
    order: OrderState
    references: dict[ReferenceKey, int] = field(default_factory=dict)
    sources: dict[tuple[str, str], Row] = field(default_factory=dict)
    open_documents: list[Row] = field(default_factory=list)
    lines_dirty: bool = False
    stock: StockLevel | None = None
    """The stock that this transaction counted, of a subject that is one."""
    systems_before: dict[str, Row] = field(default_factory=dict)

    def knows(self, system: str, kind: str) -> bool:
        """Whether the subject has a number of this kind in this system."""
        return any(key[0] == system and key[1] == kind for key in self.references)


_LOCK = (
    select(tables.subject.c.id, tables.subject.c.kind, tables.subject.c.seq)
    .where(tables.subject.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(tables.subject.c.id)
    .with_for_update()
)
_REFERENCES = select(tables.reference).where(tables.reference.c.subject.in_(bindparam("ids", expanding=True)))
_SOURCES = select(tables.subject_source).where(tables.subject_source.c.subject.in_(bindparam("ids", expanding=True)))
_OPEN_DOCUMENTS = (
    select(
        tables.document.c.id,
        tables.document.c.subject,
        tables.document.c.seq,
        tables.document.c.kind,
        tables.document.c.source,
        tables.document.c.intent,
        tables.document.c.revision,
        tables.document.c.state,
        tables.document.c.created_at,
    )
    .where(
        tables.document.c.subject.in_(bindparam("ids", expanding=True)),
        literal_in(tables.document.c.state, OPEN_DOCUMENTS),
    )
    .order_by(tables.document.c.seq)
)
_FIND = select(tables.reference).where(tables.reference.c.value.in_(bindparam("values", expanding=True)))
_SEQ = update(tables.subject).where(tables.subject.c.id == bindparam("subject_id")).values(seq=bindparam("new_seq"))
_NEEDY = select(tables.delivery.c.id, tables.delivery.c.subject, tables.delivery.c.needs).where(
    tables.delivery.c.subject.in_(bindparam("ids", expanding=True)),
    tables.delivery.c.state == DeliveryState.PLANNED,
    tables.delivery.c.ready.is_(False),
)


class Unit:
    """The ledger within one write transaction of `connection`.

    `now` is in microseconds; `actor` and `config_version` are kept with every event.
    """

    def __init__(self, connection: Connection, *, now: int, config_version: str, actor: str) -> None:
        self.connection = connection
        self.now = now
        self.config_version = config_version
        self.actor = actor
        self.awaiting = Awaiting(connection)
        self._subjects: dict[str, Subject] = {}
        self._known: dict[ReferenceKey, str] = {}
        self._looked_up: set[str] = set()
        self._events: list[Row] = []
        self._references: list[Row] = []
        self._registered: list[tuple[Subject, list[ReferenceKey], str]] = []
        self._sources: list[Row] = []

    def find(self, values: Iterable[str]) -> None:
        """Look up which subjects have one of these numbers, hold those subjects, and see who waits for one."""
        wanted = unique(value for value in values if misfit(value) is None)
        if not wanted:
            return
        self._looked_up.update(wanted)
        for row in self.connection.execute(_FIND, {"values": wanted}):
            self._known[(row.system, row.kind, row.scope, row.value)] = row.subject
        self.hold(self._known.values())
        self.awaiting.find(wanted)

    def hold(self, ids: Iterable[str], *, for_documents: bool = True) -> None:
        """Lock subjects and load what is known of them; those held already are left alone.

        Without `for_documents` what only documents are decided by is left out: what sources
        said last, what is parked, the order's lines.
        """
        wanted = unique(id_ for id_ in ids if id_ not in self._subjects)
        if not wanted:
            return
        parameters = {"ids": wanted}
        for row in self.connection.execute(_LOCK, parameters):
            self._subjects[row.id] = Subject(row.id, row.kind, row.seq, is_new=False, order=OrderState())
        for row in self.connection.execute(_REFERENCES, parameters):
            self._subjects[row.subject].references[(row.system, row.kind, row.scope, row.value)] = row.at
        self._load_orders(wanted, lines=for_documents)
        if not for_documents:
            return
        for source in self.connection.execute(_SOURCES, parameters).mappings():
            self._subjects[source["subject"]].sources[(source["source"], source["kind"])] = dict(source)
        for document in self.connection.execute(_OPEN_DOCUMENTS, parameters).mappings():
            self._subjects[document["subject"]].open_documents.append(dict(document))

    def _load_orders(self, ids: list[str], *, lines: bool) -> None:
        for id_, state in load_orders(self.connection, ids, lines=lines).items():
            subject = self._subjects[id_]
            subject.order = state
            subject.systems_before = system_rows(id_, state)

    def subject(self, id_: str) -> Subject:
        """A held subject."""
        return self._subjects[id_]

    def subject_of(self, key: ReferenceKey) -> Subject | None:
        """The subject that has this number, if `find` found it or it was added since."""
        id_ = self._known.get(key)
        return None if id_ is None else self._subjects[id_]

    def open(self, kind: str) -> Subject:
        """A new subject."""
        subject = Subject(new_id(), kind, 0, is_new=True, order=OrderState())
        self._subjects[subject.id] = subject
        return subject

    def append(self, subject: Subject, kind: str, data: Data, *, cause: str) -> int:
        """Append an event and fold it into the head; returns its seq."""
        subject.seq += 1
        self._events.append(
            {
                "subject": subject.id,
                "seq": subject.seq,
                "cause": cause,
                "kind": kind,
                "data": dumps(data),
                "actor": self.actor,
                "config_version": self.config_version,
                "at": self.now,
            }
        )
        fold(subject.order, kind, data, self.now)
        subject.lines_dirty = subject.lines_dirty or kind.startswith(ORDER_EVENTS)
        subject.stock = fold_stock(kind, data, self.now) or subject.stock
        return subject.seq

    def register(self, subject: Subject, keys: Iterable[ReferenceKey], *, cause: str) -> None:
        """Give the subject numbers.

        One that another subject has stays there, and one that no table can hold is left out; an
        event says so.
        """
        added: list[ReferenceKey] = []
        for key in keys:
            why = _misfit(key)
            if why is not None:
                number = [shown(part, NUMBER) for part in key]
                self.append(subject, "references.unfit", {"reference": number, "reason": why}, cause=cause)
                continue
            owner = self.owner_of(key)
            if owner is None:
                self._known[key] = subject.id
                subject.references[key] = self.now
                added.append(key)
            elif owner != subject.id:
                self.append(subject, "references.refused", {"reference": key, "subject": owner}, cause=cause)
        if added:
            self._references.extend(_reference_row(key, subject.id, self.now) for key in added)
            self.append(subject, "references.added", {"references": added}, cause=cause)
            self._registered.append((subject, added, cause))

    def adopt(self) -> None:
        """Give what waited for the numbers that were registered since the last call its place in their lanes."""
        registered, self._registered = self._registered, []
        self.awaiting.find(key[3] for _, keys, _ in registered for key in keys)
        for subject, keys, cause in registered:
            for document in sorted(self.awaiting.pop(keys), key=_arrival):
                said = {"document": document["id"], "reason": IN_ITS_TURN}
                seq = self.append(subject, "document.waiting", said, cause=cause)
                self.awaiting.take_over(document, subject.id, seq)
                subject.open_documents.append(document)

    def owner_of(self, key: ReferenceKey) -> str | None:
        """The subject that has a number, whether this transaction holds it or not."""
        return self._known.get(key) or self._owner_in_database(key)

    def _owner_in_database(self, key: ReferenceKey) -> str | None:
        if key[3] in self._looked_up:
            return None
        rows = self.connection.execute(_FIND, {"values": [key[3]]})
        return next((r.subject for r in rows if (r.system, r.kind, r.scope, r.value) == key), None)

    def keep_source(
        self, subject: Subject, source: str, kind: str, *, revision: str, digest: str, document: str
    ) -> None:
        """Remember what a source last said of the subject."""
        row = {
            "subject": subject.id,
            "source": source,
            "kind": kind,
            "revision": revision,
            "digest": digest,
            "document": document,
        }
        subject.sources[(source, kind)] = row
        self._sources.append(row)

    def flush_subjects(self) -> None:
        """Write subjects and their numbers, before rows that point to them."""
        self.adopt()
        new = [s for s in self._subjects.values() if s.is_new]
        insert_rows(
            self.connection,
            tables.subject,
            [{"id": s.id, "kind": s.kind, "seq": s.seq, "created_at": self.now} for s in new],
        )
        changed = {event["subject"] for event in self._events}
        known = [s for s in self._subjects.values() if not s.is_new and s.id in changed]
        if known:
            self.connection.execute(_SEQ, [{"subject_id": s.id, "new_seq": s.seq} for s in known])
        # In one order everywhere, so that two workers with the same new numbers wait for each other in no circle.
        insert_rows(self.connection, tables.reference, sorted(self._references, key=_reference_order))

    def flush(self) -> None:
        """Write events, sources and heads. Nothing may be appended afterwards."""
        insert_rows(self.connection, tables.event, self._events)
        upsert_rows(self.connection, tables.subject_source, _latest(self._sources))
        self.awaiting.write()
        changed = {event["subject"] for event in self._events}
        self._flush_heads([s for s in self._subjects.values() if s.id in changed and s.kind == "order"])
        counted = [stock_row(s.id, s.stock) for s in self._subjects.values() if s.stock is not None]
        upsert_rows(self.connection, tables.stock_level, counted)
        self._flush_needs()

    def _flush_heads(self, subjects: list[Subject]) -> None:
        orders = [s for s in subjects if s.lines_dirty and s.order.exists]
        upsert_rows(self.connection, tables.order_head, [head_row(s.id, s.order) for s in orders])
        stale = [s.id for s in orders if not s.is_new]
        if stale:
            self.connection.execute(delete(tables.order_line).where(tables.order_line.c.subject.in_(stale)))
        lines = [line_row(s.id, line) for s in orders for line in s.order.lines.values()]
        insert_rows(self.connection, tables.order_line, lines)
        upsert_rows(self.connection, tables.order_system, [row for s in subjects for row in _changed_systems(s)])

    def _flush_needs(self) -> None:
        holders = {row["subject"] for row in self._references}
        ids = unique(id_ for id_ in holders if not self._subjects[id_].is_new)
        if not ids:
            return
        ready = [
            row.id
            for row in self.connection.execute(_NEEDY, {"ids": ids})
            if needs_met(self._subjects[row.subject], loads(row.needs))
        ]
        if ready:
            statement = update(tables.delivery).where(tables.delivery.c.id.in_(ready))
            self.connection.execute(statement.values(ready=True))


def needs_met(subject: Subject, needs: list[list[str]]) -> bool:
    """Whether the subject has all the numbers, [system, kind] each, that a delivery needs."""
    return all(subject.knows(system, kind) for system, kind in needs)


def _arrival(document: Row) -> int:
    at: int = document["created_at"]
    return at


def _misfit(key: ReferenceKey) -> str | None:
    """Why a number cannot be kept, or None."""
    _, kind, _, value = key
    why = misfit(value)
    return why if why is not None else misfit(kind, _KIND)


def _reference_order(row: Mapping[str, str]) -> ReferenceKey:
    return (row["system"], row["kind"], row["scope"], row["value"])


def _reference_row(key: ReferenceKey, subject: str, at: int) -> Row:
    system, kind, scope, value = key
    return {"system": system, "kind": kind, "scope": scope, "value": value, "subject": subject, "at": at}


def _changed_systems(subject: Subject) -> list[Row]:
    rows = system_rows(subject.id, subject.order)
    return [row for system, row in rows.items() if row != subject.systems_before.get(system)]


def _latest(rows: list[Row]) -> list[Row]:
    return list({(row["subject"], row["source"], row["kind"]): row for row in rows}.values())
