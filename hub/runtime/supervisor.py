"""`crossdock run`: brings up the database and the configuration, then a web process and workers.

`crossdock worker` is workers alone, on a hub that another host or container runs.

On SQLite the supervisor holds a lock beside the database, so that there is one of it, and waits
until the workers of an earlier one are gone; what they held is then free at once. On PostgreSQL
leases end by themselves.
"""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import IO

from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from hub.contract.clock import SystemClock
from hub.contract.errors import ConfigError
from hub.runtime.dispatch import slots
from hub.runtime.dispatch.member import process_name
from hub.runtime.presence import all_gone
from hub.runtime.web import Extra, listen, run_web
from hub.runtime.worker import run_worker
from hub.store import Store, deliveries, leases, messages
from hub.store.schema import migrate
from hub.telemetry.logs import logger
from hub.workspace import Workspace
from hub.workspace.versions import Purpose, activate, keep

STOP_SECONDS = 30.0
"""How long a process may take to finish what is under way."""

_RESTART_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Planned:
    """A process that is to run: its name, and the function that is it with its arguments."""

    name: str
    target: Callable[..., None]
    arguments: tuple[object, ...]


def supervise(
    workspace: Workspace,
    database_url: str,
    *,
    actor: str,
    workers: int | None = None,
    on_ready: Callable[[], None] = lambda: None,
    extra: Extra | None = None,
) -> None:
    """Run until SIGTERM or SIGINT; processes that die are started again. `workers` as the settings say, if None.

    `actor` is who started it, `extra` makes what the web process serves beside webhooks.
    """
    with _only_one(database_url):
        _prepare(workspace, database_url, actor)
        address = workspace.settings.listen
        count = workspace.settings.workers if workers is None else workers
        with listen(address.host, address.port) as listener:
            web = Planned("web", run_web, (database_url, listener, extra))
            Supervisor([web, *_workers(database_url, count, threads=1)], database_url).run(on_ready)


def supervise_workers(
    database_url: str, *, processes: int, threads: int, on_ready: Callable[[], None] = lambda: None
) -> None:
    """Run workers alone until SIGTERM or SIGINT, on a database that `crossdock run` has prepared."""
    Supervisor(_workers(database_url, processes, threads), database_url).run(on_ready)


def _workers(database_url: str, count: int, threads: int) -> list[Planned]:
    return [Planned(f"worker-{number}", run_worker, (database_url, threads)) for number in range(1, count + 1)]


@contextmanager
def _only_one(database_url: str) -> Iterator[None]:
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite" or url.database is None:
        yield
        return
    path = Path(url.database)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as file:
        _lock(file, path)
        yield


def _lock(file: IO[str], path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ConfigError(f"Another `crossdock run` works on {path}; stop it first.") from None


def _prepare(workspace: Workspace, database_url: str, actor: str) -> None:
    if not all_gone(database_url, within=STOP_SECONDS):
        raise ConfigError("Workers of an earlier `crossdock run` are still at work; wait for them, or end them.")
    store = Store(database_url)
    migrate(store)
    with store.write() as connection:
        now = SystemClock().now()
        keep(connection, workspace, actor=actor, at=now)
        activate(connection, workspace.version, purpose=Purpose.RUN, actor=actor, at=now)
    if store.is_sqlite:
        _release(store)
    store.close()


def _release(store: Store, owner: str | None = None) -> None:
    """Free what a dead worker held, or all of them did."""
    with store.write() as connection:
        deliveries.release(connection, owner)
        messages.release(connection, owner)
        leases.release(connection, owner)
        slots.release(connection, owner)


class Supervisor:
    """Keeps the processes of a plan alive.

    The listening socket is its own, so that callers wait, and are not turned away, while a web
    process is started anew.
    """

    def __init__(self, plan: Sequence[Planned], database_url: str) -> None:
        self._plan = plan
        self._database_url = database_url
        self._context = multiprocessing.get_context("spawn")
        self._stop = threading.Event()
        self._log = logger("supervisor")
        self._processes: dict[str, SpawnProcess] = {}

    def run(self, on_ready: Callable[[], None]) -> None:
        """Start everything, watch it, and stop it when asked to."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        for planned in self._plan:
            self._start(planned)
        on_ready()
        while not self._stop.wait(_RESTART_SECONDS):
            for planned in self._plan:
                process = self._processes[planned.name]
                if not process.is_alive():
                    self._log.error("process died", process=planned.name, code=process.exitcode)
                    self._bury(process)
                    self._start(planned)
        self._end()

    def _start(self, planned: Planned) -> None:
        arguments = (os.getpid(), planned.target, planned.arguments)
        process = self._context.Process(target=_child, args=arguments, name=planned.name)
        process.start()
        self._processes[planned.name] = process

    def _bury(self, process: SpawnProcess) -> None:
        """What a dead process held is free at once, and not only when its leases end."""
        store = Store(self._database_url)
        try:
            _release(store, process_name(process.pid))
        except SQLAlchemyError as error:
            self._log.warning("leases of the dead process end by themselves", error=repr(error))
        finally:
            store.close()

    def _end(self) -> None:
        for process in self._processes.values():
            process.terminate()
        give_up = time.monotonic() + STOP_SECONDS
        for process in self._processes.values():
            process.join(max(0.0, give_up - time.monotonic()))
            if process.is_alive():
                process.kill()


def _child(parent: int, target: Callable[..., None], arguments: tuple[object, ...]) -> None:
    """Run a process that ends when its supervisor is gone, so that none is left behind."""
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()
    target(*arguments)


def _follow(parent: int) -> None:
    ended = threading.Event()
    while os.getppid() == parent:
        ended.wait(_RESTART_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
