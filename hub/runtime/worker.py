"""A worker process: drains in threads, delivers and pulls in an event loop.

Without a broker it looks at the database all the time. With one it is woken, and looks each second
for what no wake-up told of: so nothing is lost with a broker, and the hub goes on without it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import uvloop
from sqlalchemy.exc import SQLAlchemyError

from hub.contract.clock import SystemClock
from hub.runtime.connections import Connectors
from hub.runtime.delivery import POLL, Delivery
from hub.runtime.dispatch import roll, slots
from hub.runtime.dispatch.drains import Drains
from hub.runtime.dispatch.wakeups import Wakeup, open_wakes
from hub.runtime.drain import Drain
from hub.runtime.presence import present
from hub.runtime.scheduler import Scheduler
from hub.store import Store
from hub.store.schema import require_current
from hub.telemetry.logs import configure_logs, logger
from hub.workspace import Workspace
from hub.workspace.versions import load_active

IDLE = 0.02
"""Seconds between looks for stored messages while there are none and nobody wakes the worker."""

SWEEP = 1.0
"""Seconds between looks for what a lost wake-up did not tell of."""


def worker_name(pid: int | None = None) -> str:
    """Names a process of this host, by default this one, among all that share the database."""
    return f"{socket.gethostname()}:{pid or os.getpid()}"


def run_worker(database_url: str, threads: int = 1) -> None:
    """Work until SIGTERM or SIGINT, then finish what is under way. `threads` drain at once.

    Raises what one of its parts fails with, so that whoever started it starts it anew.
    """
    store = Store(database_url)
    require_current(store)
    with store.read() as connection:
        workspace = load_active(connection)
    settings = workspace.settings
    configure_logs(settings.log.level.value, settings.log.format.value)
    with present(database_url):
        uvloop.run(_Worker(store, workspace, threads).run())
    store.close()


class _Worker:
    """The parts of a worker process, and how they begin and end together."""

    def __init__(self, store: Store, workspace: Workspace, threads: int) -> None:
        self._store = store
        self._workspace = workspace
        self._threads = threads
        self._owner = worker_name()
        self._clock = SystemClock()
        self._log = logger("worker").bind(worker=self._owner)
        settings = workspace.settings
        self._is_woken = settings.broker is not None
        self._wakes = open_wakes(settings.broker, settings.environment)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        asked = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, asked.set)
        connectors = Connectors(self._workspace, self._store, self._clock)
        delivery = self._delivery(connectors)
        deliver = partial(loop.call_soon_threadsafe, delivery.wake)
        drains = Drains(self._drain, self._workspace.settings.limits.batch, self._wakes, deliver)
        scheduler = Scheduler(self._store, self._workspace, connectors, self._clock, self._owner)
        async with self._at_work():
            self._wakes.listen({Wakeup.DRAIN: drains.work, Wakeup.DELIVER: deliver}, self._threads)
            draining = self._draining(drains)
            pulling = asyncio.create_task(scheduler.run(partial(self._stored, delivery)))
            delivering = asyncio.create_task(delivery.run())
            self._log.info("started", config_version=self._workspace.version[:12])
            stop = asyncio.create_task(asked.wait())
            parts: list[asyncio.Future[Any]] = [pulling, delivering, *draining]
            await asyncio.wait([stop, *parts], return_when=asyncio.FIRST_COMPLETED)
            stop.cancel()
            drains.stop()
            delivery.stop()
            pulling.cancel()
            self._log.info("stopping")
            await asyncio.to_thread(self._end_drains, drains)
            ends = await asyncio.gather(*parts, return_exceptions=True)
            await connectors.close()
        self._log.info("stopped")
        for end in ends:
            if isinstance(end, Exception):
                raise end

    def _delivery(self, connectors: Connectors) -> Delivery:
        return Delivery(
            self._store,
            self._workspace,
            connectors,
            self._clock,
            self._owner,
            poll=SWEEP if self._is_woken else POLL,
            more=partial(self._wakes.wake, Wakeup.DELIVER),
        )

    def _drain(self) -> Drain:
        return Drain(self._store, self._workspace, self._clock, self._owner)

    def _draining(self, drains: Drains) -> list[asyncio.Future[None]]:
        """Threads that look for messages: all of them often, or one for those that no wake-up tells of."""
        threads, every = (1, SWEEP) if self._is_woken else (self._threads, IDLE)
        executor = ThreadPoolExecutor(threads, thread_name_prefix="drain")
        loop = asyncio.get_running_loop()
        return [loop.run_in_executor(executor, drains.run, every) for _ in range(threads)]

    def _stored(self, delivery: Delivery) -> None:
        """A pull stored messages, or a sweep let something go on."""
        self._wakes.wake(Wakeup.DRAIN)
        delivery.wake()

    def _end_drains(self, drains: Drains) -> None:
        drains.join()
        self._wakes.close()

    @asynccontextmanager
    async def _at_work(self) -> AsyncIterator[None]:
        """Be on the roll while the block lasts."""
        await asyncio.to_thread(self._answer)
        beating = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            beating.cancel()
            await asyncio.to_thread(self._leave)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(roll.BEAT_SECONDS)
            await asyncio.to_thread(self._answer)

    def _answer(self) -> None:
        try:
            with self._store.write() as connection:
                roll.answer(connection, self._owner)
        except SQLAlchemyError as error:
            self._log.warning("not on the roll of workers", error=repr(error))

    def _leave(self) -> None:
        with suppress(SQLAlchemyError), self._store.write() as connection:
            roll.leave(connection, self._owner)
            slots.release(connection, self._owner)
