"""Insert, replace, leave alone: the same on both databases."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from hub.store import Store, tables
from hub.store.statements import dumps, insert_new_rows, insert_rows, literal_in, loads, unique, upsert_rows

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def note(key: str, value: str, at: int = 0) -> dict[str, Any]:
    return {"connection": "shop", "key": key, "value": value, "at": at}


def notes(store: Store) -> dict[str, tuple[str, int]]:
    with store.read() as connection:
        rows = connection.execute(select(tables.connection_state))
        return {row.key: (row.value, row.at) for row in rows}


def test_a_row_that_is_there_is_refused_by_an_insert(store: Store) -> None:
    with store.write() as connection:
        insert_rows(connection, tables.connection_state, [note("a", "old")])
    with pytest.raises(IntegrityError), store.write() as connection:
        insert_rows(connection, tables.connection_state, [note("b", "new"), note("a", "new")])
    assert notes(store) == {"a": ("old", 0)}


def test_an_upsert_replaces_every_column_of_a_row_that_is_there(store: Store) -> None:
    with store.write() as connection:
        insert_rows(connection, tables.connection_state, [note("a", "old", 1)])
        upsert_rows(connection, tables.connection_state, [note("a", "new", 2), note("b", "new", 3)])
    assert notes(store) == {"a": ("new", 2), "b": ("new", 3)}


def test_the_last_of_several_upserts_of_one_row_stands(store: Store) -> None:
    with store.write() as connection:
        upsert_rows(connection, tables.connection_state, [note("a", "first"), note("a", "second")])
    assert notes(store) == {"a": ("second", 0)}


def test_new_rows_leave_those_alone_that_are_there(store: Store) -> None:
    with store.write() as connection:
        insert_new_rows(connection, tables.connection_state, [note("a", "first"), note("a", "again")])
        insert_new_rows(connection, tables.connection_state, [note("a", "later"), note("b", "new")])
    assert notes(store) == {"a": ("first", 0), "b": ("new", 0)}


def test_no_rows_are_no_statement(store: Store) -> None:
    with store.write() as connection:
        for write in (insert_rows, upsert_rows, insert_new_rows):
            write(connection, tables.connection_state, [])
    assert notes(store) == {}


@pytest.mark.parametrize(
    "text", ["", "Ünïcode 🍵", "'; DROP TABLE message; --", "a\nb\tc", "x" * 100_000, "%s :name ?"]
)
def test_text_comes_back_as_it_was(store: Store, text: str) -> None:
    with store.write() as connection:
        insert_rows(connection, tables.connection_state, [note("a", text)])
    assert notes(store)["a"][0] == text


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63), 0])
def test_amounts_have_all_64_bits(store: Store, number: int) -> None:
    with store.write() as connection:
        insert_rows(connection, tables.connection_state, [note("a", "", number)])
    assert notes(store)["a"][1] == number


@given(JSON)
def test_json_comes_back_as_it_was(value: Any) -> None:
    assert loads(dumps(value)) == value


def test_json_of_a_column_holds_decimals_as_text_and_no_null_character() -> None:
    assert dumps({"amount": Decimal("1.10"), "text": "a\0b"}) == '{"amount":"1.10","text":"a\\u0000b"}'
    assert loads(None) is None


def test_unique_values_are_sorted() -> None:
    assert unique(["b", "a", "b"]) == ["a", "b"]


def test_constants_of_a_condition_are_spelled_out(store: Store) -> None:
    """A partial index is used only by a statement whose text shows its predicate."""
    condition = literal_in(tables.message.c.state, ["received", "done"])
    assert str(condition.compile(dialect=store.engine.dialect)) == "message.state IN ('received', 'done')"
