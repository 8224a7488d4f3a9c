"""A worker process: drains in a thread, delivers and pulls in an event loop."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Callable

import uvloop

from hub.contract.clock import SystemClock
from hub.runtime.connections import Connectors
from hub.runtime.delivery import Delivery
from hub.runtime.drain import Drain
from hub.runtime.presence import present
from hub.runtime.scheduler import Scheduler
from hub.store import Store
from hub.store.schema import require_current
from hub.telemetry.logs import configure_logs, logger
from hub.workspace import Workspace
from hub.workspace.versions import load_active

IDLE = 0.02
"""Seconds between looks for stored messages while there are none."""

_AFTER_ERROR = 1.0


def worker_name(pid: int | None = None) -> str:
    """Names a process of this host, by default this one, among all that share the database."""
    return f"{socket.gethostname()}:{pid or os.getpid()}"


def run_worker(database_url: str) -> None:
    """Work until SIGTERM or SIGINT, then finish what is under way.

    Raises what one of its parts fails with, so that whoever started it starts it anew.
    """
    store = Store(database_url)
    require_current(store)
    with store.read() as connection:
        workspace = load_active(connection)
    settings = workspace.settings
    configure_logs(settings.log.level.value, settings.log.format.value)
    with present(database_url):
        uvloop.run(_Worker(store, workspace).run())
    store.close()


class _Worker:
    def __init__(self, store: Store, workspace: Workspace) -> None:
        self._store = store
        self._workspace = workspace
        self._owner = worker_name()
        self._clock = SystemClock()
        self._stopping = threading.Event()
        self._log = logger("worker").bind(worker=self._owner)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        asked = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, asked.set)
        connectors = Connectors(self._workspace, self._store, self._clock)
        delivery = Delivery(self._store, self._workspace, connectors, self._clock, self._owner)

        def wake() -> None:
            loop.call_soon_threadsafe(delivery.wake)

        scheduler = Scheduler(self._store, self._workspace, connectors, self._clock, self._owner)
        draining = asyncio.create_task(asyncio.to_thread(self._drain, wake))
        pulling = asyncio.create_task(scheduler.run(wake))
        delivering = asyncio.create_task(delivery.run())
        self._log.info("started", config_version=self._workspace.version[:12])
        stop = asyncio.create_task(asked.wait())
        await asyncio.wait({stop, draining, pulling, delivering}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        self._stopping.set()
        pulling.cancel()
        delivery.stop()
        ends = await asyncio.gather(draining, pulling, delivering, return_exceptions=True)
        await connectors.close()
        self._log.info("stopped")
        for end in ends:
            if isinstance(end, Exception):
                raise end

    def _drain(self, wake: Callable[[], None]) -> None:
        drain = Drain(self._store, self._workspace, self._clock, self._owner)
        while not self._stopping.is_set():
            try:
                taken = drain.run_once()
            except Exception as error:  # noqa: BLE001 - the database is away; leases bring its batch back
                self._log.error("drain failed", error=repr(error))
                self._stopping.wait(_AFTER_ERROR)
                continue
            if taken:
                wake()
            else:
                self._stopping.wait(IDLE)
