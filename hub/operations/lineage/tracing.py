"""Lineage: where each field of a document, or of what was sent, came from.

Nothing is kept for it but what is kept anyway: the bytes that arrived, the configuration's
versions, and the answers of look-ups. The mapping is run again over them, field by field.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlalchemy import Connection, select

from hub.contract.documents import KINDS, Order, Reply
from hub.contract.errors import ConfigError, CrossdockError
from hub.ledger.incoming import unpack
from hub.operations.errors import BadInput, NotFound
from hub.operations.ids import resolve
from hub.operations.lineage.fields import FieldLineage, agrees, explain, header_plan, trace
from hub.operations.lineage.recorded import RecordedAnswers, Tables
from hub.operations.parts import Part, part_of
from hub.operations.rows import AnyRow
from hub.pipelines import tree_of
from hub.source import nearest
from hub.store import Store, tables
from hub.store.bodies import read_stream
from hub.store.references import numbers_of
from hub.store.statements import loads
from hub.store.states import DocumentState
from hub.workspace import Workspace, load
from hub.workspace.versions import files_of

MOST: Final = 20
"""Documents of one message that are told of; one message may hold thousands."""

_INDEX: Final = re.compile(r"\[\d+\]")
_CONSTRUCT: Final = re.compile(r"(.*?)\.?\$\w+(\.\w+)?$")


@dataclass(frozen=True, slots=True)
class Traced:
    """A document or a delivery with its fields, under the configuration's `version` that made it.

    `note` says what is to be known about it: why it has no fields, or that what is kept is not
    what the version makes of it today.
    """

    of: str
    id: str
    kind: str | None
    mapping: str | None
    version: str
    note: str
    fields: list[FieldLineage]


@dataclass(frozen=True, slots=True)
class Lineage:
    """A message's documents, the first twenty of `document_count`, or the delivery that was asked for."""

    message: str
    document_count: int
    traced: list[Traced]


def trace_message(store: Store, id_: str, *, field: str | None = None, delivery: str | None = None) -> Lineage:
    """The lineage of a message's documents, or of one delivery of it.

    `field` keeps what is at or below a path (`buyer.email`, `lines[2].sku`; `lines.sku` for all
    lines), with the conditions and loops around it. Raises NotFound for a message, delivery or
    field that is not there, ConfigError where a version cannot be loaded.
    """
    with store.read() as connection:
        tracer = _Tracer(connection)
        message = _row(connection, tables.message, resolve(connection, tables.message, id_))
        documents = connection.execute(
            select(tables.document)
            .where(tables.document.c.message == message.id)
            .order_by(tables.document.c.ordinal, tables.document.c.created_at)
        ).all()
        if delivery is None:
            traced = [tracer.document(message, row) for row in documents[:MOST]]
        else:
            traced = [tracer.delivery(_delivery_of(connection, delivery, documents))]
    return Lineage(message.id, len(documents), traced if field is None else _only(field, traced))


def _delivery_of(connection: Connection, id_: str, documents: Iterable[AnyRow]) -> AnyRow:
    row = _row(connection, tables.delivery, resolve(connection, tables.delivery, id_))
    if row.document not in {document.id for document in documents}:
        raise NotFound(f"The delivery {id_!r} is of another message.", value=id_)
    return row


def _row(connection: Connection, table: Any, id_: str) -> AnyRow:
    return connection.execute(select(table).where(table.c.id == id_)).one()


