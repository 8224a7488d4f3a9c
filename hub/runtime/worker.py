"""A worker process: drains in threads, delivers and pulls in an event loop.

Without a broker it looks at the database all the time. With one it is woken, and looks each second
for what no wake-up told of: so nothing is lost with a broker, and the hub goes on without it.
"""

from __future__ import annotations

import asyncio
import signal
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import uvloop

from hub.contract.clock import SystemClock
from hub.runtime.connections import Connectors
from hub.runtime.delivery import POLL, Delivery
from hub.runtime.dispatch.drains import Drains
from hub.runtime.dispatch.member import Member
from hub.runtime.dispatch.roll import Kind
from hub.runtime.dispatch.wakeups import Wakeup, open_wakes
from hub.runtime.drain import Drain
from hub.runtime.presence import present
from hub.runtime.reload import Follower
from hub.runtime.scheduler import Scheduler
from hub.store import Store
from hub.store.schema import require_current
from hub.telemetry.logs import configure_logs, logger
from hub.workspace import Workspace
from hub.workspace.versions import load_active, short_version

IDLE = 0.02
"""Seconds between looks for stored messages while there are none and nobody wakes the worker."""

SWEEP = 1.0
"""Seconds between looks for what a lost wake-up did not tell of."""


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
    """The parts of a worker process: how they begin and end together, and change to another configuration."""

    def __init__(self, store: Store, workspace: Workspace, threads: int) -> None:
        self._store = store
        self._workspace = workspace
        self._threads = threads
        self._clock = SystemClock()
        self._member = Member(store, Kind.WORKER, workspace.version, self._clock)
        self._owner = self._member.owner
        self._log = logger("worker").bind(worker=self._owner)
        settings = workspace.settings
        self._is_woken = settings.broker is not None
        self._wakes = open_wakes(settings.broker, settings.environment)
        self._connectors = Connectors(workspace, store, self._clock)
        self._closing: set[asyncio.Task[None]] = set()
        self._delivery = Delivery(
            store,
            workspace,
            self._connectors,
            self._clock,
            self._owner,
            poll=SWEEP if self._is_woken else POLL,
            more=partial(self._wakes.wake, Wakeup.DELIVER),
        )
        self._scheduler = Scheduler(store, workspace, self._connectors, self._clock, self._owner)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        asked = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, asked.set)
        deliver = partial(loop.call_soon_threadsafe, self._delivery.wake)
        drains = Drains(self._drain, self._workspace.settings.limits.batch, self._wakes, deliver)
        follower = Follower(self._store, self._workspace, self._member, self._clock, partial(self._take, drains))
        async with self._member.at_work():
            self._wakes.listen({Wakeup.DRAIN: drains.work, Wakeup.DELIVER: deliver}, self._threads)
            draining = self._draining(drains)
            pulling = asyncio.create_task(self._scheduler.run(self._stored))
            delivering = asyncio.create_task(self._delivery.run())
            following = asyncio.create_task(follower.run())
            self._log.info("started", config_version=short_version(self._workspace.version))
            stop = asyncio.create_task(asked.wait())
            parts: list[asyncio.Future[Any]] = [following, pulling, delivering, *draining]
            await asyncio.wait([stop, *parts], return_when=asyncio.FIRST_COMPLETED)
            for one in (stop, following, pulling):
                one.cancel()
            drains.stop()
            self._delivery.stop()
            self._log.info("stopping")
            await asyncio.to_thread(self._end_drains, drains)
            ends = await asyncio.gather(*parts, return_exceptions=True)
            self._close(self._connectors)
            await asyncio.gather(*self._closing)
        self._log.info("stopped")
        for end in ends:
            if isinstance(end, Exception):
                raise end

    def _take(self, drains: Drains, workspace: Workspace) -> None:
        """Do whatever begins from now on under another configuration."""
        before = self._connectors
        self._workspace, self._connectors = workspace, Connectors(workspace, self._store, self._clock)
        drains.follow(self._drain, workspace.settings.limits.batch)
        self._delivery.follow(workspace, self._connectors)
        self._scheduler.follow(workspace, self._connectors)
        self._close(before)

    def _close(self, connectors: Connectors) -> None:
        """Close connectors once nobody uses them."""
        task = asyncio.create_task(self._close_quietly(connectors))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _close_quietly(self, connectors: Connectors) -> None:
        try:
            await connectors.close()
        except Exception as error:  # noqa: BLE001 - nothing more is done with them
            self._log.warning("connectors were not closed well", exc_info=error)

    def _drain(self) -> Drain:
        return Drain(self._store, self._workspace, self._clock, self._owner)

    def _draining(self, drains: Drains) -> list[asyncio.Future[None]]:
        """Threads that look for messages: all of them often, or one for those that no wake-up tells of."""
        threads, every = (1, SWEEP) if self._is_woken else (self._threads, IDLE)
        executor = ThreadPoolExecutor(threads, thread_name_prefix="drain")
        loop = asyncio.get_running_loop()
        return [loop.run_in_executor(executor, drains.run, every) for _ in range(threads)]

    def _stored(self) -> None:
        """A pull stored messages, or a sweep let something go on."""
        self._wakes.wake(Wakeup.DRAIN)
        self._delivery.wake()

    def _end_drains(self, drains: Drains) -> None:
        drains.join()
        self._wakes.close()
