"""Scheduler: pulls from connections in their rhythm, one worker a connection, and sweeps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hub.contract.clock import Clock
from hub.contract.errors import AuthError, CrossdockError
from hub.runtime.connections import Connectors
from hub.runtime.pulling import Puller
from hub.runtime.sweep import Sweep
from hub.store import Store
from hub.store.connections import PAUSED_KEY, paused, write_state
from hub.telemetry.logs import logger
from hub.workspace import Workspace

SWEEP_SECONDS = 1.0


class Scheduler:
    """Runs pulls and sweeps under one configuration until it is cancelled."""

    def __init__(
        self,
        store: Store,
        workspace: Workspace,
        connectors: Connectors,
        clock: Clock,
        owner: str,
    ) -> None:
        self._store = store
        self._workspace = workspace
        self._clock = clock
        self._puller = Puller(store, connectors, clock, owner)
        self._wake: Callable[[], None] = _nobody
        self._sweep = Sweep(store, workspace, clock, owner)
        self._log = logger("scheduler")

    async def run(self, wake: Callable[[], None]) -> None:
        """Pull and sweep until cancelled; `wake` is called when there may be something to drain or deliver."""
        self._wake = wake
        async with asyncio.TaskGroup() as group:
            group.create_task(self._sweep_forever())
            for name, connection in self._workspace.connections.items():
                if "pull" in connection.connector.manifest.direction and not connection.spec.paused:
                    group.create_task(self._pull_forever(name, connection.spec.every.total_seconds()))

    async def _sweep_forever(self) -> None:
        while True:
            try:
                if await asyncio.to_thread(self._sweep.run_once):
                    self._wake()
            except Exception as error:  # noqa: BLE001 - the next sweep does what this one could not
                self._log.error("sweep failed", error=repr(error))
            await asyncio.sleep(SWEEP_SECONDS)

    async def _pull_forever(self, name: str, every: float) -> None:
        while True:
            try:
                await self._pull(name)
            except Exception as error:  # noqa: BLE001 - a connector's fault must not end the others' pulls
                self._log.error("pull failed", connection=name, exc_info=error)
            await asyncio.sleep(every)

    async def _pull(self, name: str) -> None:
        try:
            if await self._puller.pull(name):
                self._wake()
        except CrossdockError as error:
            await self._refused(name, error)

    async def _refused(self, name: str, error: CrossdockError) -> None:
        self._log.warning("pull failed", connection=name, code=error.code, reason=error.message)
        if isinstance(error, AuthError):
            await asyncio.to_thread(self._pause, name, error.message)

    def _pause(self, name: str, reason: str) -> None:
        with self._store.write() as connection:
            if name not in paused(connection):  # a person's reason stands
                write_state(connection, name, PAUSED_KEY, reason, at=self._clock.now())


def _nobody() -> None:
    """Nobody listens yet."""
