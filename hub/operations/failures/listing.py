"""Failures: what failed, grouped by cause, what to do about it, and a person's decision on a delivery."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from sqlalchemy import Connection, Select, func, select

from hub.operations.errors import BadInput, NotFound
from hub.operations.failures.remedies import remedies_of
from hub.operations.ids import resolve
from hub.operations.rows import AnyRow, moment
from hub.store import Store
from hub.store.statements import loads
from hub.store.tables import delivery, document, failure, message, order_head

MOST = 500
"""Rows of one list at most."""

_STATES = {"message": message, "document": document, "delivery": delivery}


@dataclass(frozen=True, slots=True)
class FailureLine:
    """A failure in a list. `target_kind` says what failed (message, document, delivery), `state` how that stands."""

    id: str
    code: str
    text: str
    connection: str
    target_kind: str
    target: str
    state: str
    order: str | None
    group: str
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Open failures with one cause. `example` is the latest; `key` names the group."""

    key: str
    code: str
    connection: str
    count: int
    first_at: datetime
    last_at: datetime
    text: str
    example: str
    order: str | None


@dataclass(frozen=True, slots=True)
class Failure:
    """Everything about one failure.

    `place` holds plain values (field, value, crosswalk, file, line …). `alike` counts the open
    ones with the same cause. `remedies` say what to do, the first one first.
    """

    id: str
    code: str
    text: str
    detail: str | None
    place: dict[str, Any]
    connection: str
    target_kind: str
    target: str
    state: str
    message: str
    message_name: str
    subject: str | None
    order: str | None
    group: str
    alike: int
    opened_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    remedies: list[str]


def list_groups(store: Store, *, connection_name: str | None = None, limit: int = 50) -> list[FailureGroup]:
    """What is open, by cause: the causes that struck last come first."""
    counted = (
        select(
            failure.c.group_key,
            func.count().label("number"),
            func.min(failure.c.opened_at).label("first_at"),
            func.max(failure.c.opened_at).label("last_at"),
        )
        .where(failure.c.closed_at.is_(None))
        .group_by(failure.c.group_key)
        .order_by(func.max(failure.c.opened_at).desc(), failure.c.group_key)
        .limit(max(1, min(limit, MOST)))
    )
    if connection_name is not None:
        counted = counted.where(failure.c.connection == connection_name)
    with store.read() as connection:
        return [_group(connection, row) for row in connection.execute(counted).all()]


def _group(connection: Connection, row: AnyRow) -> FailureGroup:
    latest = (
        _failures()
        .where(failure.c.group_key == row.group_key, failure.c.closed_at.is_(None))
        .order_by(failure.c.opened_at.desc(), failure.c.id.desc())
        .limit(1)
    )
    example = connection.execute(latest).one()
    return FailureGroup(
        key=row.group_key,
        code=example.code,
        connection=example.connection,
        count=row.number,
        first_at=moment(row.first_at),
        last_at=moment(row.last_at),
        text=example.text,
        example=example.id,
        order=example.order_number,
    )


def list_failures(
    store: Store,
    *,
    group: str | None = None,
    connection_name: str | None = None,
    closed: bool = False,
    limit: int = 50,
) -> list[FailureLine]:
    """Failures one by one, the latest first; the open ones unless `closed` asks for the others.

    `group` is a group's key, or the id of a failure of it.
    """
    with store.read() as connection:
        statement = _failures().where(failure.c.closed_at.is_not(None) if closed else failure.c.closed_at.is_(None))
        if group is not None:
            statement = statement.where(failure.c.group_key == resolve_group(connection, group))
        if connection_name is not None:
            statement = statement.where(failure.c.connection == connection_name)
        latest = statement.order_by(failure.c.opened_at.desc(), failure.c.id.desc())
        rows = connection.execute(latest.limit(max(1, min(limit, MOST)))).all()
        states = states_of(connection, rows)
    return [_line(row, states.get(row.target, "")) for row in rows]


def _failures() -> Select[Any]:
    return select(failure, order_head.c.number.label("order_number")).outerjoin(
        order_head, order_head.c.subject == failure.c.subject
    )


