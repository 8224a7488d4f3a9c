"""Putting a configuration in force while the hub runs: a directory's files, or a version that was active before.

What is put in force is checked like at a start. It and the note of who did it become durable at
once; every process of the hub then finds out for itself (`hub.runtime.reload`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select

from hub.contract.clock import Clock
from hub.contract.errors import ConfigError
from hub.operations.configuration.checking import startable, startable_workspace
from hub.operations.configuration.versions import named_version
from hub.operations.errors import OperationRefused
from hub.runtime.reload import require_environment
from hub.store import Store
from hub.store.tables import config_file
from hub.workspace import HubSettings, Workspace
from hub.workspace.loader import load_settings
from hub.workspace.versions import Purpose, activate, active_version, files_of, keep, short_version


@dataclass(frozen=True, slots=True)
class Applied:
    """What is active now, and was before (None: nothing): the same if nothing differs.

    `files` are the paths that differ. `restart` holds keys of config/hub.yaml that changed and
    count from the next start on.
    """

    version: str
    before: str | None
    files: list[str]
    restart: list[str]


def apply_directory(store: Store, root: Path, *, actor: str, clock: Clock, purpose: Purpose = Purpose.APPLY) -> Applied:
    """Make the configuration of a directory active.

    Raises ConfigurationRefused with all that is wrong with it, ConfigError if it is of another
    environment than the one that is active.
    """
    return put_in_force(store, startable_workspace(root), purpose=purpose, actor=actor, at=clock.now())


def roll_back(store: Store, version: str, *, actor: str, clock: Clock) -> Applied:
    """Make a version that is kept active again; OperationRefused, with the reason, if it cannot be used today."""
    with store.read() as connection:
        whole = named_version(connection, version)
        files = files_of(connection, whole)
    try:
        workspace = startable(files)
        return put_in_force(store, workspace, purpose=Purpose.ROLLBACK, actor=actor, at=clock.now())
    except ConfigError as error:
        message = f"The version {short_version(whole)} cannot be used today, so it was not made active:"
        raise OperationRefused(f"{message}\n{error.message}", **error.where) from error


def put_in_force(store: Store, workspace: Workspace, *, purpose: Purpose, actor: str, at: int) -> Applied:
    """Keep a configuration that was checked, and make it active, in one transaction.

    ConfigError if it is of another environment than the one that is active.
    """
    with store.read() as connection:
        before = active_version(connection)
        running = None if before is None else _settings(connection, before)
    if running is not None:
        require_environment(running, workspace.settings)
    with store.write() as connection:
        keep(connection, workspace, actor=actor, at=at)
        activate(connection, workspace.version, purpose=purpose, actor=actor, at=at)
        files = _differing(connection, before, workspace.version)
    restart = [] if running is None else workspace.settings.fixed_changes(running)
    return Applied(workspace.version, before, files, restart)


def _settings(connection: Connection, version: str) -> HubSettings | None:
    """The settings of a kept version; None where this process cannot resolve what they refer to."""
    try:
        return load_settings(files_of(connection, version), environ=os.environ)
    except ConfigError:
        return None


def _differing(connection: Connection, before: str | None, after: str) -> list[str]:
    first, second = _digests(connection, before), _digests(connection, after)
    return sorted(path for path in first.keys() | second.keys() if first.get(path) != second.get(path))


def _digests(connection: Connection, version: str | None) -> dict[str, str]:
    statement = select(config_file.c.path, config_file.c.digest).where(config_file.c.version == version)
    return {row.path: row.digest for row in connection.execute(statement)}
