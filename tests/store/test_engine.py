"""Transactions: durable, whole, and in turn."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import IntegrityError

from hub.contract.errors import RejectedMessage
from hub.store import Store, tables
from hub.store.engine import database_now
from hub.store.schema import migrate
from hub.store.statements import insert_rows
from tests.store import rows


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'crossdock.db'}")
    migrate(opened)
    yield opened
    opened.close()


def setting(connection: Connection, key: str, value: str = "") -> None:
    insert_rows(connection, tables.setting, [{"key": key, "value": value}])


def settings(store: Store) -> list[str]:
    with store.read() as connection:
        return sorted(connection.execute(select(tables.setting.c.key)).scalars())


def test_sqlite_is_durable_and_checks_references(sqlite_store: Store) -> None:
    for transaction in (sqlite_store.read, sqlite_store.write):
        with transaction() as connection:
            asked = ("journal_mode", "synchronous", "foreign_keys")
            found = {name: connection.execute(text(f"PRAGMA {name}")).scalar() for name in asked}
            assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_row_that_points_nowhere_is_refused(store: Store) -> None:
    with pytest.raises(IntegrityError), store.write() as connection:
        rows.document(connection, message="01890000-0000-7000-8000-000000000000")


def test_an_error_undoes_everything_a_released_savepoint_included(store: Store) -> None:
    def fail() -> None:
        with store.write() as connection:
            setting(connection, "before")
            with connection.begin_nested():
                setting(connection, "within")
            setting(connection, "after")
            raise RejectedMessage("no")

    with pytest.raises(RejectedMessage):
        fail()
    assert settings(store) == []


def test_a_savepoint_can_be_undone_alone(store: Store) -> None:
    def fail_within(connection: Connection) -> None:
        with connection.begin_nested():
            setting(connection, "within")
            setting(connection, "before")

    with store.write() as connection:
        setting(connection, "before")
        with pytest.raises(IntegrityError):
            fail_within(connection)
        setting(connection, "after")
    assert settings(store) == ["after", "before"]


def test_what_is_not_committed_is_seen_by_nobody(store: Store) -> None:
    with store.write() as connection:
        setting(connection, "new")
        assert settings(store) == []
    assert settings(store) == ["new"]


def test_an_open_read_keeps_no_writer_waiting(store: Store) -> None:
    with store.read() as reading:
        assert reading.execute(select(tables.setting)).all() == []
        with store.write() as connection:
            setting(connection, "new")
    assert settings(store) == ["new"]


def test_a_read_sees_one_moment_on_sqlite(sqlite_store: Store) -> None:
    with sqlite_store.read() as reading:
        assert reading.execute(select(tables.setting)).all() == []
        with sqlite_store.write() as connection:
            setting(connection, "new")
        assert reading.execute(select(tables.setting)).all() == []


def test_a_write_holds_the_lock_before_its_first_statement(sqlite_store: Store) -> None:
    """A transaction that reads and then writes would otherwise fail as locked at once."""
    rival = sqlite3.connect(str(sqlite_store.engine.url.database), timeout=0, isolation_level=None)
    with sqlite_store.write() as connection:
        with pytest.raises(sqlite3.OperationalError, match="database is locked"):
            rival.execute("BEGIN IMMEDIATE")
        setting(connection, "new")
    rival.execute("BEGIN IMMEDIATE")
    rival.close()


def test_a_read_holds_no_lock(sqlite_store: Store) -> None:
    rival = sqlite3.connect(str(sqlite_store.engine.url.database), timeout=0, isolation_level=None)
    with sqlite_store.read() as connection:
        connection.execute(select(tables.setting)).all()
        rival.execute("BEGIN IMMEDIATE")
    rival.close()


def test_threads_that_write_at_once_lose_nothing(store: Store) -> None:
    """Each reads a counter and writes it one higher: only transactions in turn count to the end."""
    with store.write() as connection:
        setting(connection, "counter", "0")

    def count(_: int) -> None:
        for _ in range(10):
            with store.write() as connection:
                statement = select(tables.setting.c.value).where(tables.setting.c.key == "counter").with_for_update()
                value = int(connection.execute(statement).scalar_one())
                connection.execute(tables.setting.update().values(value=str(value + 1)))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(count, range(4)))
    with store.read() as connection:
        assert connection.execute(select(tables.setting.c.value)).scalar_one() == "40"


def test_a_writer_waits_for_the_one_before(sqlite_store: Store) -> None:
    entered, order = threading.Event(), []

    def second() -> None:
        entered.set()
        with sqlite_store.write() as connection:
            order.append("second")
            setting(connection, "second")

    with sqlite_store.write() as connection:
        thread = threading.Thread(target=second)
        thread.start()
        entered.wait(10)
        setting(connection, "first")
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


def test_the_turn_is_free_again_after_an_error(sqlite_store: Store) -> None:
    def fail() -> None:
        with sqlite_store.write() as connection:
            setting(connection, "same")
            setting(connection, "same")

    for _ in range(2):
        with pytest.raises(IntegrityError):
            fail()


def test_a_folder_that_is_not_there_is_an_error_each_time_and_never_a_hang(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'missing' / 'crossdock.db'}")
    failed: list[str] = []

    def write() -> None:
        try:
            with store.write():
                pass
        except OSError as error:
            failed.append(str(error))

    for times in (1, 2):
        thread = threading.Thread(target=write, daemon=True)
        thread.start()
        thread.join(20)
        assert len(failed) == times
    assert "crossdock.db" in failed[0]


def test_a_closed_store_opens_again_when_it_is_used(store: Store) -> None:
    store.close()
    with store.write() as connection:
        setting(connection, "again")
    assert settings(store) == ["again"]


def test_the_database_tells_the_time(store: Store) -> None:
    before = time.time_ns() // 1000
    with store.read() as connection:
        told = connection.execute(select(database_now())).scalar_one()
    after = time.time_ns() // 1000
    assert before - 1_000_000 <= told <= after + 1_000_000


def test_the_time_goes_on_within_a_transaction(store: Store) -> None:
    """Leases taken late in a long transaction are as long as those taken early."""
    with store.read() as connection:
        first = connection.execute(select(database_now())).scalar_one()
        deadline = time.monotonic() + 10
        while connection.execute(select(database_now())).scalar_one() <= first:
            assert time.monotonic() < deadline
