"""Delivery: an event loop that keeps up to `concurrency` transmissions under way a connection.

The database is the truth and the loop only its hands: it asks for what is due, sends it, and
hands back how it ended. Connections do not wait for each other.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from hub.contract.clock import Clock
from hub.failures.notes import note_of
from hub.runtime.connections import Connectors
from hub.runtime.exchange import LEASE, Exchange
from hub.runtime.outcomes import AttemptOutcome, Frozen, Outcome
from hub.runtime.sender import send
from hub.store import Store
from hub.telemetry.logs import logger
from hub.workspace import Workspace

POLL = 0.03
"""Seconds between looks at the database while nothing is due and nobody wakes it."""

_AFTER_ERROR = 1.0


@dataclass(eq=False, slots=True)
class _Terms:
    """One configuration, and what is sent under it: how many transmissions are under way, and which ended."""

    exchange: Exchange
    connectors: Connectors
    limits: Mapping[str, int]
    under_way: int = 0
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def are_over(self) -> bool:
        return not self.under_way and not self.outcomes


class Delivery:
    """Delivers until it is stopped, under one configuration at a time.

    What was begun under an earlier one is sent by its connectors and settled by its rules.
    """

    def __init__(
        self,
        store: Store,
        workspace: Workspace,
        connectors: Connectors,
        clock: Clock,
        owner: str,
        *,
        poll: float = POLL,
        more: Callable[[], None] = lambda: None,
    ) -> None:
        """`poll` is how often it looks, in seconds; `more` is called when there may be work for others, too."""
        self._store = store
        self._clock = clock
        self._owner = owner
        self._poll = poll
        self._more = more
        self._terms = self._make_terms(workspace, connectors)
        self._earlier: list[_Terms] = []
        self._under_way: Counter[str] = Counter()
        # Exactly these leases are renewed: one that was claimed but could not be frozen must end.
        self._fences: dict[str, int] = {}
        self._news = asyncio.Event()
        self._stopping = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="delivery")
        self._log = logger("delivery")

    def _make_terms(self, workspace: Workspace, connectors: Connectors) -> _Terms:
        limits = {name: one.spec.concurrency for name, one in workspace.connections.items() if not one.spec.paused}
        return _Terms(Exchange(self._store, workspace, self._clock, self._owner), connectors, limits)

    def follow(self, workspace: Workspace, connectors: Connectors) -> None:
        """Claim under another configuration from the next cycle on; called in the event loop."""
        self._earlier.append(self._terms)
        self._terms = self._make_terms(workspace, connectors)
        self.wake()

    def wake(self) -> None:
        """There may be something due; called in the event loop."""
        self._news.set()

    def stop(self) -> None:
        """Claim nothing more; `run` returns when what is under way has ended and is settled."""
        self._stopping = True
        self._news.set()

    async def run(self) -> None:
        """Deliver until stopped."""
        renewal = asyncio.create_task(self._renew())
        try:
            while not (self._stopping and self._terms.are_over and not self._earlier):
                await self._step()
        finally:
            renewal.cancel()
            self._executor.shutdown()

    async def _step(self) -> None:
        self._news.clear()
        for earlier in self._earlier:
            if earlier.outcomes:
                await self._cycle(earlier, {})
        self._earlier = [one for one in self._earlier if not one.are_over]
        terms = self._terms
        with terms.connectors.in_use():
            frozen = await self._cycle(terms, {} if self._stopping else self._capacity(terms))
            for one in frozen:
                self._start(one, terms)
        if frozen and terms.exchange.slots.full:
            self._more()
        if not any(one.outcomes for one in (terms, *self._earlier)):
            await self._wait()

    async def _cycle(self, terms: _Terms, capacity: Mapping[str, int]) -> Sequence[Frozen]:
        """Settle what ended under these terms, and claim; nothing is claimed if the database is away."""
        loop = asyncio.get_running_loop()
        outcomes, terms.outcomes = terms.outcomes, []
        try:
            frozen = await loop.run_in_executor(self._executor, terms.exchange.cycle, outcomes, capacity)
        except Exception as error:  # noqa: BLE001 - the database is away; leases and fences keep the rest right
            self._log.error("delivery cycle failed", error=repr(error))
            terms.outcomes = outcomes + terms.outcomes
            await asyncio.sleep(_AFTER_ERROR)
            return []
        for outcome in outcomes:
            self._fences.pop(outcome.frozen.delivery.id, None)
        return frozen

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._poll):
                await self._news.wait()
        except TimeoutError:
            return

    def _capacity(self, terms: _Terms) -> dict[str, int]:
        return {name: limit - self._under_way[name] for name, limit in terms.limits.items()}

    def _start(self, frozen: Frozen, terms: _Terms) -> None:
        terms.under_way += 1
        self._under_way[frozen.delivery.connection] += 1
        self._fences[frozen.delivery.id] = frozen.delivery.fence
        used = ExitStack()
        used.enter_context(terms.connectors.in_use())
        task = asyncio.create_task(self._send(frozen, terms))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: used.close())

    async def _send(self, frozen: Frozen, terms: _Terms) -> None:
        outcome = await self._outcome(frozen, terms.connectors)
        terms.outcomes.append(outcome)
        terms.under_way -= 1
        self._under_way[frozen.delivery.connection] -= 1
        self._news.set()

    async def _outcome(self, frozen: Frozen, connectors: Connectors) -> Outcome:
        name = frozen.delivery.connection
        try:
            connector = await connectors.get(name)
        except Exception as error:  # noqa: BLE001 - a connector that cannot open fails its deliveries, not the loop
            kind = AttemptOutcome.IN_DOUBT if frozen.doubtful else AttemptOutcome.FAILED
            return Outcome(frozen, kind, note=note_of(error, connection=name), resolvable=True)
        return await send(frozen, connector, self._keep_done)

    async def _keep_done(self, transmission: str, done: Mapping[str, Any]) -> None:
        await asyncio.to_thread(self._terms.exchange.keep_done, transmission, done)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(LEASE / 3_000_000)
            if not self._fences:
                continue
            try:
                await asyncio.to_thread(self._terms.exchange.renew, dict(self._fences))
            except SQLAlchemyError as error:
                self._log.error("leases could not be renewed", error=repr(error))
