"""Crosswalk rows that were added while the hub runs."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from hub.contract.ids import new_id
from hub.store.statements import insert_rows
from hub.store.tables import crosswalk_row


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
    """A number that changes whenever a row is added."""
    count: int = connection.execute(select(func.count()).select_from(crosswalk_row)).scalar_one()
    return count


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
