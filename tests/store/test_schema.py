"""The migrated schema is that of the tables, on both databases, and comes about whoever migrates."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from hub.contract.errors import ConfigError
from hub.store import Store
from hub.store.schema import alembic_config, migrate, require_current
from hub.store.tables import metadata
from tests.servers.postgresql import PostgreSQL

MIGRATE = "import sys; from hub.store import Store; from hub.store.schema import migrate; migrate(Store(sys.argv[1]))"


def described(connection: Connection) -> set[str]:
    """All tables, columns, constraints and indexes, each as the database itself says it."""
    if connection.dialect.name == "sqlite":
        statement = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'alembic_version'"
        parts = connection.execute(text(statement)).scalars()
        return {part for one in parts for part in _clauses(one)}
    queries = (
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'",
        "SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE connamespace = 'public'::regnamespace AND conrelid <> 'alembic_version'::regclass",
        "SELECT table_name || ' ' || column_name || ' ' || udt_name || ' ' || is_nullable || ' ' || "
        "coalesce(character_maximum_length, 0) FROM information_schema.columns "
        "WHERE table_schema = 'public' AND table_name <> 'alembic_version'",
    )
    return {row for query in queries for row in connection.execute(text(query)).scalars()}


def _clauses(statement: str) -> Iterator[str]:
    """A CREATE statement as its lines, each with the statement's first one, whatever their order."""
    head, *lines = (line.strip().rstrip(",") for line in statement.replace('"', "").splitlines())
    yield head
    yield from (f"{head} {line}" for line in lines)


@pytest.fixture
def created(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Store]:
    """A database whose tables were made from the metadata alone."""
    if database_url.startswith("sqlite"):
        store = Store(f"sqlite:///{tmp_path / 'created.db'}")
    else:
        postgresql: PostgreSQL = request.getfixturevalue("postgresql")
        store = Store(postgresql.create())
    with store.write() as connection:
        metadata.create_all(connection)
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
    yield store
    store.close()
    if not store.is_sqlite:
        postgresql.drop(store.url)


def test_the_migrated_schema_is_that_of_the_tables(store: Store, created: Store) -> None:
    with store.read() as migrated, created.read() as direct:
        assert described(migrated) == described(direct)


def test_alembic_finds_nothing_to_migrate(store: Store) -> None:
    with store.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_migrating_again_changes_nothing(store: Store) -> None:
    with store.read() as connection:
        before = described(connection)
    migrate(store)
    require_current(store)
    with store.read() as connection:
        assert described(connection) == before


def test_a_downgrade_to_nothing_and_an_upgrade_give_the_same(store: Store) -> None:
    with store.read() as connection:
        before = described(connection)
    with store.write() as connection:
        command.downgrade(alembic_config(connection), "base")
        assert set(inspect(connection).get_table_names()) == {"alembic_version"}
    migrate(store)
    with store.read() as connection:
        assert described(connection) == before


def test_processes_that_migrate_at_once_all_succeed(database_url: str) -> None:
    running = [
        subprocess.Popen([sys.executable, "-c", MIGRATE, database_url], stderr=subprocess.PIPE) for _ in range(3)
    ]
    said = [process.communicate(timeout=60)[1].decode() for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], said
    store = Store(database_url)
    require_current(store)
    store.close()


def test_a_database_without_tables_is_named_with_what_to_do(database_url: str) -> None:
    store = Store(database_url)
    with pytest.raises(ConfigError, match=r"at schema none, .* start it with `crossdock run`"):
        require_current(store)
    store.close()


def test_a_database_of_a_newer_version_is_left_alone(store: Store) -> None:
    with store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigError, match=r"at schema 9999, which this version does not know"):
        migrate(store)
    with pytest.raises(ConfigError, match=r"at schema 9999"):
        require_current(store)


def test_a_migration_that_fails_leaves_nothing_behind(database_url: str) -> None:
    """Both databases make tables within transactions: half a schema is never seen."""
    store = Store(database_url)
    with store.write() as connection:
        connection.execute(text("CREATE TABLE transmission (id TEXT)"))
    with pytest.raises(Exception, match="transmission"):
        migrate(store)
    with store.read() as connection:
        assert inspect(connection).get_table_names() == ["transmission"]
    store.close()
