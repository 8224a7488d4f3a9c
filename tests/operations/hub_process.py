"""A whole hub in the test's own process: what arrives is drained and delivered when the test says so.

Its connections lead to simulated counterparts over sockets.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from hub.contract.clock import SystemClock
from hub.contract.connector import Item
from hub.contract.registry import find_simulator
from hub.contract.simulator import SandboxContext, Simulator
from hub.runtime.connections import Connectors
from hub.runtime.delivery import Delivery
from hub.runtime.drain import Drain
from hub.runtime.intake import Intake
from hub.runtime.sweep import Sweep
from hub.store import Store, tables
from hub.store.connections import paused
from hub.store.deliveries import any_due
from hub.store.schema import migrate
from hub.workspace import Workspace, load, read_directory, standard_library
from hub.workspace.versions import Purpose, activate, keep
from tests.operations.shop import body, order, write_workspace

IDLE_SECONDS = 20.0
"""How long a test waits for the hub to have nothing to do."""


@dataclass
class Hub:
    """A hub and its counterparts."""

    root: Path
    url: str
    store: Store
    workspace: Workspace
    counterparts: Mapping[str, Simulator]
    clock: SystemClock

    async def receive(
        self, *, key: str = "", name: str = "", said: dict[str, Any] | None = None, **changes: Any
    ) -> str:
        """Store one webhook of the shop; returns the message's id."""
        return await self.receive_bytes(body(said if said is not None else order(**changes)), key=key, name=name)

    async def receive_bytes(self, content: bytes, *, key: str = "", name: str = "") -> str:
        """Store what may be no order at all."""
        intake = Intake(self.store, self.clock)
        item = Item(
            key=key or hashlib.sha256(content).hexdigest(),
            type="shopify.order",
            body=content,
            name=name,
            content_type="application/json",
            headers={"x-shopify-topic": "orders/create"},
        )
        accepted = await intake.accept("shop", [item])
        await intake.close()
        return accepted[0].message

    def drain(self) -> None:
        """Turn all that arrived into documents and deliveries."""
        drain = Drain(self.store, self.workspace, self.clock, "test")
        while drain.run_once():
            pass

    def sweep(self) -> None:
        """Let go on what waited."""
        Sweep(self.store, self.workspace, self.clock, "test").run_once()

    async def deliver(self) -> None:
        """Send whatever is due, until nothing is."""
        connectors = Connectors(self.workspace, self.store, self.clock)
        delivery = Delivery(self.store, self.workspace, connectors, self.clock, "test")
        running = asyncio.create_task(delivery.run())
        async with asyncio.timeout(IDLE_SECONDS):
            while await asyncio.to_thread(self._is_busy):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        delivery.stop()
        await running
        await connectors.close()

    async def settle(self) -> None:
        """Drain and deliver everything."""
        self.drain()
        await self.deliver()

    def _is_busy(self) -> bool:
        with self.store.read() as connection:
            running = [name for name in self.workspace.connections if name not in paused(connection)]
            # In this order: what is claimed between the two looks is seen by the second.
            if any_due(connection, running, now=self.clock.now()):
                return True
            held = select(tables.delivery.c.id).where(tables.delivery.c.lease_owner.is_not(None)).limit(1)
            return connection.execute(held).first() is not None

    def misbehave(self, counterpart: str, fault: str, times: int = 1) -> None:
        """Let a counterpart's next answers be wrong."""
        self.counterparts[counterpart].misbehave(fault, times)

    def effects(self, counterpart: str) -> dict[str, int]:
        """How often a counterpart acted, by idempotency key."""
        effects: dict[str, int] = self.counterparts[counterpart].state()["effects"]
        return effects

    def effect_count(self, counterpart: str) -> int:
        """How often a counterpart acted."""
        return sum(self.effects(counterpart).values())

    def rewrite(self, name: str, before: str, after: str) -> None:
        """Change a file of the workspace, and start the hub anew with it."""
        path = self.root / name
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))
        self.reload()

    def reload(self) -> None:
        """Take the workspace's files as they are now, as a restart would."""
        loaded = load(read_directory(self.root), library=standard_library())
        loaded.problems.raise_if_errors()
        assert loaded.workspace is not None
        self.workspace = loaded.workspace
        with self.store.write() as connection:
            now = self.clock.now()
            keep(connection, self.workspace, actor="test", at=now)
            activate(connection, self.workspace.version, purpose=Purpose.RUN, actor="test", at=now)


@asynccontextmanager
async def running_hub(root: Path, database_url: str, environ: Any) -> AsyncIterator[Hub]:
    """A hub with an ERP and a CRM that listen; `environ` is a MonkeyPatch."""
    counterparts = {}
    for name in ("erp", "crm"):
        context = SandboxContext(name, "http://127.0.0.1:9", root)
        counterparts[name] = find_simulator("http")(context, {"idempotent": False})
        environ.setenv(f"TEST_{name.upper()}", (await counterparts[name].start())["url"])
    environ.setenv("TEST_SECRET", "hush-hush")
    environ.setenv("TEST_DATABASE", database_url)
    write_workspace(root)
    store = Store(database_url)
    migrate(store)
    loaded = load(read_directory(root), library=standard_library())
    loaded.problems.raise_if_errors()
    assert loaded.workspace is not None
    hub = Hub(root, database_url, store, loaded.workspace, counterparts, SystemClock())
    hub.reload()
    try:
        yield hub
    finally:
        store.close()
        for one in counterparts.values():
            await one.stop()
