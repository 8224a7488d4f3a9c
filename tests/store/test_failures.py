"""Failures are kept whatever they quote, and closed with what they are about."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from hub.store import Store, tables
from hub.store.failures import FailureNote, close_failures, failure_row
from hub.store.statements import Row, insert_rows, loads
from tests.store.rows import NOW


def opened(connection: Connection, target: str, **said: Any) -> None:
    note = FailureNote(**{"code": "rejected", "text": "No.", "group_key": "g", **said})
    row = failure_row(note, kind="document", target=target, message="m", subject=None, connection="shop", at=NOW)
    insert_rows(connection, tables.failure, [row])


def kept(connection: Connection) -> list[Row]:
    return [
        dict(row) for row in connection.execute(select(tables.failure).order_by(tables.failure.c.target)).mappings()
    ]


def test_a_failure_keeps_what_went_wrong_and_where(store: Store) -> None:
    with store.write() as connection:
        opened(connection, "d", detail="Traceback …", place={"file": "mappings/a.yaml", "line": 3, "value": "x"})
        (row,) = kept(connection)
    assert (row["text"], row["detail"], row["opened_at"], row["closed_at"]) == ("No.", "Traceback …", NOW, None)
    assert loads(row["place"]) == {"file": "mappings/a.yaml", "line": 3, "value": "x"}


def test_a_failure_that_quotes_anything_is_kept(store: Store) -> None:
    hostile = "a\0b\ud800" + "x" * 10_000
    fit = "a\ufffdb?" + "x" * 10_000
    with store.write() as connection:
        opened(
            connection,
            "d",
            code=hostile,
            text=hostile,
            group_key=hostile,
            detail=hostile,
            place={"value": hostile, hostile: [hostile]},
        )
        (row,) = kept(connection)
    assert (row["text"], row["detail"]) == (fit, fit)
    assert (row["code"], row["group_key"]) == (f"{fit[:39]}…", f"{fit[:199]}…")
    assert loads(row["place"]) == {"value": fit, fit: [fit]}


def test_failures_with_one_cause_share_a_group_even_where_its_key_is_long(store: Store) -> None:
    one, other = (FailureNote("rejected", "No.", "crosswalk:" + "x" * length) for length in (300, 301))
    assert one.group_key == other.group_key
    assert len(one.group_key) == 200


def test_what_is_open_for_a_target_is_closed_once(store: Store) -> None:
    with store.write() as connection:
        for target in ("a", "a", "b"):
            opened(connection, target)
        close_failures(connection, ["a"], by="ada", at=NOW + 1)
        close_failures(connection, ["a"], by="bob", at=NOW + 2)
        close_failures(connection, [], by="bob", at=NOW + 2)
        found = [(row["target"], row["closed_by"], row["closed_at"]) for row in kept(connection)]
    assert found == [("a", "ada", NOW + 1), ("a", "ada", NOW + 1), ("b", None, None)]
