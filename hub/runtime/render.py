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
from hub.contract.documents import KINDS, Order, Reply
from hub.contract.errors import ConfigError
from hub.contract.format import Format
from hub.contract.ids import new_id
from hub.contract.registry import nearest
from hub.failures.notes import note_of
from hub.ledger.incoming import unpack
from hub.pipelines import tree_of
from hub.runtime.lookups import ConnectionNumbers, CrosswalkBook, NumberNeeded, RecordedLookups
from hub.runtime.outcomes import Frozen
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
class _Payload:
    """What is to become bytes. `numbers` are the subject's own at the target."""

    type: str
    tree: Any
    numbers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Material:
    """What rendering reads from the database, read at once for a whole batch."""

    documents: Mapping[str, Any]
    numbers: Mapping[str, Numbers]
    orders: Mapping[str, bytes]
    transmissions: Mapping[str, Any]
    bodies: Mapping[str, bytes]

    def order_of(self, subject: str) -> dict[str, Any]:
        """The order as its source said it last; empty for what is about none."""
        kept = self.orders.get(subject)
        return {} if kept is None else _tree(Order.__name__, kept)


class Renderer:
    """Renders under one configuration; belongs to one thread."""

    def __init__(self, workspace: Workspace, environment: str, book: CrosswalkBook) -> None:
        self._workspace = workspace
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
        running = ConnectionNumbers(numbering, delivery.connection)
        if document.kind == Reply.__name__:
            out = self._reply(delivery, document, running)
        else:
            out = self._mapped(delivery, document, material, lookups, running)
        rendered.answers = lookups.answers
        rendered.frozen = Frozen(delivery, out, doubtful=False)
        rendered.is_new = True

    def _mapped(
        self,
        delivery: ClaimedDelivery,
        document: Any,
        material: _Material,
        lookups: RecordedLookups,
        running: ConnectionNumbers,
    ) -> Outbound:
        mapping = self._workspace.mappings.get(delivery.mapping)
        if mapping is None:
            close = nearest(delivery.mapping, self._workspace.mappings)
            message = f"The mapping {delivery.mapping} is not configured any more{close}."
            raise ConfigError(message, mapping=delivery.mapping)
        source = _tree(document.kind, document.content)
        variables = {"source": source, "effect": delivery.effect, "target": delivery.system}
        if mapping.reads("order"):
            kept = material.orders.get(delivery.subject)
            variables["order"] = (
                source if document.kind == Order.__name__ else {} if kept is None else _tree("Order", kept)
            )
        tree = mapping.run(variables, lookups)
        numbers = material.numbers[delivery.subject]
        payload = _Payload(mapping.target_type, tree, _own_numbers(numbers, delivery.system))
        return self._outbound(delivery, document, payload, running)

    def _reply(self, delivery: ClaimedDelivery, document: Any, running: ConnectionNumbers) -> Outbound:
        reply = Reply.model_validate_json(unpack(document.content))
        return self._outbound(delivery, document, _Payload(reply.payload_type, reply.payload), running)

    def _outbound(
        self, delivery: ClaimedDelivery, document: Any, payload: _Payload, running: ConnectionNumbers
    ) -> Outbound:
        format_ = self._format(delivery, payload.type)
        return Outbound(
            transmission=new_id(),
            idempotency_key=f"{self._environment}:{delivery.id}:{delivery.revision}",
            type=payload.type,
            name=f"{payload.type} {document.source_id}",
            content_type=format_.content_type,
            body=format_.encode(payload.tree, payload.type, running),
            references=payload.numbers,
        )

    def _format(self, delivery: ClaimedDelivery, payload_type: str) -> Format:
        if delivery.connection not in self._workspace.connections:
            raise ConfigError(f"The connection {delivery.connection} is not configured any more.")
        format_ = self._workspace.encoder(delivery.connection, payload_type)
        if format_ is None:
            raise ConfigError(f"The connection {delivery.connection} takes no {payload_type}.", value=payload_type)
        return format_

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
        orders=_orders(connection, [one.subject for one in claimed if found[one.document].kind not in _WITHOUT_ORDER]),
        transmissions={row.id: row for row in transmissions},
        bodies={row.id: bodies.read_whole(connection, row.id) for row in transmissions},
    )


def _orders(connection: Connection, subjects: list[str]) -> dict[str, bytes]:
    """The order as its source said it last, by subject; none for what is no order."""
    if not subjects:
        return {}
    return {row.subject: row.content for row in connection.execute(_ORDERS, {"ids": subjects})}


def _tree(kind: str, content: bytes) -> dict[str, Any]:
    return tree_of(KINDS[kind].model_validate_json(unpack(content)))
