"""Stand-ins for what the hub hands to a connector, all in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping, MutableMapping, MutableSequence
from datetime import UTC, datetime
from typing import Any, cast

import structlog
from structlog.testing import LogCapture
from structlog.typing import FilteringBoundLogger

from hub.contract.clock import Clock, FrozenClock
from hub.contract.connector import Context, State

MORNING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
"""Where a fake context's clock stands unless it is given another: a Monday, 08:00 UTC."""


class Killed(BaseException):
    """The process died here. No `except Exception` of a connector can catch it."""


class FakeState:
    """A `State` in memory; give one to two contexts to let a connector outlive its process."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self.values = dict(values or {})

    async def get(self, key: str) -> str | None:
        """The text kept under `key`, or None."""
        return self.values.get(key)

    async def set(self, key: str, value: str) -> None:
        """Keep `value`; anything but text is a TypeError, as the hub's table refuses it."""
        if not isinstance(value, str):
            raise TypeError(f"The state keeps text; {key!r} is a {type(value).__name__}.")
        self.values[key] = value


class FakePush:
    """A `PushContext` that records checkpoints and can die at one.

    `crash_at` counts from 1. With `kept` the checkpoint was durable before the process died,
    without it was not. `done` is what the next attempt finds in `Outbound.done`.
    """

    def __init__(self, crash_at: int | None = None, *, kept: bool = True) -> None:
        self.checkpoints: list[dict[str, Any]] = []
        self.calls = 0
        self._crash_at = crash_at
        self._kept = kept

    @property
    def done(self) -> dict[str, Any]:
        """The last checkpoint that was kept; empty at first."""
        return self.checkpoints[-1] if self.checkpoints else {}

    async def checkpoint(self, done: Mapping[str, Any]) -> None:
        """Keep `done`, as JSON like the hub does; raises Killed at the checkpoint it was told."""
        self.calls += 1
        dying = self.calls == self._crash_at
        if self._kept or not dying:
            self.checkpoints.append(json.loads(json.dumps(dict(done))))
        if dying:
            raise Killed


def capturing_log() -> tuple[FilteringBoundLogger, MutableSequence[MutableMapping[str, Any]]]:
    """A logger, and the growing list of the entries written to it."""
    capture = LogCapture()
    log = structlog.wrap_logger(
        structlog.ReturnLogger(),
        processors=[structlog.processors.format_exc_info, capture],
        wrapper_class=structlog.make_filtering_bound_logger(0),
    )
    return cast("FilteringBoundLogger", log.bind()), capture.entries


def fake_context(
    connection: str = "test",
    *,
    clock: Clock | None = None,
    state: State | None = None,
    log: FilteringBoundLogger | None = None,
) -> Context:
    """A context to construct a connector with: frozen clock, empty state, silent log."""
    return Context(
        connection=connection,
        environment="test",
        state=state or FakeState(),
        clock=clock or FrozenClock(MORNING),
        log=log or capturing_log()[0],
    )
