"""Messages: what arrived, what became of it, found by any business number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from hub.contract.clock import to_micros
from hub.operations.documents import Document, open_failures, read_documents, targets_of
from hub.operations.errors import BadInput
from hub.operations.ids import resolve
from hub.operations.orders.search import messages_of, sound
from hub.operations.orders.standing import is_unsettled, message_rank, rank_of_state, state_of_rank, unsettled_messages
from hub.operations.previews import Preview, preview
from hub.operations.rows import AnyRow, moment
from hub.store import Store, tables
from hub.store.bodies import read_small
from hub.store.statements import loads
from hub.store.tables import document, message, order_head

MOST = 500
"""Rows of one page at most."""

DOCUMENTS = 100
"""Documents that are shown of one message, unsettled ones first."""


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """Which messages: each condition that is given must hold. `find` is any business number, file name or id."""

    connection: str | None = None
    state: str | None = None
    find: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class MessageLine:
    """A message in a list. `state` is the worst of everything about it; `orders` are their numbers."""

    id: str
    received_at: datetime
    connection: str
    type: str
    name: str
    size: int
    state: str
    reason: str | None
    documents: int
    orders: list[str]


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Messages, newest first. `next` is what to give as `after` for the page behind, None at the end."""

    messages: list[MessageLine]
    next: str | None


@dataclass(frozen=True, slots=True)
class Message:
    """A message with everything that became of it.

    `state` is the worst of it all, `read` says whether its bytes were read. `documents` are the
    first hundred, unsettled ones first, of `document_count`.
    """

    id: str
    connection: str
    type: str
    name: str
    content_type: str
    transport_key: str
    headers: dict[str, str]
    size: int
    sha256: str
    received_at: datetime
    drained_at: datetime | None
    state: str
    read: str
    reason: str | None
    failure: str | None
    preview: Preview
    document_count: int
    documents: list[Document]


def list_messages(
    store: Store, which: MessageFilter | None = None, *, limit: int = 50, after: str | None = None
) -> MessagePage:
    """A page of messages, newest first; `after` is the `next` of the page before.

    Raises BadInput for a state that is none, or an `after` that no page gave.
    """
    which = which or MessageFilter()
    limit = max(1, min(limit, MOST))
    with store.read() as connection:
        statement = _page(connection, which, after).limit(limit + 1)
        found = connection.execute(statement).all()
        lines = _lines(connection, found[:limit])
    last = found[limit - 1] if len(found) > limit else None
    return MessagePage(lines, None if last is None else f"{last.received_at}:{last.id}")


def _page(connection: Connection, which: MessageFilter, after: str | None) -> Select[Any]:
    rank = message_rank()
    statement = select(message, rank.label("rank")).order_by(message.c.received_at.desc(), message.c.id.desc())
    if which.connection is not None:
        statement = statement.where(message.c.connection == which.connection)
    if which.since is not None:
        statement = statement.where(message.c.received_at >= to_micros(which.since))
    if which.find is not None:
        statement = statement.where(message.c.id.in_(messages_of(connection, sound(which.find))))
    if which.state is not None:
        statement = statement.where(rank == rank_of_state(which.state))
        if is_unsettled(which.state):
            statement = statement.where(message.c.id.in_(unsettled_messages()))
    return statement if after is None else statement.where(_older(after))


def _older(after: str) -> ColumnElement[bool]:
    at, _, id_ = after.partition(":")
    if not at.isdecimal() or not id_:
        raise BadInput(f"{after!r} is not the end of a page; give the `next` of the page before.", value=after)
    bound = int(at)
    return and_(
        message.c.received_at <= bound,
        or_(message.c.received_at < bound, message.c.id < id_),
    )


def _lines(connection: Connection, rows: Sequence[AnyRow]) -> list[MessageLine]:
    ids = [row.id for row in rows]
    counts = _counts(connection, ids)
    orders = _orders(connection, ids)
    reasons = _reasons(connection, ids)
    return [
        MessageLine(
            id=row.id,
            received_at=moment(row.received_at),
            connection=row.connection,
            type=row.type,
            name=row.name,
            size=row.size,
            state=state_of_rank(row.rank),
            reason=row.reason or reasons.get(row.id),
            documents=counts.get(row.id, 0),
            orders=orders.get(row.id, []),
        )
        for row in rows
    ]


def _counts(connection: Connection, ids: list[str]) -> dict[str, int]:
    statement = (
        select(document.c.message, func.count().label("number"))
        .where(document.c.message.in_(ids))
        .group_by(document.c.message)
    )
    return {row.message: row.number for row in connection.execute(statement)}


_ORDERS_SHOWN = 3


def _orders(connection: Connection, ids: list[str]) -> dict[str, list[str]]:
    """The first few order numbers of each message."""
    statement = (
        select(document.c.message, document.c.ordinal, order_head.c.number)
        .join(order_head, order_head.c.subject == document.c.subject)
        .where(document.c.message.in_(ids), document.c.ordinal < _ORDERS_SHOWN)
        .order_by(document.c.ordinal)
    )
    found: dict[str, list[str]] = {}
    for row in connection.execute(statement):
        numbers = found.setdefault(row.message, [])
        if row.number not in numbers:
            numbers.append(row.number)
    return found


def _reasons(connection: Connection, ids: list[str]) -> dict[str, str]:
    """What failed last of each message, if that is open."""
    failure = tables.failure
    statement = (
        select(failure.c.message, failure.c.text)
        .where(failure.c.target.in_(targets_of(ids)), failure.c.closed_at.is_(None))
        .order_by(failure.c.opened_at)
    )
    return {row.message: row.text for row in connection.execute(statement)}


def show_message(store: Store, id_: str, *, now: int) -> Message:
    """One message by its id or the end of it; NotFound or BadInput if that names none or several."""
    with store.read() as connection:
        whole = resolve(connection, message, id_)
        row = connection.execute(select(message, message_rank().label("rank")).where(message.c.id == whole)).one()
        head = read_small(connection, [whole]).get(whole, b"")
        return Message(
            id=whole,
            connection=row.connection,
            type=row.type,
            name=row.name,
            content_type=row.content_type,
            transport_key=row.transport_key,
            headers=loads(row.headers),
            size=row.size,
            sha256=row.sha256,
            received_at=moment(row.received_at),
            drained_at=moment(row.drained_at),
            state=state_of_rank(row.rank),
            read=row.state,
            reason=row.reason,
            failure=open_failures(connection, [whole]).get(whole),
            preview=preview(head, row.size),
            document_count=_counts(connection, [whole]).get(whole, 0),
            documents=read_documents(connection, document.c.message == whole, limit=DOCUMENTS, now=now),
        )
