"""Processes that write to one SQLite file take turns, and a killed one holds up nobody."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select

from hub.store import Store, tables
from hub.store.schema import migrate

COUNT = """
import sys
from sqlalchemy import text
from hub.store import Store
store = Store(sys.argv[1])
for _ in range(25):
    with store.write() as connection:
        value = connection.execute(text("SELECT value FROM setting")).scalar_one()
        connection.execute(text("UPDATE setting SET value = :value"), {"value": str(int(value) + 1)})
"""
HOLD = """
import sys
from sqlalchemy import text
from hub.store import Store
with Store(sys.argv[1]).write() as connection:
    connection.execute(text("UPDATE setting SET value = 'half done'"))
    print("holding", flush=True)
    sys.stdin.read()
"""


@contextmanager
def counter(path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{path / 'crossdock.db'}")
    migrate(store)
    with store.write() as connection:
        connection.execute(tables.setting.insert().values(key="counter", value="0"))
    yield store
    store.close()


def value_of(store: Store) -> str:
    with store.read() as connection:
        return connection.execute(select(tables.setting.c.value)).scalar_one()


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    with counter(tmp_path) as store:
        running = [subprocess.Popen([sys.executable, "-c", COUNT, store.url]) for _ in range(3)]
        assert [process.wait(60) for process in running] == [0, 0, 0]
        assert value_of(store) == "75"


def test_a_killed_writer_frees_its_turn_and_leaves_nothing(tmp_path: Path) -> None:
    with counter(tmp_path) as store:
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLD, store.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "holding\n"
        holder.send_signal(signal.SIGKILL)
        holder.wait(10)
        with store.write() as connection:
            assert connection.execute(select(tables.setting.c.value)).scalar_one() == "0"
        holder.stdin.close()
        holder.stdout.close()
