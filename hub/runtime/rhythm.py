"""When a connection is pulled from next: all day, or at times of the clock."""

from __future__ import annotations

import time
from typing import Final, Protocol

from hub.contract.clock import Clock, from_micros
from hub.store import Store
from hub.store.connections import read_state, write_state
from hub.workspace.connections import ConnectionSpec
from hub.workspace.schedule import Schedule

_PULLED: Final = "pulled"
"""The note of a connection with a schedule: when its last pull that succeeded began, in microseconds."""


class Rhythm(Protocol):
    """Says when to pull from one connection."""

    def seconds_left(self, tried: float) -> float:
        """Seconds until the next pull, 0 or less if it is due; the last try ended at `tried` (`time.monotonic`)."""
        ...

    def note(self, began: int) -> None:
        """A pull that began then, in microseconds, got all there was."""
        ...


class AllDay:
    """A pull, a pause, a pull."""

    def __init__(self, every: float) -> None:
        self._every = every

    def seconds_left(self, tried: float) -> float:
        return tried + self._every - time.monotonic()

    def note(self, began: int) -> None:
        pass


class AtTimes:
    """By a schedule. What was pulled last is durable, so that a time which passed is made up for.

    A pull that failed is tried again after `every` seconds. Workers share the note, so that one pulls.
    """

    def __init__(self, store: Store, clock: Clock, name: str, schedule: Schedule, every: float) -> None:
        self._store = store
        self._clock = clock
        self._name = name
        self._schedule = schedule
        self._every = every

    def seconds_left(self, tried: float) -> float:
        due = self._schedule.next_after(from_micros(self._last()))
        until = (due - from_micros(self._clock.now())).total_seconds()
        return until if until > 0 else tried + self._every - time.monotonic()

    def note(self, began: int) -> None:
        with self._store.write() as connection:
            write_state(connection, self._name, _PULLED, str(began), at=self._clock.now())

    def _last(self) -> int:
        """When it was pulled from last; where it never was, it counts from now on."""
        with self._store.read() as connection:
            noted = read_state(connection, self._name, _PULLED)
        if noted is None:
            self.note(now := self._clock.now())
            return now
        return int(noted)


def rhythm_of(spec: ConnectionSpec, store: Store, clock: Clock) -> Rhythm:
    """The rhythm that a connection's file asks for."""
    every = spec.every.total_seconds()
    return AllDay(every) if spec.schedule is None else AtTimes(store, clock, spec.name, spec.schedule, every)
