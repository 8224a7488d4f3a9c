"""Opens connectors with what the hub hands them, once a process, when they are first needed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hub.contract.clock import Clock
from hub.contract.connector import Connector, Context
from hub.store import Store
from hub.store.connections import read_state, write_state
from hub.telemetry.logs import logger
from hub.workspace import Workspace


class DurableState:
    """A connection's notes in the database."""

    def __init__(self, store: Store, clock: Clock, connection: str) -> None:
        self._store = store
        self._clock = clock
        self._connection = connection

    async def get(self, key: str) -> str | None:
        """The text kept under `key`, or None."""
        return await asyncio.to_thread(self._get, key)

    async def set(self, key: str, value: str) -> None:
        """Keep `value`; durable when this returns."""
        await asyncio.to_thread(self._set, key, value)

    def _get(self, key: str) -> str | None:
        with self._store.read() as connection:
            return read_state(connection, self._connection, f"connector:{key}")

    def _set(self, key: str, value: str) -> None:
        with self._store.write() as connection:
            write_state(connection, self._connection, f"connector:{key}", value, at=self._clock.now())


class Connectors:
    """The connectors of a workspace, in one event loop."""

    def __init__(self, workspace: Workspace, store: Store, clock: Clock) -> None:
        self._workspace = workspace
        self._store = store
        self._clock = clock
        self._open: dict[str, asyncio.Task[Connector[Any]]] = {}
        self._users = 0
        self._unused = asyncio.Event()
        self._unused.set()

    def make(self, name: str) -> Connector[Any]:
        """A connector that is not opened: for receiving. ConfigError if its settings do not resolve."""
        connection = self._workspace.connections[name]
        context = Context(
            connection=name,
            environment=self._workspace.settings.environment,
            state=DurableState(self._store, self._clock, name),
            clock=self._clock,
            log=logger("connector").bind(connection=name),
        )
        return connection.connector(connection.config(os.environ), context)

    async def get(self, name: str) -> Connector[Any]:
        """The open connector of a connection."""
        task = self._open.get(name)
        if task is None or (task.done() and task.exception() is not None):
            task = self._open[name] = asyncio.create_task(self._opened(name))
        return await asyncio.shield(task)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Keep the connectors from being closed while the block lasts."""
        self._users += 1
        self._unused.clear()
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                self._unused.set()

    async def _opened(self, name: str) -> Connector[Any]:
        connector = self.make(name)
        await connector.open()
        return connector

    async def close(self) -> None:
        """Close what was opened, once nobody uses it."""
        while self._users:
            await self._unused.wait()
        for task in self._open.values():
            if task.done() and task.exception() is None:
                await task.result().close()
