"""Time as the hub sees it: microseconds since 1970 UTC in tables, aware datetimes elsewhere."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Clock(Protocol):
    """Where the hub reads the time; tests and the sandbox freeze it."""

    def now(self) -> int:
        """Microseconds since 1970 UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> int:
        return time.time_ns() // 1000


class FrozenClock:
    """A clock that stands still until it is told to move."""

    def __init__(self, at: datetime) -> None:
        self._now = to_micros(at)

    def now(self) -> int:
        return self._now

    def advance(self, seconds: float) -> None:
        """Move forward."""
        self._now += round(seconds * 1_000_000)


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970 UTC of an aware datetime; a naive one is a ValueError."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The aware UTC datetime of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=micros)
