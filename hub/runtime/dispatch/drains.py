"""Draining by several threads of one process: each takes a drain of its own and goes on until nothing is due."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue

from hub.runtime.dispatch.wakeups import Wakes, Wakeup
from hub.runtime.drain import Drain
from hub.telemetry.logs import logger

AFTER_ERROR_SECONDS = 1.0


class Drains:
    """The drains of a process. `drained` is called when deliveries may have been planned."""

    def __init__(self, make: Callable[[], Drain], batch: int, wakes: Wakes, drained: Callable[[], object]) -> None:
        self._make = make
        self._batch = batch
        self._wakes = wakes
        self._drained = drained
        self._idle: SimpleQueue[Drain] = SimpleQueue()
        self._stopping = threading.Event()
        self._ended = threading.Condition()
        self._under_way = 0
        self._log = logger("drain")

    def follow(self, make: Callable[[], Drain], batch: int) -> None:
        """Take each further batch by a drain of another configuration; a batch under way ends as it began."""
        with self._ended:
            self._make, self._batch, self._idle = make, batch, SimpleQueue()

    def stop(self) -> None:
        """Take no further batch; the ones under way are finished."""
        self._stopping.set()

    def join(self) -> None:
        """Wait until nothing is under way."""
        with self._ended:
            self._ended.wait_for(lambda: not self._under_way)

    def run(self, every: float) -> None:
        """Look every so many seconds until stopped."""
        while not self._stopping.is_set():
            pause = every if self.work() else AFTER_ERROR_SECONDS
            self._stopping.wait(pause)

    def work(self) -> bool:
        """Drain until nothing is due; False if it could not, as when the database is away."""
        try:
            while not self._stopping.is_set() and self._drain():
                self._drained()
        except Exception as error:  # noqa: BLE001 - the database is away; leases bring its batch back
            self._log.error("drain failed", error=repr(error))
            return False
        return True

    def _drain(self) -> bool:
        """One batch; whether anything was due."""
        with self._one() as drain:
            taken = drain.run_once()
        if taken >= self._batch:
            self._wakes.wake(Wakeup.DRAIN)  # there may be more: another worker can help
        return taken > 0

    @contextmanager
    def _one(self) -> Iterator[Drain]:
        with self._ended:
            self._under_way += 1
            make, idle = self._make, self._idle
        try:
            drain = _take(idle, make)
            yield drain
            idle.put(drain)
        finally:
            with self._ended:
                self._under_way -= 1
                self._ended.notify_all()


def _take(idle: SimpleQueue[Drain], make: Callable[[], Drain]) -> Drain:
    try:
        return idle.get_nowait()
    except Empty:
        return make()
