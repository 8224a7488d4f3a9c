"""A simulated counterpart, a small hub beside it, and the hub's processes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.contract.registry import find_simulator
from hub.contract.simulator import SandboxContext, Simulator
from hub.contract.testkit.case import case_of
from tests.crash.cuts import Wire, wire_to
from tests.crash.killed_connectors import ForkedProcesses, forked_processes
from tests.crash.small_hub import RETRY, Tree, workspace
from tests.runtime.hubs import LocalHub, local_hub

NOWHERE = "http://127.0.0.1:9"


@dataclass(frozen=True, kw_only=True)
class Counterpart:
    """A connector's type, the name of its connection, and what differs from its contract case.

    `settings` are those of the simulator, `keys` those of the connection.
    """

    type: str
    name: str = "partner"
    settings: Mapping[str, Any] = field(default_factory=dict)
    keys: Mapping[str, Any] = field(default_factory=dict)
    pipelines: Mapping[str, Tree] = field(default_factory=dict)


@dataclass(frozen=True)
class SmallWorld:
    """Everything that runs. `access` is what the simulator told of itself; `wire` leads to one that speaks HTTP."""

    simulator: Simulator
    access: Mapping[str, str]
    hub: LocalHub
    started: ForkedProcesses
    wire: Wire | None


@asynccontextmanager
async def small_world(
    one: Counterpart, database_url: str, folder: Path, hub_url: str = NOWHERE
) -> AsyncIterator[SmallWorld]:
    """A counterpart that sends its webhooks to `hub_url`, with a hub that was told nothing yet."""
    async with AsyncExitStack() as stack:
        simulator = find_simulator(one.type)(SandboxContext(one.name, hub_url, folder), one.settings)
        stack.push_async_callback(simulator.stop)
        access = dict(await simulator.start())
        wire = None
        if "url" in access:
            wire, access["url"] = await stack.enter_async_context(wire_to(access["url"]))
        (folder / "east" / "out").mkdir(parents=True)
        files = workspace(
            directory=str(folder / "east"),
            connections={one.name: _connection(one, access)},
            pipelines=one.pipelines,
        )
        hub = stack.enter_context(local_hub(database_url, files))
        started = stack.enter_context(forked_processes(database_url))
        yield SmallWorld(simulator, access, hub, started, wire)


def _connection(one: Counterpart, access: Mapping[str, str]) -> dict[str, Any]:
    """The connection to a simulator, one delivery at a time; a machine may be busy, so timeouts are the usual ones."""
    settings = case_of(one.type)().config(access)
    for name in ("read_timeout", "timeout", "data_timeout"):
        settings.pop(name, None)
    return {"type": one.type, "concurrency": 1, "retry": RETRY, **settings, **one.keys}
