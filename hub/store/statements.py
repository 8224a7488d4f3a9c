"""Statement helpers that both databases need spelled in their own dialect."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from pydantic_core import from_json, to_json
from sqlalchemy import ColumnElement, Connection, Table, insert, literal_column
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.sql.dml import Insert

Row = dict[str, Any]


def dumps(value: Any) -> str:
    """JSON text for a column; Decimals become text, datetimes ISO 8601."""
    return to_json(value).decode()


def loads(value: str | None) -> Any:
    """The value of a JSON column, None for NULL."""
    return None if value is None else from_json(value)


def insert_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, which all have the same keys; nothing for none."""
    if rows:
        connection.execute(_insert(table), list(rows))


def upsert_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, or replace all columns of those whose primary key is there."""
    if rows:
        connection.execute(_upsert(table, connection.dialect.name), list(rows))


def insert_new_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows and leave those whose primary key is there as they are."""
    if rows:
        connection.execute(_insert_new(table, connection.dialect.name), list(rows))


@cache
def _insert(table: Table) -> Insert:
    return insert(table)


def _dialect_insert(table: Table, dialect: str) -> Any:
    return sqlite_insert(table) if dialect == "sqlite" else postgresql_insert(table)


@cache
def _upsert(table: Table, dialect: str) -> Insert:
    statement = _dialect_insert(table, dialect)
    keys = [column.name for column in table.primary_key]
    values = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in keys}
    upsert: Insert = statement.on_conflict_do_update(index_elements=keys, set_=values)
    return upsert


@cache
def _insert_new(table: Table, dialect: str) -> Insert:
    keys = [column.name for column in table.primary_key]
    statement: Insert = _dialect_insert(table, dialect).on_conflict_do_nothing(index_elements=keys)
    return statement


def unique(values: Iterable[str]) -> list[str]:
    """The values without repetition, sorted: the order in which rows are locked."""
    return sorted(set(values))


def literal_in(column: ColumnElement[str], values: Iterable[str]) -> ColumnElement[bool]:
    """`column IN ('a', 'b')` spelled out: a partial index is only used where its predicate is seen, not bound.

    `values` are constants of the program, never what came from outside.
    """
    return column.in_([literal_column(f"'{value}'") for value in values])
