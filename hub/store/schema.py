"""Bringing a database to the schema of this version, by Alembic."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from hub.contract.errors import ConfigError
from hub.store.engine import Store

_MIGRATIONS = Path(__file__).parent / "migrations"
_ADVISORY_LOCK = 7_236_011  # any number that no one else uses in this database


def migrate(store: Store) -> None:
    """Create the tables, or bring them up to date; concurrent calls wait for each other.

    ConfigError for a database that a newer version has changed.
    """
    with store.write() as connection:
        if not store.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        current = _current(connection)
        if current != _head():
            _require_known(current)
            command.upgrade(alembic_config(connection), "head")


def require_current(store: Store) -> None:
    """ConfigError unless the database has the schema that this version works with."""
    with store.read() as connection:
        current = _current(connection)
    if current != _head():
        raise ConfigError(
            f"The database is at schema {current or 'none'}, and this version works with {_head()}; "
            "start it with `crossdock run`, which migrates it."
        )


def _require_known(current: str | None) -> None:
    known = {script.revision for script in ScriptDirectory(str(_MIGRATIONS)).walk_revisions()}
    if current is not None and current not in known:
        raise ConfigError(
            f"The database is at schema {current}, which this version does not know; "
            "start the version that made it, or a newer one."
        )


def alembic_config(connection: Connection) -> Config:
    """Alembic's configuration, running on a connection that is open."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _head() -> str | None:
    return ScriptDirectory(str(_MIGRATIONS)).get_current_head()