@dataclass(slots=True)
class _Tracer:
    """Traces over one connection; versions are loaded once."""

    connection: Connection
    _workspaces: dict[str, Workspace] = field(default_factory=dict)

    def document(self, message: AnyRow, row: AnyRow) -> Traced:
        """A document of a message, those that failed included."""
        told = Traced("document", row.id, row.kind, row.mapping, row.config_version, "", [])
        if row.cause is not None:
            return replace(told, note=f"The ledger made it, because of the document {row.cause}.")
        try:
            workspace = self._workspace(row.config_version)
            part = part_of(workspace, message, read_stream(self.connection, message.id), row.ordinal)
        except CrossdockError as error:
            return replace(told, note=error.message)
        if part.pipeline.recipe is None:
            return replace(told, note=f"Nothing is made of it: {part.pipeline.ignored}.")
        fields = self._fields_of(workspace, part, row, message)
        kept = {} if row.content is None else loads(unpack(row.content).decode())
        note = "" if agrees(kept, fields) else "What is kept is not what this version makes of it; what is kept counts."
        return replace(told, mapping=part.pipeline.recipe.mapping.name, fields=fields, note=note)

    def _fields_of(self, workspace: Workspace, part: Part, row: AnyRow, message: AnyRow) -> list[FieldLineage]:
        assert part.pipeline.recipe is not None
        identified = part.pipeline.identity
        lookups = self._lookups(workspace, row, added_by=row.created_at, valid_at=message.received_at)
        header = [] if identified is None else trace(header_plan(identified, part.variables), part.variables, lookups)
        return [*header, *explain(part.pipeline.recipe.mapping, part.variables, lookups)]

    def delivery(self, row: AnyRow) -> Traced:
        """What a delivery carries, or would."""
        document = _row(self.connection, tables.document, row.document)
        sent = None if row.transmission is None else _row(self.connection, tables.transmission, row.transmission)
        version = self._version_of(row, sent)
        told = Traced("delivery", row.id, document.kind, row.mapping or None, version, "", [])
        if document.kind == Reply.__name__:
            return replace(told, note="A reply goes as its format made it, by no mapping.")
        workspace = self._workspace(version)
        mapping = workspace.mappings.get(row.mapping)
        if mapping is None:
            return replace(told, note=f"The mapping {row.mapping} is not in that version of the configuration.")
        at = row.created_at if sent is None else sent.created_at
        source = tree_of(KINDS[document.kind].model_validate_json(unpack(document.content)))
        variables = {"source": source, "effect": row.effect, "target": row.system}
        if mapping.reads("order"):
            variables["order"] = source if document.kind == Order.__name__ else self._order(row.subject, at) or {}
        lookups = self._lookups(workspace, row, added_by=at, valid_at=row.created_at)
        note = "" if sent is not None else "It is not made yet, or failed to be: this is what it would be made of."
        return replace(told, fields=explain(mapping, variables, lookups), note=note)

    def _version_of(self, row: AnyRow, sent: AnyRow | None) -> str:
        """The version that rendered a delivery: what it was planned under may be an older one."""
        event = tables.event
        statement = select(event.c.config_version).where(event.c.subject == row.subject, event.c.cause == row.id)
        if sent is None:
            statement = statement.order_by(event.c.seq.desc())
        else:
            statement = statement.where(event.c.at >= sent.created_at).order_by(event.c.seq)
        found: str | None = self.connection.execute(statement.limit(1)).scalar()
        return found or row.config_version

    def _order(self, subject: str, at: int) -> dict[str, Any] | None:
        """The order as its source had said it last at that time."""
        document, head = tables.document.c, tables.order_head.c
        statement = (
            select(document.content)
            .join(tables.order_head, (head.subject == document.subject) & (head.source == document.source))
            .where(document.subject == subject, document.kind == Order.__name__, document.created_at <= at)
            .where(document.state == DocumentState.APPLIED, document.content.is_not(None))
            .order_by(document.seq.desc())
            .limit(1)
        )
        content = self.connection.execute(statement).scalar()
        return None if content is None else tree_of(Order.model_validate_json(unpack(content)))

    def _lookups(self, workspace: Workspace, row: AnyRow, *, added_by: int, valid_at: int) -> RecordedAnswers:
        numbers = {} if row.subject is None else numbers_of(self.connection, [row.subject])[row.subject]
        answering = Tables(self.connection, workspace.crosswalks, added_by=added_by, valid_at=valid_at)
        return RecordedAnswers(loads(row.lookups) or {}, answering, lambda system, kind: numbers.get((system, kind)))

    def _workspace(self, version: str) -> Workspace:
        if version not in self._workspaces:
            files = files_of(self.connection, version)
            loaded = load(files)
            if not files or loaded.workspace is None:
                why = "it is not kept" if not files else str(loaded.problems.errors[0])
                raise ConfigError(f"The configuration {version} cannot be loaded: {why}.")
            self._workspaces[version] = loaded.workspace
        return self._workspaces[version]


def _only(wanted: str, traced: Iterable[Traced]) -> list[Traced]:
    """What is at or below a path, with the constructs around it."""
    if not wanted.strip():
        raise BadInput("Name a field, such as buyer.email.", value=wanted)
    told = list(traced)
    names = {field.field for one in told for field in one.fields}
    if not any(_within(_comparable(name, wanted), wanted) for name in names):
        raise NotFound(f"There is no field {wanted!r}{nearest(wanted, names)}.", value=wanted)
    kept = [replace(one, fields=[field for field in one.fields if _concerns(field.field, wanted)]) for one in told]
    return [one for one in kept if one.fields]


def _concerns(name: str, wanted: str) -> bool:
    name = _comparable(name, wanted)
    construct = _CONSTRUCT.fullmatch(name)
    return _within(name, wanted) or (construct is not None and _within(wanted, construct[1]))


def _comparable(name: str, wanted: str) -> str:
    """A field's name as the path that is wanted is written: without indices, if that has none."""
    return name if "[" in wanted else _INDEX.sub("", name)


def _within(name: str, around: str) -> bool:
    return not around or name == around or name.startswith((f"{around}.", f"{around}["))
