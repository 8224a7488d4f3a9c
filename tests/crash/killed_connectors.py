"""Workers and web processes that are forked from one which has everything loaded, and may kill themselves at one step.

A worker is there in a tenth of a second, so that each connector can be killed at each of its steps. They end with
whoever started them.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerProcess
from typing import Final

from hub.runtime.dispatch.roll import at_work
from hub.runtime.web import listen, run_web
from hub.runtime.worker import run_worker
from hub.store import Store
from tests.crash.crashing import POINTS, Point, install
from tests.runtime.hubs import IN_TIME, expire_leases, until
from tests.runtime.processes import is_ready

_LOADED: Final = [
    "__main__",
    __name__,
    *(
        f"connectors.{name}.connector"
        for name in (
            "crm.hubspot",
            "edi.x12",
            "generic.files",
            "generic.mail",
            "generic.webhook",
            "storefront.shopify",
            "tms.easypost",
            "wms.wms_files",
        )
    ),
]

_OWN_POINTS: Final = {
    "webhook read, not stored": Point("hub.runtime.intake:Intake._commit", before=True),
    "file claimed, not read": Point("connectors.transports.files:FileInbox._claim"),
    "files archived": Point(
        "connectors.transports.files:FileInbox.ack", counts=lambda arguments, _: bool(arguments[1])
    ),
    "files read, not stored": Point(
        "hub.runtime.pages:PageStore._require_staged", before=True, counts=lambda arguments, _: bool(arguments[2])
    ),
}


class ForkedProcesses:
    """Starts processes on one database and ends all of them."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(_LOADED)
        self._running: list[ForkServerProcess] = []

    def worker(self, point: str = "") -> ForkServerProcess:
        """Start a worker; with a point it kills itself there."""
        return self._start("worker", point, 0)

    async def web(self, port: int, point: str = "") -> ForkServerProcess:
        """Start a web process at a port and wait until it answers."""
        process = self._start("web", point, port)
        async with asyncio.timeout(IN_TIME):
            while not await is_ready(port):
                assert process.is_alive(), f"the web process ended with {process.exitcode}"
                await asyncio.sleep(0.02)
        return process

    def end(self) -> None:
        """Kill what is still running."""
        for process in self._running:
            process.kill()
            process.join()
            process.close()

    def _start(self, role: str, point: str, port: int) -> ForkServerProcess:
        process = self._context.Process(target=_live, args=(self._url, role, point, port), daemon=True)
        process.start()
        self._running.append(process)
        return process


@contextmanager
def forked_processes(database_url: str) -> Iterator[ForkedProcesses]:
    """Processes on a database that holds its configuration already; all end with the block."""
    started = ForkedProcesses(database_url)
    try:
        yield started
    finally:
        started.end()


async def died(process: ForkServerProcess) -> None:
    """Wait until a process was killed; fails if it ended in another way."""
    await until(lambda: not process.is_alive(), "the process dies")
    assert process.exitcode == -signal.SIGKILL


async def stopped(process: ForkServerProcess) -> None:
    """Ask a process to end; it must end well."""
    process.terminate()
    await until(lambda: not process.is_alive(), "the process ends")
    assert process.exitcode == 0


async def restarted(store: Store, started: ForkedProcesses, is_done: Callable[[], bool]) -> None:
    """Let a new worker do what a dead one left, by itself, and end it."""
    expire_leases(store)
    worker = started.worker()
    await until(lambda: _is_at_work(store) and is_done(), "a new worker did what was left")
    await stopped(worker)


def _is_at_work(store: Store) -> bool:
    """Whether a worker has begun, so that it can be asked to end."""
    with store.read() as connection:
        return at_work(connection) > 0


def _live(database_url: str, role: str, point: str, port: int) -> None:
    """Run until SIGTERM, or until the point."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if point:
        install({**POINTS, **_OWN_POINTS}[point])
    if role == "web":
        run_web(database_url, listen("127.0.0.1", port))
    else:
        run_worker(database_url)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
