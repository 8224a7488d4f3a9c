"""Scheduler: pulls from connections in their rhythm, one worker a connection, and sweeps."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError

from hub.contract.clock import Clock
from hub.contract.errors import AuthError, CrossdockError
from hub.runtime.connections import Connectors
from hub.runtime.pulling import Puller
from hub.runtime.rhythm import Rhythm, rhythm_of
from hub.runtime.sweep import Sweep
from hub.store import Store
from hub.store.connections import PAUSED_KEY, paused, write_state
from hub.telemetry.logs import logger
from hub.workspace import Workspace

SWEEP_SECONDS = 1.0

LOOK_SECONDS = 60.0
"""A longer wait is looked at again after so long: the clock of the machine may be set."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What one configuration wants: `rhythms` are those of the connections that are pulled from, by name."""

    connectors: Connectors
    puller: Puller
    sweep: Sweep
    rhythms: Mapping[str, Rhythm]
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self, seconds: float) -> None:
        """Wait so long, or until another plan has taken this one's place."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.over.wait()


class Scheduler:
    """Runs pulls and sweeps until it is cancelled, under one configuration at a time."""

    def __init__(
        self,
        store: Store,
        workspace: Workspace,
        connectors: Connectors,
        clock: Clock,
        owner: str,
    ) -> None:
        self._store = store
        self._clock = clock
        self._owner = owner
        self._plan = self._make_plan(workspace, connectors)
        self._pulled: set[str] = set()
        self._group = asyncio.TaskGroup()
        self._wake: Callable[[], None] = _nobody
        self._log = logger("scheduler")

    def _make_plan(self, workspace: Workspace, connectors: Connectors) -> _Plan:
        rhythms = {
            name: rhythm_of(one.spec, self._store, self._clock)
            for name, one in workspace.connections.items()
            if "pull" in one.connector.manifest.direction and not one.spec.paused
        }
        puller = Puller(self._store, connectors, self._clock, self._owner)
        return _Plan(connectors, puller, Sweep(self._store, workspace, self._clock, self._owner), rhythms)

    def follow(self, workspace: Workspace, connectors: Connectors) -> None:
        """Pull and sweep by another configuration while `run` goes on; a pull under way ends as it began."""
        before, self._plan = self._plan, self._make_plan(workspace, connectors)
        before.over.set()
        self._start_pulls()

    async def run(self, wake: Callable[[], None]) -> None:
        """Pull and sweep until cancelled; `wake` is called when there may be something to drain or deliver."""
        self._wake = wake
        async with self._group:
            self._group.create_task(self._sweep_forever())
            self._start_pulls()

    def _start_pulls(self) -> None:
        for name in self._plan.rhythms.keys() - self._pulled:
            self._pulled.add(name)
            self._group.create_task(self._pull_while_planned(name))

    async def _sweep_forever(self) -> None:
        while True:
            try:
                if await asyncio.to_thread(self._plan.sweep.run_once):
                    self._wake()
            except Exception as error:  # noqa: BLE001 - the next sweep does what this one could not
                self._log.error("sweep failed", error=repr(error))
            await asyncio.sleep(SWEEP_SECONDS)

    async def _pull_while_planned(self, name: str) -> None:
        """Pull from a connection in the rhythm of whichever plan there is, until one leaves it out."""
        tried = float("-inf")
        while name in (plan := self._plan).rhythms:
            left = await self._seconds_left(plan.rhythms[name], tried)
            if left > 0:
                await plan.wait(min(left, LOOK_SECONDS))
                continue
            with plan.connectors.in_use():
                await self._pull(plan, name)
            tried = time.monotonic()
        # No other task runs in between, so a plan that has it again finds it missing here.
        self._pulled.discard(name)

    async def _seconds_left(self, rhythm: Rhythm, tried: float) -> float:
        try:
            return await asyncio.to_thread(rhythm.seconds_left, tried)
        except SQLAlchemyError as error:
            self._log.error("the time of the next pull is not known", error=repr(error))
            return SWEEP_SECONDS

    async def _pull(self, plan: _Plan, name: str) -> None:
        try:
            await self._pull_or_say_why(plan, name)
        except Exception as error:  # noqa: BLE001 - a connector's fault must not end the others' pulls
            self._log.error("pull failed", connection=name, exc_info=error)

    async def _pull_or_say_why(self, plan: _Plan, name: str) -> None:
        began = self._clock.now()
        try:
            found = await plan.puller.pull(name)
        except CrossdockError as error:
            await self._refused(name, error)
            return
        if found:
            self._wake()
        if found is not None:
            await asyncio.to_thread(plan.rhythms[name].note, began)

    async def _refused(self, name: str, error: CrossdockError) -> None:
        self._log.warning("pull failed", connection=name, code=error.code, reason=error.message)
        if isinstance(error, AuthError):
            await asyncio.to_thread(self._pause, name, error.message)

    def _pause(self, name: str, reason: str) -> None:
        with self._store.write() as connection:
            if name not in paused(connection):  # a person's reason stands
                write_state(connection, name, PAUSED_KEY, reason, at=self._clock.now())


def _nobody() -> None:
    """Nobody listens yet."""
