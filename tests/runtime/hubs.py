"""A hub in the test's own process, and what is read from its database.

What arrives is drained and delivered when the test says so; connectors speak to real sockets.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Table, exists, func, or_, select, update

from hub.contract.clock import Clock, SystemClock
from hub.contract.connector import Item
from hub.runtime.connections import Connectors
from hub.runtime.delivery import Delivery
from hub.runtime.dispatch import slots
from hub.runtime.drain import Drain
from hub.runtime.intake import Intake
from hub.runtime.sweep import Sweep
from hub.store import Store, tables
from hub.store.connections import PAUSED_KEY, write_state
from hub.workspace import Workspace
from tests.runtime.webhooks import Webhook
from tests.runtime.workspaces import prepare

Row = Mapping[str, Any]

IN_TIME = 30.0
"""Seconds within which the hub must have done what a test waits for."""


async def until(condition: Callable[[], object], what: str, *, within: float = IN_TIME) -> None:
    """Wait until a condition holds; fails with `what` was waited for."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within:.0f} s: {what}")
        await asyncio.sleep(0.02)


class LocalHub:
    """A hub whose parts run when they are told to. `clock` is its only time but for leases."""

    def __init__(self, store: Store, workspace: Workspace, clock: Clock | None = None) -> None:
        self.store = store
        self.workspace = workspace
        self.clock = clock or SystemClock()

    async def receive(self, webhooks: Iterable[Webhook]) -> None:
        """Store webhooks as the door does, one after the other."""
        for one in webhooks:
            item = Item(key=f"webhook:{one.id}", type="shopify.order", body=one.body, name="orders/updated")
            await self.receive_item("shop", item)

    async def receive_item(self, connection: str, item: Item) -> str:
        """Store one item; its message's id."""
        intake = Intake(self.store, self.clock)
        accepted = await intake.accept(connection, [item])
        await intake.close()
        return accepted[0].message

    def drain(self) -> None:
        """Drain everything that is stored."""
        drain = Drain(self.store, self.workspace, self.clock, "test")
        while drain.run_once():
            pass

    def sweep(self) -> None:
        """Let go on what can, and end what waited too long."""
        Sweep(self.store, self.workspace, self.clock, "test").run_once()

    async def deliver(self, done: Callable[[], object], what: str) -> None:
        """Deliver until something is so."""
        connectors = Connectors(self.workspace, self.store, self.clock)
        delivery = Delivery(self.store, self.workspace, connectors, self.clock, "test")
        running = asyncio.create_task(delivery.run())
        try:
            await until(done, what)
        finally:
            delivery.stop()
            await running
            await connectors.close()

    async def settle(self) -> None:
        """Drain, and deliver until nothing is under way or due at once."""
        self.drain()
        await self.deliver(self.is_idle, "the hub is idle")

    def is_idle(self) -> bool:
        """Whether nothing is held, and nothing will be sent before a next try or a person's decision."""
        delivery = tables.delivery
        earlier = delivery.alias("before")
        blocked = exists().where(
            earlier.c.subject == delivery.c.subject,
            earlier.c.connection == delivery.c.connection,
            earlier.c.lane < delivery.c.lane,
            earlier.c.state.in_(["planned", "sending", "dead", "in_doubt"]),
        )
        pauses = select(tables.connection_state.c.connection).where(
            tables.connection_state.c.key == PAUSED_KEY, tables.connection_state.c.value != ""
        )
        busy = select(func.count()).where(
            delivery.c.state.in_(["planned", "sending"]),
            or_(
                delivery.c.lease_owner.is_not(None),
                (delivery.c.next_at <= self.clock.now()) & ~blocked & delivery.c.connection.not_in(pauses),
            ),
        )
        with self.store.read() as connection:
            return not connection.execute(busy).scalar_one()

    def rows(self, table: Table, **equal: Any) -> list[Row]:
        """Rows of a table, in the order of their first key."""
        return rows(self.store, table, **equal)

    def states(self, table: Table, **equal: Any) -> Counter[str]:
        """How many rows of a table are in each state."""
        return Counter(row["state"] for row in self.rows(table, **equal))

    def resume(self, name: str) -> None:
        """Let a paused connection go on, as a person does."""
        with self.store.write() as connection:
            write_state(connection, name, PAUSED_KEY, "", at=self.clock.now())


@contextmanager
def local_hub(
    database_url: str,
    files: Mapping[str, str],
    clock: Clock | None = None,
    library: Mapping[str, bytes] | None = None,
) -> Iterator[LocalHub]:
    """A hub on a database that is brought to its schema and configuration (see `prepare`)."""
    store, workspace = prepare(database_url, files, library)
    try:
        yield LocalHub(store, workspace, clock)
    finally:
        store.close()


def rows(store: Store, table: Table, **equal: Any) -> list[Row]:
    """Rows of a table whose columns equal these values, in the order of its primary key."""
    statement = select(table).order_by(*table.primary_key)
    for name, value in equal.items():
        statement = statement.where(table.c[name] == value)
    with store.read() as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]


def expire_leases(store: Store) -> None:
    """End the leases of workers that are dead, as time would."""
    with store.write() as connection:
        for table in (tables.message, tables.delivery):
            connection.execute(update(table).where(table.c.lease_until.is_not(None)).values(lease_until=0))
        connection.execute(update(tables.lease).values(until=0))
        slots.release(connection)