def states_of(connection: Connection, rows: list[AnyRow] | Any) -> dict[str, str]:
    """Target to the state it is in, for rows that have `target_kind` and `target`."""
    found: dict[str, str] = {}
    for kind, table in _STATES.items():
        ids = [row.target for row in rows if row.target_kind == kind]
        if ids:
            statement = select(table.c.id, table.c.state).where(table.c.id.in_(ids))
            found.update({row.id: row.state for row in connection.execute(statement)})
    return found


def _line(row: AnyRow, state: str) -> FailureLine:
    return FailureLine(
        id=row.id,
        code=row.code,
        text=row.text,
        connection=row.connection,
        target_kind=row.target_kind,
        target=row.target,
        state=state,
        order=row.order_number,
        group=row.group_key,
        opened_at=moment(row.opened_at),
        closed_at=moment(row.closed_at),
    )


def show_failure(store: Store, name: str) -> Failure:
    """One failure by its id, by the id of what failed, or the latest of a group by its key."""
    with store.read() as connection:
        row = connection.execute(_failures().where(failure.c.id == _any_name(connection, name))).one()
        state = states_of(connection, [row]).get(row.target, "")
        alike = connection.execute(
            select(func.count())
            .select_from(failure)
            .where(failure.c.group_key == row.group_key, failure.c.closed_at.is_(None))
        ).scalar_one()
        named = connection.execute(select(message.c.name).where(message.c.id == row.message)).scalar() or ""
    place = loads(row.place)
    return Failure(
        id=row.id,
        code=row.code,
        text=row.text,
        detail=row.detail,
        place=place,
        connection=row.connection,
        target_kind=row.target_kind,
        target=row.target,
        state=state,
        message=row.message,
        message_name=named,
        subject=row.subject,
        order=row.order_number,
        group=row.group_key,
        alike=alike,
        opened_at=moment(row.opened_at),
        closed_at=moment(row.closed_at),
        closed_by=row.closed_by,
        remedies=remedies_of(row, place, state, alike),
    )


def resolve_failure(connection: Connection, text: str) -> str:
    """The failure that an id names: its own, or the latest of what an id of a message, document or delivery names."""
    try:
        return resolve(connection, failure, text)
    except NotFound:
        pass
    for table in _STATES.values():
        try:
            target = resolve(connection, table, text)
        except NotFound:
            continue
        latest = (
            select(failure.c.id)
            .where(failure.c.target == target)
            .order_by(failure.c.opened_at.desc(), failure.c.id.desc())
            .limit(1)
        )
        found: str | None = connection.execute(latest).scalar()
        if found is not None:
            return found
    raise NotFound(f"There is no failure {text!r}, and nothing of that id failed.", value=text)


def resolve_group(connection: Connection, text: str) -> str:
    """The key of a group, given as it stands or by the id of a failure of it."""
    known = select(failure.c.group_key).where(failure.c.group_key == text, failure.c.closed_at.is_(None)).limit(1)
    if connection.execute(known).first() is not None:
        return text
    try:
        id_ = resolve_failure(connection, text)
    except (NotFound, BadInput):
        raise NotFound(f"No open failure is of the group {text!r}{_nearest(connection, text)}.", value=text) from None
    key: str = connection.execute(select(failure.c.group_key).where(failure.c.id == id_)).scalar_one()
    return key


def _nearest(connection: Connection, text: str) -> str:
    keys = connection.execute(select(failure.c.group_key).where(failure.c.closed_at.is_(None)).distinct().limit(MOST))
    close = get_close_matches(text, list(keys.scalars()), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


def _any_name(connection: Connection, name: str) -> str:
    """The failure that an id names, or the latest open one of the group that a key names."""
    latest = (
        select(failure.c.id)
        .where(failure.c.group_key == name, failure.c.closed_at.is_(None))
        .order_by(failure.c.opened_at.desc(), failure.c.id.desc())
        .limit(1)
    )
    found: str | None = connection.execute(latest).scalar()
    if found is not None:
        return found
    if ":" in name:
        raise NotFound(f"No open failure is of the group {name!r}{_nearest(connection, name)}.", value=name)
    return resolve_failure(connection, name)
