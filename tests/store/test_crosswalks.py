"""Crosswalk rows that people add and remove while the hub runs."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from hub.store import Store, tables
from hub.store.crosswalks import AddedRow, add_row, added_rows, remove_rows, revision


def add(
    store: Store, target: str, *, at: int, source: str = "MUG", valid: tuple[str | None, str | None] = (None, None)
) -> None:
    with store.write() as connection:
        add_row(connection, "materials", source, target, valid_from=valid[0], valid_to=valid[1], actor="ada", at=at)


def test_the_newest_row_of_a_value_comes_first(store: Store) -> None:
    add(store, "100-1", at=1)
    add(store, "100-3", at=3)
    add(store, "100-2", at=2)
    add(store, "200-1", at=1, source="TEA")
    with store.read() as connection:
        rows = added_rows(connection)
    assert [row.target for row in rows["materials"]["MUG"]] == ["100-3", "100-2", "100-1"]
    assert [row.target for row in rows["materials"]["TEA"]] == ["200-1"]


def test_of_rows_added_in_one_moment_the_last_comes_first(store: Store) -> None:
    for target in ("1", "2", "3"):
        add(store, target, at=5)
    with store.read() as connection:
        assert [row.target for row in added_rows(connection)["materials"]["MUG"]] == ["3", "2", "1"]


def test_the_revision_changes_with_every_row(store: Store) -> None:
    seen = set()
    for at in range(3):
        with store.read() as connection:
            seen.add(revision(connection))
        add(store, "1", at=at)
    with store.read() as connection:
        seen.add(revision(connection))
    assert len(seen) == 4


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "days"),
    [
        (None, None, ["2025-12-31", "2026-01-01", "2026-06-30", "2026-07-01"]),
        ("2026-01-01", None, ["2026-01-01", "2026-06-30", "2026-07-01"]),
        (None, "2026-06-30", ["2025-12-31", "2026-01-01", "2026-06-30"]),
        ("2026-01-01", "2026-06-30", ["2026-01-01", "2026-06-30"]),
        ("2026-01-01", "2026-01-01", ["2026-01-01"]),
    ],
)
def test_a_row_holds_from_its_first_day_to_its_last(
    store: Store, valid_from: str | None, valid_to: str | None, days: list[str]
) -> None:
    add(store, "1", at=1, valid=(valid_from, valid_to))
    with store.read() as connection:
        (row,) = added_rows(connection)["materials"]["MUG"]
    assert row == AddedRow("1", valid_from, valid_to)
    asked = ["2025-12-31", "2026-01-01", "2026-06-30", "2026-07-01"]
    assert [day for day in asked if row.is_valid(day)] == days


def test_a_row_that_takes_the_place_of_another_changes_the_revision(store: Store) -> None:
    add(store, "1", at=1)
    with store.read() as connection:
        before = revision(connection)
        [gone] = connection.execute(select(tables.crosswalk_row.c.id)).scalars()
    with store.write() as connection:
        remove_rows(connection, [gone])
    add(store, "2", at=2)
    with store.read() as connection:
        assert revision(connection) > before
        assert [row.target for row in added_rows(connection)["materials"]["MUG"]] == ["2"]
