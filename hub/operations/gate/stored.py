"""What the hub's database holds of the messages that a gate looks at: bytes, documents, effects, numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, select

from hub.contract.clock import to_micros
from hub.operations.rows import AnyRow
from hub.runtime.render import Numbers, orders_of
from hub.store import tables
from hub.store.messages import ClaimedMessage
from hub.store.references import numbers_of
from hub.store.statements import loads

_XREF: Final = "xref:"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which messages: the latest `last`, or all if it is None, that came `since` and from `connection`."""

    last: int | None = None
    since: datetime | None = None
    connection: str | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A document as the ledger has it.

    `content` is what is kept of it, packed, for one that the ledger made itself; None for what a message said, of
    which only the row counts. `effect` is None for what was never applied: then nothing was to be delivered.
    `asked` has, by target, the numbers that its mapping asked for then, (system, kind) to number.
    """

    id: str
    kind: str | None
    ordinal: int
    subject: str | None
    order: str | None
    origin: str
    effect: str | None
    created_at: int
    content: bytes | None = None
    numbers: Numbers = field(default_factory=dict)
    order_content: bytes | None = None
    asked: Mapping[str, Mapping[tuple[str, str], str | None]] = field(default_factory=dict)


def chosen(connection: Connection, which: Selection) -> list[str]:
    """The ids of messages, the latest first."""
    message = tables.message.c
    statement = select(message.id).order_by(message.received_at.desc(), message.id.desc()).limit(which.last)
    if which.since is not None:
        statement = statement.where(message.received_at >= to_micros(which.since))
    if which.connection is not None:
        statement = statement.where(message.connection == which.connection)
    return list(connection.execute(statement).scalars())


def read_message(connection: Connection, id_: str) -> ClaimedMessage | None:
    """A message as it is prepared, from its first part on; None if it was removed, or its bytes were."""
    message, body = tables.message.c, tables.body.c
    row = connection.execute(
        select(tables.message).join(tables.body, body.owner == message.id).where(message.id == id_, body.chunk == 0)
    ).first()
    if row is None:
        return None
    return ClaimedMessage(
        id=row.id,
        connection=row.connection,
        type=row.type,
        name=row.name,
        headers=loads(row.headers),
        size=row.size,
        cursor=0,
        received_at=row.received_at,
        fence=row.fence,
        claims=0,
    )


def of_message(connection: Connection, message: str, ordinal: int) -> Recorded | None:
    """What was made of one part of a message; None if nothing was, or it is not drained yet.

    A part that was made anew has several rows: the one that was applied counts.
    """
    document = tables.document.c
    condition = (document.message == message) & (document.ordinal == ordinal) & document.cause.is_(None)
    rows = list(_rows(connection, condition))
    row = next((row for row in rows if row.effect is not None), rows[-1] if rows else None)
    return None if row is None else _recorded(connection, row, content=None)


def of_ledger(connection: Connection, message: str) -> Iterator[Recorded]:
    """What the ledger made because of a message, one after the other."""
    document = tables.document.c
    condition = (document.message == message) & document.cause.is_not(None) & document.content.is_not(None)
    for row in list(_rows(connection, condition)):
        content = connection.execute(select(document.content).where(document.id == row.id)).scalar_one()
        yield _recorded(connection, row, content=content)


def _rows(connection: Connection, condition: ColumnElement[bool]) -> Iterator[AnyRow]:
    document, head = tables.document.c, tables.order_head.c
    statement = (
        select(
            *(document[name] for name in ("id", "kind", "ordinal", "subject", "effect", "created_at")),
            head.number,
            head.source,
        )
        .select_from(tables.document.outerjoin(tables.order_head, head.subject == document.subject))
        .where(condition)
        .order_by(document.ordinal, document.created_at, document.id)
    )
    return iter(connection.execute(statement))


def _recorded(connection: Connection, row: AnyRow, *, content: bytes | None) -> Recorded:
    known = Recorded(
        id=row.id,
        kind=row.kind,
        ordinal=row.ordinal,
        subject=row.subject,
        order=row.number,
        origin=row.source or "",
        effect=row.effect,
        created_at=row.created_at,
        content=content,
    )
    if row.effect is None:
        return known
    return replace(
        known,
        numbers=numbers_of(connection, [row.subject])[row.subject],
        order_content=orders_of(connection, [row.subject]).get(row.subject),
        asked=_asked(connection, row.id),
    )


def _asked(connection: Connection, document: str) -> dict[str, dict[tuple[str, str], str | None]]:
    delivery = tables.delivery.c
    rows = connection.execute(select(delivery.connection, delivery.lookups).where(delivery.document == document))
    found: dict[str, dict[tuple[str, str], str | None]] = {}
    for row in rows:
        found.setdefault(row.connection, {}).update(_numbers_in(loads(row.lookups) or {}))
    return found


def _numbers_in(answers: Mapping[str, Any]) -> dict[tuple[str, str], str | None]:
    """Of recorded answers those of other systems' numbers."""
    found = {}
    for question, answer in answers.items():
        if question.startswith(_XREF):
            system, _, kind = question.removeprefix(_XREF).partition(":")
            found[(system, kind)] = answer
    return found
