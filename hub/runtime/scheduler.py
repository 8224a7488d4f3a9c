"""Scheduler: pulls from connections in their rhythm, one worker a connection, and sweeps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hub.contract.clock import Clock
from hub.contract.errors import AuthError, CrossdockError
from hub.runtime.connections import Connectors
from hub.runtime.pages import PageStore
from hub.runtime.sweep import Sweep
from hub.store import Store, leases
from hub.store.connections import PAUSED_KEY, paused, write_state
from hub.telemetry.logs import logger
from hub.workspace import Workspace

SWEEP_SECONDS = 1.0
PULL_LEASE = 60_000_000
"""Microseconds for which one worker pulls from a connection; renewed while it does, given back when it is done."""


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
        self._connectors = connectors
        self._clock = clock
        self._owner = owner
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
                await self._pull_all(name)
            except Exception as error:  # noqa: BLE001 - a connector's fault must not end the others' pulls
                self._log.error("pull failed", connection=name, exc_info=error)
            await asyncio.sleep(every)

    async def _pull_all(self, name: str) -> None:
        if not await asyncio.to_thread(self._take_lease, name):
            return
        renewal = asyncio.create_task(self._keep_lease(name))
        try:
            while await self._pull_page(name):
                pass
        except CrossdockError as error:
            await self._refused(name, error)
        finally:
            renewal.cancel()
            await asyncio.to_thread(self._give_back, name)

    async def _keep_lease(self, name: str) -> None:
        """Hold the lease while a slow page is fetched; if it is lost all the same, storing notices."""
        while True:
            await asyncio.sleep(PULL_LEASE / 3_000_000)
            try:
                await asyncio.to_thread(self._renew_lease, name)
            except Exception as error:  # noqa: BLE001 - the database is away; the next renewal may do
                self._log.warning("lease not renewed", connection=name, error=repr(error))

    async def _pull_page(self, name: str) -> bool:
        """One page: fetched, stored, then acknowledged; whether there is more."""
        connector = await self._connectors.get(name)
        pages = PageStore(self._store, self._clock, name)
        page = await connector.pull(await asyncio.to_thread(pages.cursor))
        if page.items or page.cursor is not None:
            stored = await asyncio.to_thread(pages.store, page)
            for item, one in stored:
                self._log.info("pulled", connection=name, name=item.name, message=one.message, duplicate=one.duplicate)
            if stored:
                await connector.ack([item for item, _ in stored])
                self._wake()
        return page.more

    async def _refused(self, name: str, error: CrossdockError) -> None:
        self._log.warning("pull failed", connection=name, code=error.code, reason=error.message)
        if isinstance(error, AuthError):
            await asyncio.to_thread(self._pause, name, error.message)

    def _take_lease(self, name: str) -> bool:
        with self._store.read() as connection:
            if name in paused(connection):
                return False
        return self._renew_lease(name)

    def _renew_lease(self, name: str) -> bool:
        with self._store.write() as connection:
            return leases.take(connection, f"pull:{name}", self._owner, length=PULL_LEASE)

    def _give_back(self, name: str) -> None:
        with self._store.write() as connection:
            leases.give_back(connection, f"pull:{name}", self._owner)

    def _pause(self, name: str, reason: str) -> None:
        with self._store.write() as connection:
            write_state(connection, name, PAUSED_KEY, reason, at=self._clock.now())


def _nobody() -> None:
    """Nobody listens yet."""
