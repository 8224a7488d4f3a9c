"""Renders claimed deliveries into transmissions: the target's own bytes, frozen before they are sent.

Mapping runs outside the transaction; one that takes a running number runs again inside it, so
that numbers are given exactly when the bytes that carry them become durable.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, select

from hub.contract.clock import from_micros
from hub.contract.connector import Outbound
from hub.contract.documents import Order, Reply
from hub.contract.ids import new_id
from hub.failures.notes import note_of
from hub.runtime.lookups import ConnectionNumbers, CrosswalkBook, NumberNeeded, RecordedLookups
from hub.runtime.outcomes import Frozen
from hub.runtime.writing import Errand, Writer
from hub.store import bodies, tables
from hub.store.connections import next_number
from hub.store.deliveries import ClaimedDelivery
from hub.store.failures import FailureNote
from hub.store.references import numbers_of
from hub.store.statements import Row, dumps, loads
from hub.workspace import Workspace

Numbers = Mapping[tuple[str, str], str]

_DOCUMENTS = select(
    tables.document.c.id,
    tables.document.c.kind,
    tables.document.c.content,
    tables.document.c.message,
    tables.document.c.source,
    tables.document.c.source_id,
).where(tables.document.c.id.in_(bindparam("ids", expanding=True)))
_ORDERS = (
    select(tables.subject_source.c.subject, tables.document.c.content)
    .join(tables.order_head, tables.order_head.c.subject == tables.subject_source.c.subject)
    .join(tables.document, tables.document.c.id == tables.subject_source.c.document)
    .where(
        tables.subject_source.c.subject.in_(bindparam("ids", expanding=True)),
        tables.subject_source.c.source == tables.order_head.c.source,
        tables.subject_source.c.kind == Order.__name__,
        tables.document.c.content.is_not(None),
    )
)
_WITHOUT_ORDER = frozenset((Order.__name__, Reply.__name__))
"""Kinds of documents whose mappings read no other order: the order itself, and what goes as it is."""

_TRANSMISSIONS = select(tables.transmission).where(tables.transmission.c.id.in_(bindparam("ids", expanding=True)))


@dataclass(slots=True)
class Rendered:
    """What one claimed delivery became: something to send, or a failure.

    `is_new` says whether its transmission is yet to be written. `answers` are the recorded
    look-ups.
    """

    delivery: ClaimedDelivery
    message: str = ""
    frozen: Frozen | None = None
    is_new: bool = False
    answers: dict[str, Any] = field(default_factory=dict)
    failure: FailureNote | None = None
    needs_number: bool = False


@dataclass(frozen=True, slots=True)
class _Material:
    """What rendering reads from the database, read at once for a whole batch."""

    documents: Mapping[str, Any]
    numbers: Mapping[str, Numbers]
    orders: Mapping[str, bytes]
    transmissions: Mapping[str, Any]
    bodies: Mapping[str, bytes]


class Renderer:
    """Renders under one configuration; belongs to one thread."""

    def __init__(self, workspace: Workspace, environment: str, book: CrosswalkBook) -> None:
        self._writer = Writer(workspace)
        self._environment = environment
        self._book = book

    def render(self, connection: Connection, claimed: Sequence[ClaimedDelivery]) -> tuple[list[Rendered], _Material]:
        """Render a batch; what wants a running number is left for `render_numbered`."""
        self._book.refresh(connection)
        material = _read(connection, claimed)
        return [self._one(delivery, material, None) for delivery in claimed], material

    def render_numbered(self, connection: Connection, rendered: Rendered, material: _Material) -> Rendered:
        """Render again inside the transaction that gives the numbers."""
        return self._one(rendered.delivery, material, connection)

    def _one(self, delivery: ClaimedDelivery, material: _Material, numbering: Connection | None) -> Rendered:
        document = material.documents[delivery.document]
        rendered = Rendered(delivery, document.message)
        try:
            if delivery.transmission is None:
                self._make(rendered, document, material, numbering)
            else:
                self._again(rendered, material, delivery.transmission)
        except NumberNeeded:
            rendered.needs_number = True
        except Exception as error:  # noqa: BLE001 - one bad delivery must not take the others with it
            rendered.failure = note_of(error, connection=delivery.connection, mapping=delivery.mapping)
        return rendered

    def _make(self, rendered: Rendered, document: Any, material: _Material, numbering: Connection | None) -> None:
        delivery = rendered.delivery
        numbers = material.numbers[delivery.subject]
        lookups = RecordedLookups(
            self._book,
            from_micros(delivery.created_at).date(),
            lambda system, kind: numbers.get((system, kind)),
            None if numbering is None else lambda name: next_number(numbering, name),
        )
        errand = Errand(
            kind=document.kind,
            content=document.content,
            order=material.orders.get(delivery.subject),
            connection=delivery.connection,
            system=delivery.system,
            mapping=delivery.mapping,
            effect=delivery.effect,
        )
        written = self._writer.write(errand, lookups, ConnectionNumbers(numbering, delivery.connection))
        out = Outbound(
            transmission=new_id(),
            idempotency_key=f"{self._environment}:{delivery.id}:{delivery.revision}",
            type=written.type,
            name=f"{written.type} {document.source_id}",
            content_type=written.content_type,
            body=written.body,
            references={} if document.kind == Reply.__name__ else _own_numbers(numbers, delivery.system),
        )
        rendered.answers = lookups.answers
        rendered.frozen = Frozen(delivery, out, doubtful=False)
        rendered.is_new = True

    def _again(self, rendered: Rendered, material: _Material, transmission: str) -> None:
        delivery = rendered.delivery
        row = material.transmissions[transmission]
        out = Outbound(
            transmission=row.id,
            idempotency_key=row.idempotency_key,
            type=row.type,
            name=row.name,
            content_type=row.content_type,
            body=material.bodies[row.id],
            attempt=delivery.attempts + 1,
            references=_own_numbers(material.numbers[delivery.subject], delivery.system),
            done=loads(row.done),
        )
        rendered.frozen = Frozen(delivery, out, doubtful=delivery.state == "sending")


def _own_numbers(numbers: Numbers, system: str) -> dict[str, str]:
    return {kind: value for (owner, kind), value in numbers.items() if owner == system}


def transmission_row(out: Outbound, connection: str, *, at: int) -> Row:
    """The row of a transmission that is frozen now."""
    return {
        "id": out.transmission,
        "connection": connection,
        "type": out.type,
        "name": out.name[:500],
        "content_type": out.content_type,
        "idempotency_key": out.idempotency_key,
        "size": len(out.body),
        "sha256": hashlib.sha256(out.body).hexdigest(),
        "done": dumps(dict(out.done)),
        "created_at": at,
    }


def _read(connection: Connection, claimed: Sequence[ClaimedDelivery]) -> _Material:
    documents = connection.execute(_DOCUMENTS, {"ids": [one.document for one in claimed]})
    found = {row.id: row for row in documents}
    sent = [one.transmission for one in claimed if one.transmission is not None]
    transmissions = connection.execute(_TRANSMISSIONS, {"ids": sent}).all() if sent else []
    return _Material(
        documents=found,
        numbers=numbers_of(connection, [one.subject for one in claimed]),
        orders=orders_of(
            connection, [one.subject for one in claimed if found[one.document].kind not in _WITHOUT_ORDER]
        ),
        transmissions={row.id: row for row in transmissions},
        bodies={row.id: bodies.read_whole(connection, row.id) for row in transmissions},
    )


def orders_of(connection: Connection, subjects: list[str]) -> dict[str, bytes]:
    """The order as its source said it last, by subject; none for what is no order."""
    if not subjects:
        return {}
    return {row.subject: row.content for row in connection.execute(_ORDERS, {"ids": subjects})}
