"""Connections that are paused: by their file, by the hub, or by a person; and who paused or resumed which, when.

A paused connection neither pulls nor sends. What it receives is stored, and what is due waits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, or_, select

from hub.contract.clock import Clock
from hub.contract.ids import new_id
from hub.contract.registry import nearest
from hub.operations.errors import BadInput, NotFound, OperationRefused
from hub.operations.rows import moment
from hub.store import Store
from hub.store.connections import PAUSED_KEY, paused, read_state, write_state
from hub.store.statements import dumps, loads
from hub.store.tables import config_content, config_file, connection_state
from hub.store.texts import misfit
from hub.workspace import Workspace
from hub.workspace.environments import KEPT
from hub.workspace.files import ENVIRONMENTS, Files
from hub.workspace.hub_file import PATH
from hub.workspace.loader import CONNECTIONS, read_draft
from hub.workspace.versions import active_version

PAUSED_BY_KEY = "paused_by"
"""The note of who paused a connection; empty or absent where the hub did."""

_ACT = "act:"
_ACTS = 20
_REASON = 500
"""Characters of a reason."""


@dataclass(frozen=True, slots=True)
class Act:
    """What a person did to a connection: `did` is `paused`, `resumed` or `trusted`; `note` says why, or what."""

    at: datetime
    actor: str
    did: str
    note: str


@dataclass(frozen=True, slots=True)
class Paused:
    """A connection that neither pulls nor sends now; `was_paused` is why it did not before, None if it did."""

    name: str
    reason: str
    was_paused: str | None


@dataclass(frozen=True, slots=True)
class Resumed:
    """A connection that runs again; `was_paused` is why it did not, None if it ran."""

    name: str
    was_paused: str | None


def pause_connection(
    store: Store, workspace: Workspace, name: str, *, reason: str = "", actor: str, clock: Clock
) -> Paused:
    """Let a connection neither pull nor send until it is resumed; what is under way ends.

    NotFound for a connection that is not configured, BadInput for a reason that cannot be kept.
    """
    require(workspace, name)
    reason = " ".join(reason.split())
    if reason and (trouble := misfit(reason, _REASON)) is not None:
        raise BadInput(f"The reason {trouble}.", value=name)
    why = f"{actor} paused it: {reason}" if reason else f"{actor} paused it."
    with store.write() as connection:
        before = paused(connection).get(name)
        write_state(connection, name, PAUSED_KEY, why, at=clock.now())
        write_state(connection, name, PAUSED_BY_KEY, actor, at=clock.now())
        note_act(connection, name, "paused", reason, actor=actor, at=clock.now())
    return Paused(name, why, before)


def resume_connection(store: Store, workspace: Workspace, name: str, *, actor: str, clock: Clock) -> Resumed:
    """Let a connection that was paused run again; OperationRefused for one that its file pauses."""
    require(workspace, name)
    one = workspace.connections[name]
    if one.spec.paused:
        raise OperationRefused(
            f"{name} is paused by its file; take out the line {one.place('paused')} and run `crossdock config apply`.",
            connection=name,
        )
    with store.write() as connection:
        why = _end_pause(connection, name, at=clock.now())
        if why is not None:
            note_act(connection, name, "resumed", why, actor=actor, at=clock.now())
    return Resumed(name, why)


def end_pause_of_hub(store: Store, name: str, *, clock: Clock) -> bool:
    """End a pause that the hub made since credentials were refused; one that a person made stays."""
    with store.write() as connection:
        if read_state(connection, name, PAUSED_BY_KEY):
            return False
        return _end_pause(connection, name, at=clock.now()) is not None


def _end_pause(connection: Connection, name: str, *, at: int) -> str | None:
    """Why it was paused; None, and nothing is written, if it was not."""
    why = paused(connection).get(name)
    if why is not None:
        write_state(connection, name, PAUSED_KEY, "", at=at)
        write_state(connection, name, PAUSED_BY_KEY, "", at=at)
    return why


def require(workspace: Workspace, name: str) -> None:
    """NotFound, with the nearest name, unless the connection is configured."""
    if name not in workspace.connections:
        raise NotFound(f"There is no connection {name!r}{nearest(name, workspace.connections)}.", connection=name)


def note_act(connection: Connection, name: str, did: str, note: str, *, actor: str, at: int) -> None:
    """Keep for good what a person did to a connection."""
    value = dumps({"actor": actor, "did": did, "note": note})
    write_state(connection, name, f"{_ACT}{new_id()}", value, at=at)


def acts_of(connection: Connection) -> dict[str, list[Act]]:
    """What people did to each connection, the latest first, the last twenty."""
    statement = (
        select(connection_state)
        .where(connection_state.c.key.startswith(_ACT))
        .order_by(connection_state.c.at.desc(), connection_state.c.key.desc())
    )
    found: dict[str, list[Act]] = {}
    for row in connection.execute(statement):
        acts = found.setdefault(row.connection, [])
        if len(acts) < _ACTS:
            acts.append(Act(moment(row.at), **loads(row.value)))
    return found


def pauses_of(connection: Connection, names: Iterable[str]) -> dict[str, str]:
    """Of these connections the paused ones, with the reason in words."""
    wanted = set(names)
    found = {name: f"{name} is paused in its file." for name in _paused_by_file(connection, wanted)}
    while_running = paused(connection)
    found.update({name: why for name, why in while_running.items() if name in wanted})
    return found


def _paused_by_file(connection: Connection, names: set[str]) -> list[str]:
    """Those that the active configuration pauses, in the environment that it was started for."""
    version = active_version(connection)
    if version is None or not names:
        return []
    draft = read_draft(_connection_files(connection, version, names), environ={})
    return [name for name, one in draft.connections.items() if one.spec.paused]


def _connection_files(connection: Connection, version: str, names: set[str]) -> Files:
    """The files of a version that say how these connections are configured."""
    wanted = [PATH, KEPT, *(f"{CONNECTIONS}/{name}.yaml" for name in sorted(names))]
    statement = (
        select(config_file.c.path, config_content.c.content)
        .join(config_content, config_content.c.digest == config_file.c.digest)
        .where(
            config_file.c.version == version,
            or_(config_file.c.path.in_(wanted), config_file.c.path.startswith(f"{ENVIRONMENTS}/")),
        )
    )
    return {row.path: row.content for row in connection.execute(statement)}
