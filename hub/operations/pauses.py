"""Which connections are paused, and why: by their file, or while the hub runs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from sqlalchemy import Connection, select

from hub.source import Problems, parse
from hub.store.connections import paused
from hub.store.tables import config_content, config_file
from hub.workspace.connections import read_connection
from hub.workspace.loader import CONNECTIONS
from hub.workspace.versions import active_version


def pauses_of(connection: Connection, names: Iterable[str]) -> dict[str, str]:
    """Of these connections the paused ones, with the reason in words."""
    wanted = set(names)
    found = {name: f"{name} is paused in its file." for name in _paused_by_file(connection, wanted)}
    while_running = paused(connection)
    found.update({name: why for name, why in while_running.items() if name in wanted})
    return found


def _paused_by_file(connection: Connection, names: set[str]) -> list[str]:
    version = active_version(connection)
    if version is None or not names:
        return []
    statement = (
        select(config_file.c.path, config_content.c.content)
        .join(config_content, config_content.c.digest == config_file.c.digest)
        .where(
            config_file.c.version == version,
            config_file.c.path.in_([f"{CONNECTIONS}/{name}.yaml" for name in names]),
        )
    )
    return [
        PurePosixPath(row.path).stem for row in connection.execute(statement) if _says_paused(row.path, row.content)
    ]


def _says_paused(path: str, content: bytes) -> bool:
    problems = Problems()
    node = parse(content, path, problems)
    connection = None if node is None else read_connection(node, PurePosixPath(path), problems)
    return connection is not None and connection.spec.paused
