"""The hub of one test: what arrives is drained and delivered until nothing is due, then time may move."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, union_all

from hub.contract.clock import FrozenClock
from hub.contract.connector import Connector, Context, Item
from hub.runtime.connections import DurableState
from hub.runtime.drain import Drain
from hub.runtime.exchange import Exchange
from hub.runtime.intake import Accepted, Intake
from hub.runtime.outcomes import Outcome
from hub.runtime.sender import send
from hub.runtime.sweep import Sweep
from hub.runtime.trial.counterpart import Part, Script, played
from hub.store import Store, deliveries, tables
from hub.store.connections import paused
from hub.store.states import DUE_DELIVERIES
from hub.telemetry.logs import logger
from hub.workspace import Workspace

OWNER = "test"
"""The name of the one worker."""


def _whole() -> float:
    """Waits between tries are as long as they can be, so that a test can tell when the next one is."""
    return 1.0


class TrialHub:
    """The hub's own parts in one event loop, under one configuration, on one database."""

    def __init__(self, store: Store, workspace: Workspace, at: datetime) -> None:
        self.store = store
        self.workspace = workspace
        self.clock = FrozenClock(at)
        self._scripts: defaultdict[str, Script] = defaultdict(Script)
        self._connectors: dict[str, Connector[Any]] = {}
        self._drain = Drain(store, workspace, self.clock, OWNER)
        self._sweep = Sweep(store, workspace, self.clock, OWNER)
        self._exchange = Exchange(store, workspace, self.clock, OWNER, spread=_whole)
        self._capacity = {
            name: one.spec.concurrency for name, one in workspace.connections.items() if not one.spec.paused
        }

    def add(self, connection: str, part: Part) -> None:
        """Let the counterpart of a connection play a part."""
        self._scripts[connection].add(part)

    async def receive(self, connection: str, item: Item) -> Accepted:
        """Store what arrives, as the hub's door and its pulls do, and work on it."""
        intake = Intake(self.store, self.clock)
        accepted = await intake.accept(connection, [item])
        await intake.close()
        await self.work()
        return accepted[0]

    async def work(self) -> None:
        """Do everything that is due now."""
        while self._drain.run_once() or await self._deliver() or self._sweep.run_once():
            pass

    async def wait(self, span: timedelta) -> None:
        """Let time pass, and do what becomes due when it does."""
        end = self.clock.now() + span // timedelta(microseconds=1)
        while (due := self._next_due(end)) is not None:
            await self._at(due)
        await self._at(end)

    async def _at(self, moment: int) -> None:
        self.clock.advance((moment - self.clock.now()) / 1_000_000)
        await self.work()

    def _next_due(self, end: int) -> int | None:
        """When something may become due next, after now and before `end`."""
        delivery, document = tables.delivery.c, tables.document.c
        moments = union_all(
            select(delivery.next_at.label("at")).where(delivery.state.in_(DUE_DELIVERIES)),
            select(document.waiting_until.label("at")),
        ).subquery()
        statement = select(func.min(moments.c.at)).where(moments.c.at > self.clock.now(), moments.c.at < end)
        with self.store.read() as connection:
            found: int | None = connection.execute(statement).scalar()
        return found

    async def _deliver(self) -> int:
        """Send what is due, until nothing is; how often there was something."""
        rounds = 0
        outcomes: list[Outcome] = []
        while outcomes or self._is_due():
            frozen = self._exchange.cycle(outcomes, self._capacity)
            outcomes = [await send(one, self._connector(one.delivery.connection), self._keep_done) for one in frozen]
            rounds += 1
        return rounds

    def _is_due(self) -> bool:
        with self.store.read() as connection:
            stopped = paused(connection)
            names = [name for name in self._capacity if name not in stopped]
            return deliveries.any_due(connection, names, now=self.clock.now())

    async def _keep_done(self, transmission: str, done: Mapping[str, Any]) -> None:
        self._exchange.keep_done(transmission, done)

    def _connector(self, name: str) -> Connector[Any]:
        if name not in self._connectors:
            context = Context(
                connection=name,
                environment=self.workspace.settings.environment,
                state=DurableState(self.store, self.clock, name),
                clock=self.clock,
                log=logger("connector").bind(connection=name),
            )
            self._connectors[name] = played(self.workspace.connections[name], self._scripts[name], context)
        return self._connectors[name]
