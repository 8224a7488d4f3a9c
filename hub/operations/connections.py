"""Connections: how each stands, whether its counterpart answers, and resuming one that is paused."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, func, select

from hub.contract.clock import Clock
from hub.contract.errors import CrossdockError
from hub.contract.registry import nearest
from hub.operations.errors import NotFound, OperationRefused
from hub.operations.rows import moment
from hub.runtime.connections import Connectors
from hub.runtime.pages import CURSOR_KEY
from hub.store import Store
from hub.store.connections import PAUSED_KEY, paused, refusals, write_state
from hub.store.statements import literal_in
from hub.store.states import OPEN_DELIVERIES
from hub.store.tables import connection_state, delivery, failure
from hub.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """How a connection stands. `type` is None for one that is not configured any more.

    `paused` says why nothing moves. `cursor` is how far was pulled, `pulled_at` when that last
    changed. `refused` counts callers turned away, `deliveries` those not settled, by state.
    """

    name: str
    type: str | None
    system: str
    directions: list[str]
    paused: str | None
    cursor: str | None
    pulled_at: datetime | None
    refused: dict[str, int]
    deliveries: dict[str, int]
    failures: int


@dataclass(frozen=True, slots=True)
class ConnectionTest:
    """What a test of a connection found, a line for each thing looked at. `resumed` if it was paused and is not now."""

    name: str
    ok: bool
    findings: list[str] = field(default_factory=list)
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class Resumed:
    """A connection that runs again; `was_paused` is why it did not, None if it ran."""

    name: str
    was_paused: str | None


def list_connections(store: Store, workspace: Workspace) -> list[ConnectionView]:
    """All connections by name, and those that are gone but have something left to deliver."""
    with store.read() as connection:
        open_ = _open_deliveries(connection)
        failures = _open_failures(connection)
        pauses, refused, cursors = paused(connection), refusals(connection), _cursors(connection)
    names = sorted({*workspace.connections, *open_})
    return [
        ConnectionView(
            name=name,
            type=workspace.connections[name].spec.type if name in workspace.connections else None,
            system=workspace.connections[name].spec.system if name in workspace.connections else name,
            directions=_directions(workspace, name),
            paused=_pause(workspace, name, pauses),
            cursor=cursors[name][0] if name in cursors else None,
            pulled_at=moment(cursors[name][1]) if name in cursors else None,
            refused=refused.get(name, {}),
            deliveries=open_.get(name, {}),
            failures=failures.get(name, 0),
        )
        for name in names
    ]


def _directions(workspace: Workspace, name: str) -> list[str]:
    one = workspace.connections.get(name)
    return [] if one is None else sorted(one.connector.manifest.direction)


def _pause(workspace: Workspace, name: str, pauses: dict[str, str]) -> str | None:
    one = workspace.connections.get(name)
    if one is None:
        return "It is not configured any more."
    if one.spec.paused:
        return f"Its file says so ({one.place('paused')})."
    return pauses.get(name)


def _open_deliveries(connection: Connection) -> dict[str, dict[str, int]]:
    statement = (
        select(delivery.c.connection, delivery.c.state, func.count().label("number"))
        .where(literal_in(delivery.c.state, OPEN_DELIVERIES))
        .group_by(delivery.c.connection, delivery.c.state)
        .order_by(delivery.c.connection, delivery.c.state)
    )
    found: dict[str, dict[str, int]] = {}
    for row in connection.execute(statement):
        found.setdefault(row.connection, {})[row.state] = row.number
    return found


def _open_failures(connection: Connection) -> dict[str, int]:
    statement = (
        select(failure.c.connection, func.count().label("number"))
        .where(failure.c.closed_at.is_(None))
        .group_by(failure.c.connection)
    )
    return {row.connection: row.number for row in connection.execute(statement)}


def _cursors(connection: Connection) -> dict[str, tuple[str, int]]:
    statement = select(connection_state).where(connection_state.c.key == CURSOR_KEY)
    return {row.connection: (row.value, row.at) for row in connection.execute(statement)}


async def check_connection(store: Store, workspace: Workspace, name: str, *, clock: Clock) -> ConnectionTest:
    """Ask the connection's counterpart whether all is well; consumes nothing.

    A connection that the hub paused because its credentials were refused runs again if so.
    NotFound for a connection that is not configured; ConfigurationRefused if its settings do
    not resolve.
    """
    _require(workspace, name)
    workspace.connector_config(name)
    connectors = Connectors(workspace, store, clock)
    try:
        health = await (await connectors.get(name)).check()
    except CrossdockError as error:
        detail = [] if error.detail is None else [error.detail]
        return ConnectionTest(name, ok=False, findings=[error.message, *detail])
    finally:
        await connectors.close()
    resumed = health.ok and _resume(store, name, clock) is not None
    return ConnectionTest(name, health.ok, list(health.findings), resumed)


def resume_connection(store: Store, workspace: Workspace, name: str, *, clock: Clock) -> Resumed:
    """Let a connection that the hub paused run again; OperationRefused for one that its file pauses."""
    _require(workspace, name)
    one = workspace.connections[name]
    if one.spec.paused:
        raise OperationRefused(
            f"{name} is paused by its file; take out the line {one.place('paused')} and start the hub again.",
            connection=name,
        )
    return Resumed(name, _resume(store, name, clock))


def _resume(store: Store, name: str, clock: Clock) -> str | None:
    with store.write() as connection:
        why = paused(connection).get(name)
        if why is not None:
            write_state(connection, name, PAUSED_KEY, "", at=clock.now())
    return why


def _require(workspace: Workspace, name: str) -> None:
    if name not in workspace.connections:
        raise NotFound(f"There is no connection {name!r}{nearest(name, workspace.connections)}.", connection=name)
