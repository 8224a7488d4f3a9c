"""A whole hub: its processes killed, its supervisor killed, and a stop while something is under way."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psutil

from hub.runtime.exchange import LEASE
from hub.store import tables
from tests.crash.proofs import is_settled, prove_once, prove_untangled
from tests.runtime.hubs import LocalHub, local_hub, until
from tests.runtime.processes import Processes, free_port, is_ready, processes, stop
from tests.runtime.sinks import HOLD, Sink
from tests.runtime.webhooks import send_all, webhook
from tests.runtime.workspaces import HUB, http_target, shop_to_targets

ORDERS = 6


@dataclass
class World:
    """A hub with two workers, its target, and its port."""

    hub: LocalHub
    started: Processes
    sink: Sink
    port: int

    async def run(self) -> subprocess.Popen[bytes]:
        """Start a supervisor."""
        process = self.started.hub()
        await self.is_up(process)
        return process

    async def is_up(self, process: subprocess.Popen[bytes]) -> list[psutil.Process]:
        """Wait until a supervisor has a web process that takes webhooks and two workers; all three."""
        async with asyncio.timeout(60):
            while not await is_ready(self.port) or len(self.started.children(process)) < 3:
                assert process.poll() is None, f"the supervisor ended with {process.returncode}"
                await asyncio.sleep(0.05)
        return self.started.children(process)

    async def receive(self, revision: int) -> None:
        """Send a revision of every order."""
        await send_all(self.port, [webhook(number, revision) for number in range(ORDERS)])


@asynccontextmanager
async def world(database_url: str) -> AsyncIterator[World]:
    """A workspace with one target, and nothing started yet."""
    port = free_port()
    async with Sink() as sink:
        files = shop_to_targets({"plain": http_target("plain", sink.url("plain"))})
        files["config/hub.yaml"] = f"{HUB}listen: 127.0.0.1:{port}\nworkers: 2\n"
        with local_hub(database_url, files) as hub, processes(database_url) as started:
            yield World(hub, started, sink, port)


async def test_processes_that_are_killed_are_started_again_and_what_they_held_is_free_at_once(
    database_url: str,
) -> None:
    async with world(database_url) as here:
        here.sink.answers("plain", HOLD)
        supervisor = await here.run()
        await here.receive(1)
        await until(lambda: here.sink.has(ORDERS), "all but the held one are answered")
        await until(lambda: here.hub.states(tables.delivery)["delivered"] == ORDERS - 1, "they are settled")
        for child in await here.is_up(supervisor):
            child.kill()
        settled = "what was under way is in doubt, before its lease would end"
        await until(lambda: is_settled(here.hub.store, ORDERS), settled, within=0.8 * LEASE / 1_000_000)
        await here.is_up(supervisor)
        await here.receive(2)
        await until(lambda: here.sink.has(2 * ORDERS - 1), "the other lanes go on")
        await until(lambda: here.hub.states(tables.delivery)["delivered"] == 2 * ORDERS - 2, "they are settled")
        await stop(supervisor)
        assert here.hub.states(tables.delivery) == {"delivered": 2 * ORDERS - 2, "in_doubt": 1, "planned": 1}
        assert set(here.sink.keys("plain").values()) == {1}


async def test_a_supervisor_started_right_after_one_was_killed_repeats_nothing(database_url: str) -> None:
    """The killed one's workers finish what they have under way, and are waited for where nothing else tells of them."""
    async with world(database_url) as here:
        here.sink.answers("plain", HOLD, HOLD)
        first = await here.run()
        await here.receive(1)
        await until(lambda: here.sink.has(ORDERS), "two are held, the others answered")
        here.started.children(first)
        first.kill()
        first.wait()
        second = here.started.hub()
        await until(lambda: not here.hub.is_idle(), "two are under way")
        here.sink.release()
        await here.is_up(second)
        await here.receive(2)
        await until(lambda: is_settled(here.hub.store, 2 * ORDERS), "all is settled")
        await stop(second)
        assert prove_once(here.hub.store, here.sink, "plain") == 0
        prove_untangled(here.hub.store)


async def test_a_stop_finishes_what_is_under_way(database_url: str) -> None:
    async with world(database_url) as here:
        here.sink.answers("plain", HOLD, HOLD)
        supervisor = await here.run()
        await here.receive(1)
        await until(lambda: here.sink.has(ORDERS), "two are held, the others answered")
        supervisor.terminate()
        asyncio.get_running_loop().call_soon(here.sink.release)
        await stop(supervisor)
        assert prove_once(here.hub.store, here.sink, "plain") == 0
        assert here.hub.states(tables.delivery) == {"delivered": ORDERS}
        prove_untangled(here.hub.store)
