"""One engine factory and two kinds of transaction.

SQLite runs with WAL and `synchronous=FULL`; `read()` is deferred and `write()` is BEGIN
IMMEDIATE, since the driver's own transactions let a savepoint outlive a rollback and made a
read-then-write fail as locked at once. PostgreSQL runs READ COMMITTED, and `write()` differs
from `read()` in nothing but its name there. Drivers are synchronous: call from threads.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from sqlalchemy import BigInteger, Connection, Engine, create_engine, event, make_url
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement

BUSY_SECONDS = 30.0


class database_now(FunctionElement[int]):  # noqa: N801 - it reads as a SQL function
    """Microseconds since 1970 by the database's clock: leases of all hosts are measured by it."""

    type = BigInteger()
    inherit_cache = True


@compiles(database_now, "sqlite")
def _sqlite_now(_element: Any, _compiler: Any, **_: Any) -> str:
    return "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"


@compiles(database_now, "postgresql")
def _postgresql_now(_element: Any, _compiler: Any, **_: Any) -> str:
    return "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"


class Store:
    """A database by its SQLAlchemy URL (`sqlite:////path`, `postgresql+psycopg://…`)."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(url) if self.is_sqlite else _postgresql_engine(url)
        self._turn = _Turn(url) if self.is_sqlite else None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads; on SQLite it never blocks a writer."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes; committed at the end of the block, rolled back on an error."""
        with self._turn or nullcontext(), self.engine.connect() as connection:
            connection.execution_options(immediate=True)
            with connection.begin():
                yield connection

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()
        if self._turn is not None:
            self._turn.close()


class _Turn:
    """Whose turn it is to write to a SQLite file, among all threads and processes of this host.

    SQLite's own wait for its write lock polls with growing sleeps, so that under load one
    writer waits for half a second while others pass it; the system's file lock wakes the next.
    """

    def __init__(self, url: str) -> None:
        database = make_url(url).database
        self._path = None if not database or database == ":memory:" else f"{database}.turn"
        self._threads = threading.Lock()
        self._file: int | None = None

    def __enter__(self) -> None:
        self._threads.acquire()
        try:
            self._lock_file()
        except BaseException:
            self._threads.release()
            raise

    def _lock_file(self) -> None:
        if self._path is not None:
            if self._file is None:
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        self._threads.release()

    def close(self) -> None:
        """Close the file, once nobody writes any more."""
        with self._threads:
            if self._file is not None:
                os.close(self._file)
                self._file = None


def _postgresql_engine(url: str) -> Engine:
    """Connections are asked whether they still stand before they are used: that costs some 20 µs each time."""
    return create_engine(url, pool_size=8, max_overflow=8, pool_pre_ping=True)


def _sqlite_engine(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _on_connect(driver: Any, _record: Any) -> None:
        driver.isolation_level = None
        driver.execute("PRAGMA journal_mode=WAL")
        driver.execute("PRAGMA synchronous=FULL")
        driver.execute("PRAGMA foreign_keys=ON")
        driver.execute("PRAGMA cache_size=-65536")
        driver.execute("PRAGMA temp_store=MEMORY")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        immediate = connection.get_execution_options().get("immediate", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine
