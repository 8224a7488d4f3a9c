"""Pulling from a connection at once, instead of at its next time: for what a webhook missed, or a file that is due."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from hub.contract.clock import Clock
from hub.contract.ids import new_id
from hub.contract.registry import nearest
from hub.operations.errors import BadInput, NotFound, OperationRefused
from hub.runtime.connections import Connectors
from hub.runtime.pulling import Puller
from hub.store import Store
from hub.store.connections import paused
from hub.workspace import Workspace

_TRIES = 100
_PAUSE = 0.1


@dataclass(frozen=True, slots=True)
class Reconciled:
    """How many messages were stored that the hub did not have."""

    connection: str
    stored: int


async def reconcile(store: Store, workspace: Workspace, name: str, *, clock: Clock) -> Reconciled:
    """Pull everything new of a connection; the hub then takes it up as if it had come by itself.

    Waits for a pull that is under way. NotFound, BadInput for one that is not pulled from,
    OperationRefused for a paused one; the connector's own errors as they are.
    """
    connection = workspace.connections.get(name)
    if connection is None:
        raise NotFound(f"There is no connection {name!r}{nearest(name, workspace.connections)}.", value=name)
    if "pull" not in connection.connector.manifest.direction:
        raise BadInput(f"Nothing is pulled from {name}: what it sends comes by webhook.", value=name)
    connectors = Connectors(workspace, store, clock)
    try:
        puller = Puller(store, connectors, clock, f"reconcile:{new_id()}")
        for _ in range(_TRIES):
            _require_running(store, name)
            stored = await puller.pull(name)
            if stored is not None:
                return Reconciled(name, stored)
            await asyncio.sleep(_PAUSE)
    finally:
        await connectors.close()
    raise OperationRefused(f"A worker pulls from {name} all the while; see its log.")


def _require_running(store: Store, name: str) -> None:
    with store.read() as connection:
        reason = paused(connection).get(name)
    if reason is not None:
        raise OperationRefused(f"{name} is paused: {reason}")
