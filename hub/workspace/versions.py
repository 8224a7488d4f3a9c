"""Versions of the configuration in the database: content-addressed, so that equal files are kept once.

Workers load the configuration from here, and every document and delivery names the version it
was handled under.
"""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection, select

from hub.contract.errors import ConfigError
from hub.store import tables
from hub.store.statements import insert_new_rows, upsert_rows
from hub.workspace.files import Files
from hub.workspace.loader import load
from hub.workspace.workspace import Workspace

_ACTIVE = "config.active"


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


def activate(connection: Connection, version: str) -> None:
    """Make a kept version the one that workers load."""
    upsert_rows(connection, tables.setting, [{"key": _ACTIVE, "value": version}])


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
    loaded = load(files_of(connection, version))
    loaded.problems.raise_if_errors()
    if loaded.workspace is None:
        raise ConfigError(f"The configuration {version} cannot be loaded.")
    return loaded.workspace
