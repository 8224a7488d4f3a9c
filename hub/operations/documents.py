"""Documents as they are shown with a message or an order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, case, select

from hub.operations.deliveries import Delivery, read_deliveries
from hub.operations.rows import moment
from hub.store.states import OPEN_DOCUMENTS
from hub.store.tables import delivery, document, failure, message, order_head


@dataclass(frozen=True, slots=True)
class Document:
    """A canonical document, or the failure to make one. `state` is its own; its deliveries have theirs.

    `order` is the number of the order it is about, `failure` the id of what is open about it.
    """

    id: str
    message: str
    ordinal: int
    position: str
    kind: str | None
    state: str
    reason: str | None
    effect: str | None
    pipeline: str | None
    mapping: str | None
    subject: str | None
    order: str | None
    source: str
    created_at: datetime
    waiting_until: datetime | None
    failure: str | None
    deliveries: list[Delivery]


_OPEN_FIRST = case((document.c.state.in_(OPEN_DOCUMENTS), 0), else_=1)


def read_documents(
    connection: Connection, condition: ColumnElement[bool], *, limit: int, now: int, with_deliveries: bool = True
) -> list[Document]:
    """The documents for which the condition holds: unsettled ones first, then as they were made."""
    statement = (
        select(document, order_head.c.number.label("order_number"))
        .outerjoin(order_head, order_head.c.subject == document.c.subject)
        .where(condition)
        .order_by(_OPEN_FIRST, document.c.created_at, document.c.message, document.c.ordinal)
        .limit(limit)
    )
    rows = connection.execute(statement).all()
    ids = [row.id for row in rows]
    failures = open_failures(connection, ids)
    deliveries: dict[str, list[Delivery]] = {}
    if with_deliveries and ids:
        for one in read_deliveries(connection, delivery.c.document.in_(ids), now=now):
            deliveries.setdefault(one.document, []).append(one)
    return [
        Document(
            id=row.id,
            message=row.message,
            ordinal=row.ordinal,
            position=row.position,
            kind=row.kind,
            state=row.state,
            reason=row.reason,
            effect=row.effect,
            pipeline=row.pipeline,
            mapping=row.mapping,
            subject=row.subject,
            order=row.order_number,
            source=row.source,
            created_at=moment(row.created_at),
            waiting_until=moment(row.waiting_until),
            failure=failures.get(row.id),
            deliveries=deliveries.get(row.id, []),
        )
        for row in rows
    ]


def open_failures(connection: Connection, targets: Sequence[str]) -> dict[str, str]:
    """Target to the id of its open failure."""
    if not targets:
        return {}
    statement = select(failure.c.target, failure.c.id).where(
        failure.c.target.in_(targets), failure.c.closed_at.is_(None)
    )
    return {row.target: row.id for row in connection.execute(statement)}


def targets_of(messages: Sequence[str]) -> Select[tuple[str]]:
    """What a failure of these messages may be about: themselves, their documents, their deliveries."""
    found = (
        select(message.c.id)
        .where(message.c.id.in_(messages))
        .union(
            select(document.c.id).where(document.c.message.in_(messages)),
            select(delivery.c.id)
            .join(document, delivery.c.document == document.c.id)
            .where(document.c.message.in_(messages)),
        )
        .subquery()
    )
    return select(found.c.id)
