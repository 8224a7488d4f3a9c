"""The versions of the configuration that the database keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, func, select

from hub.operations.errors import NotFound
from hub.operations.rows import moment
from hub.store import Store
from hub.store.tables import config_content, config_file, config_version
from hub.workspace.versions import active_version


@dataclass(frozen=True, slots=True)
class VersionLine:
    """A version: who started a hub with it first, and when; `active` for the one that the hub runs."""

    version: str
    created_at: datetime
    actor: str
    active: bool


@dataclass(frozen=True, slots=True)
class VersionFile:
    """A file of a version: its path, the SHA-256 of its content, and its bytes."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Version(VersionLine):
    """A version with its files by path, those of the library of mappings among them."""

    files: list[VersionFile]


def list_versions(store: Store, *, limit: int) -> list[VersionLine]:
    """Versions, the latest first."""
    latest = select(config_version).order_by(config_version.c.created_at.desc(), config_version.c.version).limit(limit)
    with store.read() as connection:
        active = active_version(connection)
        return [_line(row, active) for row in connection.execute(latest)]


def show_version(store: Store, version: str) -> Version:
    """One version with its files; NotFound if it is not kept."""
    with store.read() as connection:
        row = connection.execute(select(config_version).where(config_version.c.version == version)).first()
        if row is None:
            raise NotFound(f"There is no version {version!r} of the configuration.", value=version)
        line = _line(row, active_version(connection))
        return Version(line.version, line.created_at, line.actor, line.active, _files(connection, version))


def _line(row: Row[*tuple[object, ...]], active: str | None) -> VersionLine:
    return VersionLine(row.version, moment(row.created_at), row.actor, row.version == active)


def _files(connection: Connection, version: str) -> list[VersionFile]:
    statement = (
        select(config_file.c.path, config_file.c.digest, func.length(config_content.c.content).label("size"))
        .join(config_content, config_content.c.digest == config_file.c.digest)
        .where(config_file.c.version == version)
        .order_by(config_file.c.path)
    )
    return [VersionFile(row.path, row.digest, row.size) for row in connection.execute(statement)]
