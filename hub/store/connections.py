"""A connection's durable notes, and running numbers."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import BigInteger, Connection, Text, bindparam, case, cast, select, update

from hub.store.statements import insert_new_rows, upsert_rows
from hub.store.tables import connection_state, sequence


def read_state(connection: Connection, name: str, key: str) -> str | None:
    """The note that connection `name` keeps under `key`."""
    statement = select(connection_state.c.value).where(
        connection_state.c.connection == name, connection_state.c.key == key
    )
    value: str | None = connection.execute(statement).scalar()
    return value


def write_state(connection: Connection, name: str, key: str, value: str, *, at: int) -> None:
    """Keep a note of connection `name`."""
    upsert_rows(connection, connection_state, [{"connection": name, "key": key, "value": value, "at": at}])


def next_number(connection: Connection, name: str, *, most: int = 2**63 - 1) -> int:
    """The next running number, 1 to `most` and then from 1 again; given for good when the transaction commits."""
    insert_new_rows(connection, sequence, [{"name": name, "value": 0}])
    statement = (
        update(sequence)
        .where(sequence.c.name == name)
        .values(value=case((sequence.c.value >= most, 1), else_=sequence.c.value + 1))
        .returning(sequence.c.value)
    )
    number: int = connection.execute(statement).scalar_one()
    return number


PAUSED_KEY = "paused"
"""The note that pauses a connection: why, in words; empty or absent while it runs."""


def paused(connection: Connection) -> dict[str, str]:
    """The connections that are paused while the hub runs, and why."""
    statement = select(connection_state.c.connection, connection_state.c.value).where(
        connection_state.c.key == PAUSED_KEY, connection_state.c.value != ""
    )
    return {row.connection: row.value for row in connection.execute(statement)}


_REFUSED = "refused:"
# In one statement, so that web processes that count at once do not undo each other.
_COUNT = (
    update(connection_state)
    .where(connection_state.c.connection == bindparam("name"), connection_state.c.key == bindparam("kept_key"))
    .values(
        value=cast(cast(connection_state.c.value, BigInteger) + bindparam("more", type_=BigInteger), Text),
        at=bindparam("now"),
    )
)


def count_refusals(connection: Connection, counts: Mapping[tuple[str, str], int], *, at: int) -> None:
    """Add to how many callers a connection turned away, by (connection, code of the refusal)."""
    for (name, code), count in counts.items():
        key = f"{_REFUSED}{code}"
        insert_new_rows(connection, connection_state, [{"connection": name, "key": key, "value": "0", "at": at}])
        connection.execute(_COUNT, {"name": name, "kept_key": key, "more": count, "now": at})


def refusals(connection: Connection) -> dict[str, dict[str, int]]:
    """How many callers each connection turned away, by code."""
    statement = select(connection_state).where(connection_state.c.key.startswith(_REFUSED))
    found: dict[str, dict[str, int]] = {}
    for row in connection.execute(statement):
        found.setdefault(row.connection, {})[row.key.partition(":")[2]] = int(row.value)
    return found
