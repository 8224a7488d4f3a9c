"""Crosswalk rows that are added, and removed again, while the hub runs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, delete, select

from hub.contract.ids import new_id
from hub.store.connections import next_number
from hub.store.statements import insert_rows
from hub.store.tables import crosswalk_row, sequence

_REVISION: Final = "crosswalks:revision"
"""The running number that counts changes."""


@dataclass(frozen=True, slots=True)
class AddedRow:
    """One row: what a value is called on the other side, between two dates in ISO form, both included."""

    target: str
    valid_from: str | None
    valid_to: str | None

    def is_valid(self, on: str) -> bool:
        """Whether the row holds on a date in ISO form."""
        return (self.valid_from or "") <= on and (self.valid_to is None or on <= self.valid_to)


def revision(connection: Connection) -> int:
    """A number that grows whenever a row is added or removed."""
    statement = select(sequence.c.value).where(sequence.c.name == _REVISION)
    changes: int | None = connection.execute(statement).scalar_one_or_none()
    return changes or 0


def added_rows(connection: Connection) -> dict[str, dict[str, list[AddedRow]]]:
    """All rows, newest first, by crosswalk and value."""
    found: dict[str, dict[str, list[AddedRow]]] = {}
    statement = select(crosswalk_row).order_by(crosswalk_row.c.added_at.desc(), crosswalk_row.c.id.desc())
    for row in connection.execute(statement):
        by_value = found.setdefault(row.crosswalk, {})
        by_value.setdefault(row.source, []).append(AddedRow(row.target, row.valid_from, row.valid_to))
    return found


def add_row(
    connection: Connection,
    crosswalk: str,
    source: str,
    target: str,
    *,
    valid_from: str | None,
    valid_to: str | None,
    actor: str,
    at: int,
) -> None:
    """Add a row; it comes before older rows and before those of files."""
    row = {
        "id": new_id(),
        "crosswalk": crosswalk,
        "source": source,
        "target": target,
        "valid_from": valid_from,
        "valid_to": valid_to,
        "actor": actor,
        "added_at": at,
    }
    insert_rows(connection, crosswalk_row, [row])
    next_number(connection, _REVISION)


def remove_rows(connection: Connection, ids: Collection[str]) -> None:
    """Remove added rows by their ids; what stood before them counts again."""
    connection.execute(delete(crosswalk_row).where(crosswalk_row.c.id.in_(ids)))
    next_number(connection, _REVISION)
