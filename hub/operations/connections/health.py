"""Connections: how each stands, and whether its counterpart answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, func, select

from hub.contract.clock import Clock
from hub.contract.connector import Health
from hub.contract.errors import CrossdockError
from hub.operations.connections.pauses import PAUSED_BY_KEY, Act, acts_of, end_pause_of_hub, require
from hub.operations.rows import moment
from hub.runtime.connections import Connectors
from hub.runtime.pages import CURSOR_KEY
from hub.store import Store
from hub.store.connections import PAUSED_KEY, paused, refusals
from hub.store.statements import literal_in
from hub.store.states import OPEN_DELIVERIES
from hub.store.tables import connection_state, delivery, failure
from hub.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """How a connection stands. `type` is None for one that is not configured any more.

    `paused` says why nothing moves, `paused_by` which person did that, `paused_at` since when.
    `cursor` is how far was pulled, `pulled_at` when that last changed. `refused` counts callers
    turned away, `deliveries` those not settled, by state. In `shadow` nothing is sent. `acts` are
    what people did to it, the latest first.
    """

    name: str
    type: str | None
    system: str
    directions: list[str]
    paused: str | None
    paused_by: str | None
    paused_at: datetime | None
    shadow: bool
    cursor: str | None
    pulled_at: datetime | None
    refused: dict[str, int]
    deliveries: dict[str, int]
    failures: int
    acts: list[Act]


@dataclass(frozen=True, slots=True)
class ConnectionTest:
    """What a test of a connection found, a line for each thing looked at. `resumed` if it was paused and is not now."""

    name: str
    ok: bool
    findings: list[str] = field(default_factory=list)
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class _Notes:
    """What is noted of all connections, each by name."""

    open: Mapping[str, dict[str, int]]
    failures: Mapping[str, int]
    paused: Mapping[str, str]
    states: Mapping[tuple[str, str], tuple[str, int]]
    refused: Mapping[str, dict[str, int]]
    acts: Mapping[str, list[Act]]


def list_connections(store: Store, workspace: Workspace) -> list[ConnectionView]:
    """All connections by name, and those that are gone but have something left to deliver."""
    with store.read() as connection:
        notes = _Notes(
            open=_open_deliveries(connection),
            failures=_open_failures(connection),
            paused=paused(connection),
            states=_states(connection),
            refused=refusals(connection),
            acts=acts_of(connection),
        )
    return [_view(workspace, name, notes) for name in sorted({*workspace.connections, *notes.open})]


def _view(workspace: Workspace, name: str, notes: _Notes) -> ConnectionView:
    one = workspace.connections.get(name)
    cursor, pulled_at = notes.states.get((name, CURSOR_KEY), (None, None))
    _, paused_at = notes.states.get((name, PAUSED_KEY), (None, None))
    paused_by, _ = notes.states.get((name, PAUSED_BY_KEY), (None, None))
    return ConnectionView(
        name=name,
        type=None if one is None else one.spec.type,
        system=name if one is None else one.spec.system,
        directions=[] if one is None else sorted(one.connector.manifest.direction),
        paused=_pause(workspace, name, notes.paused),
        paused_by=(paused_by or None) if name in notes.paused else None,
        paused_at=moment(paused_at) if name in notes.paused else None,
        shadow=one is not None and one.spec.shadow,
        cursor=cursor,
        pulled_at=moment(pulled_at),
        refused=notes.refused.get(name, {}),
        deliveries=notes.open.get(name, {}),
        failures=notes.failures.get(name, 0),
        acts=notes.acts.get(name, []),
    )


def _pause(workspace: Workspace, name: str, pauses: Mapping[str, str]) -> str | None:
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


def _states(connection: Connection) -> dict[tuple[str, str], tuple[str, int]]:
    keys = [CURSOR_KEY, PAUSED_KEY, PAUSED_BY_KEY]
    statement = select(connection_state).where(connection_state.c.key.in_(keys))
    return {(row.connection, row.key): (row.value, row.at) for row in connection.execute(statement)}


async def check_connection(store: Store, workspace: Workspace, name: str, *, clock: Clock) -> ConnectionTest:
    """Ask the connection's counterpart whether all is well; consumes nothing.

    A connection that the hub paused because its credentials were refused runs again if so; one
    that a person paused does not. NotFound for a connection that is not configured;
    ConfigurationRefused if its settings do not resolve.
    """
    require(workspace, name)
    workspace.connector_config(name)
    health = await _ask(store, workspace, name, clock)
    resumed = health.ok and end_pause_of_hub(store, name, clock=clock)
    return ConnectionTest(name, health.ok, list(health.findings), resumed)


async def _ask(store: Store, workspace: Workspace, name: str, clock: Clock) -> Health:
    connectors = Connectors(workspace, store, clock)
    try:
        return await (await connectors.get(name)).check()
    except CrossdockError as error:
        detail = [] if error.detail is None else [error.detail]
        return Health(ok=False, findings=[error.message, *detail])
    finally:
        await connectors.close()
