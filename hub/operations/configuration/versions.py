"""The versions of the configuration that the database keeps, who made them active, and which process runs which."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, select

from hub.contract.registry import nearest
from hub.operations.errors import BadInput, NotFound
from hub.operations.rows import AnyRow, moment
from hub.runtime.dispatch.roll import all_at_work
from hub.store import Store
from hub.store.tables import config_activation, config_content, config_file, config_version
from hub.workspace.versions import active_version, short_version

ACTIVE: Final = "active"
"""What the active version is called instead of its name."""

_SHORTEST = 4
_HEX = re.compile(r"[0-9a-f]{4,64}")
_SEVERAL = 5
_NEAR = 500
"""How many versions, the latest, a mistyped one is compared with."""


@dataclass(frozen=True, slots=True)
class Activation:
    """That a version became active: when, by whom, and by what (`run`, `apply`, `rollback`, `watch`)."""

    at: datetime
    actor: str
    purpose: str


@dataclass(frozen=True, slots=True)
class VersionLine:
    """A version: who brought it first, and when; whether it is active; when it became so, the latest first."""

    version: str
    created_at: datetime
    actor: str
    active: bool
    activations: list[Activation]


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


@dataclass(frozen=True, slots=True)
class FileContent(VersionFile):
    """A file of a version with its content; `text` is None if that is no UTF-8."""

    version: str
    text: str | None


@dataclass(frozen=True, slots=True)
class FileBytes:
    """The content of a file, and what is said of it."""

    file: FileContent
    content: bytes


@dataclass(frozen=True, slots=True)
class ProcessLine:
    """A process that is at work, `host:pid`; `kind` is `web` or `worker`.

    `note` is what a person should know of its configuration: a version that it cannot use, or that
    it must be started again to follow a change.
    """

    process: str
    kind: str
    version: str
    since: datetime
    note: str


@dataclass(frozen=True, slots=True)
class Overview:
    """The versions, the latest first, and the processes that are at work."""

    versions: list[VersionLine]
    processes: list[ProcessLine]


def overview(store: Store, *, limit: int) -> Overview:
    """What there is, what is active, and whether all follow it."""
    return Overview(list_versions(store, limit=limit), list_processes(store))


def list_versions(store: Store, *, limit: int) -> list[VersionLine]:
    """Versions, the latest first."""
    latest = select(config_version).order_by(config_version.c.created_at.desc(), config_version.c.version).limit(limit)
    with store.read() as connection:
        return _lines(connection, connection.execute(latest).all())


def list_processes(store: Store) -> list[ProcessLine]:
    """The processes of all hosts, and what each runs."""
    with store.read() as connection:
        return [
            ProcessLine(one.owner, one.kind, one.answer.version, moment(one.answer.since), one.answer.note)
            for one in all_at_work(connection)
        ]


def show_version(store: Store, version: str) -> Version:
    """One version with its files; NotFound if it is not kept."""
    with store.read() as connection:
        whole = named_version(connection, version)
        rows = connection.execute(select(config_version).where(config_version.c.version == whole)).all()
        [line] = _lines(connection, rows)
        files = _files(connection, whole)
    return Version(line.version, line.created_at, line.actor, line.active, line.activations, files)


def show_file(store: Store, version: str, path: str) -> FileBytes:
    """One file of a version; NotFound, with the nearest path, if it has none such."""
    with store.read() as connection:
        whole = named_version(connection, version)
        files = {one.path: one for one in _files(connection, whole)}
        if path not in files:
            raise NotFound(
                f"The version {short_version(whole)} has no file {path!r}{nearest(path, files)}.", value=path
            )
        file = files[path]
        statement = select(config_content.c.content).where(config_content.c.digest == file.sha256)
        content: bytes = connection.execute(statement).scalar_one()
    return FileBytes(FileContent(path, file.sha256, file.size, whole, as_text(content)), content)


def as_text(content: bytes) -> str | None:
    """The content of a file as text; None if it is no UTF-8."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def named_version(connection: Connection, text: str) -> str:
    """The whole version that a unique beginning names, or the active one for `active`.

    Raises BadInput if it is too short, no version, or the beginning of several; NotFound if of none.
    """
    wanted = text.strip().lower()
    if wanted == ACTIVE:
        return _active(connection)
    if not _HEX.fullmatch(wanted):
        raise BadInput(
            f"{text!r} is no version: give its first {_SHORTEST} characters or more, as lists show them.", value=text
        )
    column = config_version.c.version
    begins = select(column).where(column >= wanted, column < f"{wanted}g").order_by(column).limit(_SEVERAL)
    found = list(connection.execute(begins).scalars())
    if not found:
        raise NotFound(f"There is no version {text!r} of the configuration{_near(connection, wanted)}.", value=text)
    if len(found) > 1:
        several = ", ".join(short_version(one) for one in found)
        raise BadInput(f"{text!r} fits more than one version ({several}); give more of it.", value=text)
    version: str = found[0]
    return version


def _active(connection: Connection) -> str:
    version = active_version(connection)
    if version is None:
        raise NotFound("The database holds no configuration yet; `crossdock run` puts it there.")
    return version


def _near(connection: Connection, wanted: str) -> str:
    latest = select(config_version.c.version).order_by(config_version.c.created_at.desc()).limit(_NEAR)
    return nearest(short_version(wanted), [short_version(one) for one in connection.execute(latest).scalars()])


def _lines(connection: Connection, rows: Sequence[AnyRow]) -> list[VersionLine]:
    active = active_version(connection)
    activations = _activations(connection, [row.version for row in rows])
    return [
        VersionLine(
            row.version, moment(row.created_at), row.actor, row.version == active, activations.get(row.version, [])
        )
        for row in rows
    ]


def _activations(connection: Connection, versions: Sequence[str]) -> dict[str, list[Activation]]:
    statement = (
        select(config_activation)
        .where(config_activation.c.version.in_(versions))
        .order_by(config_activation.c.number.desc())
    )
    found: dict[str, list[Activation]] = {}
    for row in connection.execute(statement):
        found.setdefault(row.version, []).append(Activation(moment(row.at), row.actor, row.purpose))
    return found


def _files(connection: Connection, version: str) -> list[VersionFile]:
    statement = (
        select(config_file.c.path, config_file.c.digest, func.length(config_content.c.content).label("size"))
        .join(config_content, config_content.c.digest == config_file.c.digest)
        .where(config_file.c.version == version)
        .order_by(config_file.c.path)
    )
    return [VersionFile(row.path, row.digest, row.size) for row in connection.execute(statement)]
