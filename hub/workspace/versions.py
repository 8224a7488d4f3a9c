"""Versions of the configuration in the database: content-addressed, so that equal files are kept once.

Workers load the configuration from here, and every document and delivery names the version it
was handled under. One version is active; who made which one active, when and by what is kept.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, select

from hub.contract.errors import ConfigError
from hub.store import tables
from hub.store.statements import insert_new_rows, insert_rows, upsert_rows
from hub.workspace.files import Files
from hub.workspace.loader import load
from hub.workspace.workspace import Workspace

SHOWN: Final = 12
"""Characters of a version that are shown to people."""

_ACTIVE = "config.active"


class Purpose(StrEnum):
    """By what a version became active."""

    RUN = "run"
    """A hub was started with it."""
    APPLY = "apply"
    """A person put a directory's files in force while the hub ran."""
    ROLLBACK = "rollback"
    """A person took back what came after it."""
    WATCH = "watch"
    """`crossdock run --watch` saw the directory change."""


def short_version(version: str) -> str:
    """A version as it is shown to people: its beginning, which names it."""
    return version[:SHOWN]


def keep(connection: Connection, workspace: Workspace, *, actor: str, at: int) -> None:
    """Keep a version's files; nothing happens if it is there."""
    contents = {hashlib.sha256(content).hexdigest(): content for content in workspace.files.values()}
    rows = [{"digest": digest, "content": content} for digest, content in contents.items()]
    insert_new_rows(connection, tables.config_content, rows)
    insert_new_rows(
        connection, tables.config_version, [{"version": workspace.version, "created_at": at, "actor": actor}]
    )
    files = [
        {"version": workspace.version, "path": path, "digest": hashlib.sha256(content).hexdigest()}
        for path, content in workspace.files.items()
    ]
    insert_new_rows(connection, tables.config_file, files)


def activate(connection: Connection, version: str, *, purpose: Purpose, actor: str, at: int) -> None:
    """Make a kept version the one that workers load, and note by whom; nothing is noted if it was active."""
    # First, since this row is what concurrent calls wait for: the numbers below are then in order.
    upsert_rows(connection, tables.setting, [{"key": _ACTIVE, "value": version}])
    activation = tables.config_activation
    latest = select(activation.c.number, activation.c.version).order_by(activation.c.number.desc()).limit(1)
    last = connection.execute(latest).first()
    if last is None or last.version != version:
        number = 1 if last is None else last.number + 1
        row = {"number": number, "version": version, "at": at, "actor": actor, "purpose": purpose}
        insert_rows(connection, activation, [row])


def active_version(connection: Connection) -> str | None:
    """The version that workers load, None before the first start."""
    version: str | None = connection.execute(
        select(tables.setting.c.value).where(tables.setting.c.key == _ACTIVE)
    ).scalar()
    return version


def files_of(connection: Connection, version: str) -> Files:
    """The files of a kept version."""
    file, content = tables.config_file, tables.config_content
    statement = (
        select(file.c.path, content.c.content)
        .join(content, content.c.digest == file.c.digest)
        .where(file.c.version == version)
    )
    return {row.path: row.content for row in connection.execute(statement)}


def load_active(connection: Connection) -> Workspace:
    """The workspace of the active version; ConfigError if there is none."""
    version = active_version(connection)
    if version is None:
        raise ConfigError("The database holds no configuration yet; `crossdock run` puts it there.")
    return load_version(connection, version)


def load_version(connection: Connection, version: str) -> Workspace:
    """The workspace of a kept version; ConfigurationRefused if it cannot be loaded today."""
    return load(files_of(connection, version)).usable()
