"""Pulls from connections: one worker a connection at a time, each page stored and then acknowledged."""

from __future__ import annotations

import asyncio

from hub.contract.clock import Clock
from hub.runtime.connections import Connectors
from hub.runtime.pages import PageStore
from hub.store import Store, leases
from hub.store.connections import paused
from hub.telemetry.logs import logger

PULL_LEASE = 60_000_000
"""Microseconds for which one worker pulls from a connection; renewed while it does, given back when it is done."""


class Puller:
    """Pulls for one process; `owner` names it in leases."""

    def __init__(self, store: Store, connectors: Connectors, clock: Clock, owner: str) -> None:
        self._store = store
        self._connectors = connectors
        self._clock = clock
        self._owner = owner
        self._log = logger("puller")

    async def pull(self, name: str) -> int | None:
        """Everything new of a connection; how many things are stored that were not before.

        None if another worker pulls from it now, or if it is paused. Raises the connector's errors.
        """
        if not await asyncio.to_thread(self._take_lease, name):
            return None
        renewal = asyncio.create_task(self._keep_lease(name))
        try:
            found, more = 0, True
            while more:
                count, more = await self._pull_page(name)
                found += count
            return found
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

    async def _pull_page(self, name: str) -> tuple[int, bool]:
        """One page: fetched, stored, then acknowledged; how much of it is new, and whether there is more."""
        connector = await self._connectors.get(name)
        pages = PageStore(self._store, self._clock, name)
        page = await connector.pull(await asyncio.to_thread(pages.cursor))
        if not page.items and page.cursor is None:
            return 0, page.more
        stored = await asyncio.to_thread(pages.store, page)
        for item, one in stored:
            self._log.info("pulled", connection=name, name=item.name, message=one.message, duplicate=one.duplicate)
        if stored:
            await connector.ack([item for item, _ in stored])
        return sum(1 for _, one in stored if not one.duplicate), page.more

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
