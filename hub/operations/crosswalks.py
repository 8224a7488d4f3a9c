"""Crosswalks: the code tables of files, and the rows that people add while the hub runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from hub.contract.clock import Clock, from_micros
from hub.contract.registry import nearest
from hub.operations.errors import BadInput, NotFound, OperationRefused
from hub.store import Store
from hub.store.crosswalks import add_row, added_rows, remove_rows
from hub.store.tables import crosswalk_row
from hub.store.texts import misfit
from hub.workspace import Crosswalk, Workspace
from hub.workspace.crosswalks import DEFAULT
from hub.workspace.loader import CROSSWALKS


@dataclass(frozen=True, slots=True)
class CrosswalkLine:
    """A table in a list: how many rows its file has, and how many were added. `file` is None without one."""

    name: str
    file: str | None
    file_rows: int
    added_rows: int


@dataclass(frozen=True, slots=True)
class CrosswalkRow:
    """A row; its days are both included, None where open. `origin` is `file:line`, or who added it.

    Added rows come before those of the file, newer ones before older ones.
    """

    value: str
    target: str
    valid_from: date | None
    valid_to: date | None
    origin: str


@dataclass(frozen=True, slots=True)
class AddedCrosswalkRow:
    """A row that was added. `instead_of` is what the value stood for on its first day (else today), if anything."""

    crosswalk: str
    row: CrosswalkRow
    instead_of: str | None


@dataclass(frozen=True, slots=True)
class RemovedCrosswalkRows:
    """Added rows of a value that are gone, newest first. `now` is what the value stands for today, if anything."""

    crosswalk: str
    rows: list[CrosswalkRow]
    now: str | None


def list_crosswalks(store: Store, workspace: Workspace) -> list[CrosswalkLine]:
    """All tables by name, those of files and those that only have added rows."""
    with store.read() as connection:
        added = added_rows(connection)
    names = sorted({*workspace.crosswalks, *added})
    return [
        CrosswalkLine(
            name=name,
            file=f"{CROSSWALKS}/{name}.csv" if name in workspace.crosswalks else None,
            file_rows=len(workspace.crosswalks[name]) if name in workspace.crosswalks else 0,
            added_rows=sum(len(rows) for rows in added.get(name, {}).values()),
        )
        for name in names
    ]


def list_rows(store: Store, workspace: Workspace, name: str, *, value: str | None = None) -> list[CrosswalkRow]:
    """The rows of one table in the order in which they count, of one value if it is given. NotFound for no table."""
    with store.read() as connection:
        rows = [_added(row) for row in _newest_first(connection, name)]
    table = workspace.crosswalks.get(name)
    if table is None and not rows:
        raise NotFound(f"There is no crosswalk {name!r}{nearest(name, workspace.crosswalks)}.", value=name)
    rows.extend(_of_file(table))
    return [row for row in rows if value is None or row.value == value]


def _newest_first(connection: Connection, name: str) -> Sequence[Any]:
    statement = (
        select(crosswalk_row)
        .where(crosswalk_row.c.crosswalk == name)
        .order_by(crosswalk_row.c.added_at.desc(), crosswalk_row.c.id.desc())
    )
    return connection.execute(statement).all()


def _added(row: Any) -> CrosswalkRow:
    return CrosswalkRow(row.source, row.target, _day(row.valid_from), _day(row.valid_to), f"added by {row.actor}")


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _of_file(table: Crosswalk | None) -> Iterator[CrosswalkRow]:
    for row in table or ():
        first = None if row.valid_from == date.min else row.valid_from
        last = None if row.valid_to == date.max else row.valid_to
        yield CrosswalkRow(row.value, row.target, first, last, f"{row.location.file}:{row.location.line}")


def add_crosswalk_row(
    store: Store,
    workspace: Workspace,
    name: str,
    value: str,
    target: str,
    *,
    actor: str,
    clock: Clock,
    valid_from: date | None = None,
    valid_to: date | None = None,
    new: bool = False,
) -> AddedCrosswalkRow:
    """Add a row; running workers see it with their next message.

    Raises OperationRefused for a table that is not known, unless `new` makes one; BadInput for
    what is empty, too long or ends before it begins, and for `*`, which is for files alone.
    """
    name, value, target = name.strip(), value.strip(), target.strip()
    _require_sound(name, value, target, valid_from, valid_to)
    known = {line.name for line in list_crosswalks(store, workspace)}
    if name not in known and not new:
        raise OperationRefused(
            f"There is no crosswalk {name!r}{nearest(name, known)}; --new makes one.", crosswalk=name
        )
    earlier = _meaning(
        list_rows(store, workspace, name) if name in known else [], value, valid_from or from_micros(clock.now()).date()
    )
    with store.write() as connection:
        add_row(
            connection,
            name,
            value,
            target,
            valid_from=None if valid_from is None else valid_from.isoformat(),
            valid_to=None if valid_to is None else valid_to.isoformat(),
            actor=actor,
            at=clock.now(),
        )
    return AddedCrosswalkRow(name, CrosswalkRow(value, target, valid_from, valid_to, f"added by {actor}"), earlier)


def _require_sound(name: str, value: str, target: str, valid_from: date | None, valid_to: date | None) -> None:
    for what, text in (("name", name), ("value", value), ("code", target)):
        trouble = misfit(text)
        if trouble is not None:
            raise BadInput(f"The {what} {trouble}.", what=what)
    if value == DEFAULT:
        raise BadInput(f"The row of {DEFAULT!r} belongs into the file: {CROSSWALKS}/{name}.csv.", value=value)
    if valid_from is not None and valid_to is not None and valid_to < valid_from:
        raise BadInput(f"The row would end on {valid_to}, before it begins on {valid_from}.", value=str(valid_to))


def remove_crosswalk_rows(
    store: Store,
    workspace: Workspace,
    name: str,
    value: str,
    *,
    clock: Clock,
    target: str | None = None,
    everything: bool = False,
) -> RemovedCrosswalkRows:
    """Take back the row that was added last for a value, or with `everything` all of them; `target` names fewer.

    Running workers see it with their next message. Raises NotFound for a table that is not known,
    OperationRefused where no row was added: those of files are changed in their file.
    """
    name, value = name.strip(), value.strip()
    target = None if target is None else target.strip()
    known = list_rows(store, workspace, name, value=value)
    with store.write() as connection:
        fitting = [
            row for row in _newest_first(connection, name) if row.source == value and target in (None, row.target)
        ]
        if not fitting:
            raise OperationRefused(_not_added(name, value, target, known), crosswalk=name, value=value)
        gone = fitting if everything else fitting[:1]
        remove_rows(connection, [row.id for row in gone])
    now = _meaning(_rows_left(store, workspace, name), value, from_micros(clock.now()).date())
    return RemovedCrosswalkRows(name, [_added(row) for row in gone], now)


def _rows_left(store: Store, workspace: Workspace, name: str) -> list[CrosswalkRow]:
    try:
        return list_rows(store, workspace, name)
    except NotFound:
        return []


def _not_added(name: str, value: str, target: str | None, known: list[CrosswalkRow]) -> str:
    code = "" if target is None else f" as {target!r}"
    message = f"No row was added to {name!r} for {value!r}{code}"
    if not known:
        return f"{message}."
    places = ", ".join(f"{row.target} ({row.origin})" for row in known[:5])
    return f"{message}; there is {places}. What stands in a file is removed there."


def _meaning(rows: list[CrosswalkRow], value: str, on: date) -> str | None:
    """What a value stands for on a day, by its own row or the file's default."""
    for wanted in (value, DEFAULT):
        for row in rows:
            if row.value == wanted and (row.valid_from or date.min) <= on <= (row.valid_to or date.max):
                return value if row.target == wanted == DEFAULT else row.target
    return None
