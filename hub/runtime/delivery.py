"""Delivery: an event loop that keeps up to `concurrency` transmissions under way a connection.

The database is the truth and the loop only its hands: it asks for what is due, sends it, and
hands back how it ended. Connections do not wait for each other.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
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


class Delivery:
    """Delivers under one configuration until it is stopped."""

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
        self._exchange = Exchange(store, workspace, clock, owner)
        self._poll = poll
        self._more = more
        self._connectors = connectors
        self._limits = {
            name: one.spec.concurrency for name, one in workspace.connections.items() if not one.spec.paused
        }
        self._under_way: Counter[str] = Counter()
        # Exactly these leases are renewed: one that was claimed but could not be frozen must end.
        self._fences: dict[str, int] = {}
        self._outcomes: list[Outcome] = []
        self._news = asyncio.Event()
        self._stopping = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="delivery")
        self._log = logger("delivery")

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
            while not self._stopping or self._tasks or self._outcomes:
                await self._step()
        finally:
            renewal.cancel()
            self._executor.shutdown()

    async def _step(self) -> None:
        self._news.clear()
        outcomes, self._outcomes = self._outcomes, []
        capacity = {} if self._stopping else self._capacity()
        frozen: list[Frozen] = []
        try:
            frozen = await self._in_thread(outcomes, capacity)
        except Exception as error:  # noqa: BLE001 - the database is away; leases and fences keep the rest right
            self._log.error("delivery cycle failed", error=repr(error))
            self._outcomes = outcomes + self._outcomes
            await asyncio.sleep(_AFTER_ERROR)
        else:
            for outcome in outcomes:
                self._fences.pop(outcome.frozen.delivery.id, None)
        for one in frozen:
            self._start(one)
        if frozen and self._exchange.slots.full:
            self._more()
        if not self._outcomes:
            await self._wait()

    async def _in_thread(self, outcomes: list[Outcome], capacity: Mapping[str, int]) -> list[Frozen]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._exchange.cycle, outcomes, capacity)

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._poll):
                await self._news.wait()
        except TimeoutError:
            return

    def _capacity(self) -> dict[str, int]:
        return {name: limit - self._under_way[name] for name, limit in self._limits.items()}

    def _start(self, frozen: Frozen) -> None:
        self._under_way[frozen.delivery.connection] += 1
        self._fences[frozen.delivery.id] = frozen.delivery.fence
        task = asyncio.create_task(self._send(frozen))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, frozen: Frozen) -> None:
        name = frozen.delivery.connection
        try:
            connector = await self._connectors.get(name)
        except Exception as error:  # noqa: BLE001 - a connector that cannot open fails its deliveries, not the loop
            kind = AttemptOutcome.IN_DOUBT if frozen.doubtful else AttemptOutcome.FAILED
            outcome = Outcome(frozen, kind, note=note_of(error, connection=name), resolvable=True)
        else:
            outcome = await send(frozen, connector, self._keep_done)
        self._under_way[name] -= 1
        self._outcomes.append(outcome)
        self._news.set()

    async def _keep_done(self, transmission: str, done: Mapping[str, Any]) -> None:
        await asyncio.to_thread(self._exchange.keep_done, transmission, done)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(LEASE / 3_000_000)
            if not self._fences:
                continue
            try:
                await asyncio.to_thread(self._exchange.renew, dict(self._fences))
            except SQLAlchemyError as error:
                self._log.error("leases could not be renewed", error=repr(error))
