"""A worker killed at each step of a delivery by each connector: its effect is there once, or one row is in doubt."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.contract.simulator import Simulator
from hub.operations.failures.settling import Decision, settle
from hub.store import tables
from tests.crash.cuts import Cut, Wire
from tests.crash.killed_connectors import ForkedProcesses, died, restarted
from tests.crash.proofs import is_settled, prove_untangled
from tests.crash.small_world import small_world
from tests.crash.targets import TARGETS, Target
from tests.runtime.hubs import LocalHub, expire_leases, until

STEPS = [
    "deliveries claimed",
    "transmissions frozen, not sent",
    "answered, not settled",
    "settlement committed",
]
BEFORE_SENDING, AFTER_SETTLING = STEPS[0], STEPS[-1]
ON_POSTGRESQL = {
    "easypost": STEPS[1:3],
    "mail": STEPS[1:3],
    "x12": [*STEPS[1:3], "file noted, not renamed", "file renamed, not settled"],
}
"""Where workers are killed on PostgreSQL, too."""

NOBODY_KNOWS = "mail"
"""The target of which nobody can tell whether it had something."""

FAULTS = {
    "easypost": ["read_and_close", "apply_and_close", "lose_create", "lose_buy"],
    "hubspot": ["read_and_close", "apply_and_close", "lose_association"],
    "mail": ["read_and_close", "apply_and_close"],
    "mail, idempotent": ["read_and_close", "apply_and_close"],
    "shopify fulfillments": ["read_and_close", "apply_and_close"],
    "x12": ["disconnect_before_rename", "disconnect_after_rename"],
    "wms_files": ["disconnect_before_rename", "disconnect_after_rename"],
    "files": ["disconnect_before_rename", "disconnect_after_rename"],
}
"""How simulators leave a delivery in doubt; `MUTATIONS` does it at the requests that matter in the shop."""

DYING_AT_EVERY_CHANGE = [
    ("easypost", "POST /v2/", 6),
    ("shopify fulfillments, untracked from two places", "mutation ", 3),
    ("shopify refunds", "mutation ", 2),
]
"""Targets where each attempt gets one change further, by what marks it, and how many changes there are."""

MUTATIONS = ["shopify fulfillments", "shopify inventory", "shopify refunds"]


@dataclass
class World:
    """A counterpart, a hub that has deliveries planned for it, and workers that are real processes."""

    target: Target
    simulator: Simulator
    hub: LocalHub
    started: ForkedProcesses
    wire: Wire | None

    async def restart(self) -> None:
        """Let a new worker do what is left, and end it."""
        await restarted(self.hub.store, self.started, self.is_done)

    def is_done(self) -> bool:
        """Whether every delivery has ended, or what has not waits for a person."""
        if self.hub.states(tables.delivery)["in_doubt"]:
            return self.hub.is_idle()
        return is_settled(self.hub.store, self.target.deliveries)

    def prove(self) -> None:
        """Everything is delivered, each effect is there once, and nothing is held by the dead."""
        assert self.hub.states(tables.delivery) == {"delivered": self.target.deliveries}
        self.target.prove(self.simulator.state())
        prove_untangled(self.hub.store)
        assert not self.hub.rows(tables.failure, closed_at=None)


@asynccontextmanager
async def world(target: Target, database_url: str, folder: Path) -> AsyncIterator[World]:
    """A counterpart with its hub, which was told everything and has sent nothing."""
    async with small_world(target, database_url, folder) as small:
        for name, item in [*await target.prepare(small.simulator), *target.told]:
            await small.hub.receive_item(name, item)
        small.hub.drain()
        assert len(small.hub.rows(tables.delivery)) == target.deliveries
        yield World(target, small.simulator, small.hub, small.started, small.wire)


def at_points() -> Iterator[Any]:
    """Each target, each step, each of its databases."""
    for name, target in TARGETS.items():
        for point in (*STEPS, *target.points):
            for database in ("sqlite", "postgresql") if point in ON_POSTGRESQL.get(name, []) else ("sqlite",):
                yield pytest.param(name, point, database, id=f"{name}-{point}-{database}")


def at_cuts() -> Iterator[Any]:
    """Each request of a target at which a worker dies."""
    for name, target in TARGETS.items():
        for cut in target.cuts:
            yield pytest.param(name, cut, id=f"{name}-{cut}")


@pytest.mark.parametrize(("name", "point", "database_url"), [*at_points()], indirect=["database_url"])
async def test_killed_at(name: str, point: str, database_url: str, tmp_path: Path) -> None:
    async with world(TARGETS[name], database_url, tmp_path) as here:
        await died(here.started.worker(point))
        await here.restart()
        if name == NOBODY_KNOWS and point not in {BEFORE_SENDING, AFTER_SETTLING}:
            await decide(here)
        here.prove()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("name", "cut"), [*at_cuts()])
async def test_killed_at_a_request(name: str, cut: Cut, database_url: str, tmp_path: Path) -> None:
    async with world(TARGETS[name], database_url, tmp_path) as here:
        assert here.wire is not None
        worker = here.started.worker()
        here.wire.cut_at(cut, worker.kill)
        await died(worker)
        await here.restart()
        here.prove()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("name", "change", "deaths"), DYING_AT_EVERY_CHANGE)
async def test_killed_at_every_change_it_makes(
    name: str, change: str, deaths: int, database_url: str, tmp_path: Path
) -> None:
    async with world(TARGETS[name], database_url, tmp_path) as here:
        assert here.wire is not None
        for _ in range(deaths):
            expire_leases(here.hub.store)
            worker = here.started.worker()
            here.wire.cut_at(Cut(change, acted=True), worker.kill)
            await died(worker)
        await here.restart()
        here.prove()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", ["mail", "mail, idempotent"])
async def test_killed_while_a_mail_server_is_silent(name: str, database_url: str, tmp_path: Path) -> None:
    async with world(TARGETS[name], database_url, tmp_path) as here:
        here.simulator.misbehave("slow", 1)
        worker = here.started.worker()
        await until(lambda: here.simulator.state()["received"], "the server has the mail")
        worker.kill()
        await died(worker)
        await here.restart()
        if name == NOBODY_KNOWS:
            await decide(here)
        here.prove()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("name", "fault"), [(name, fault) for name, faults in FAULTS.items() for fault in faults])
async def test_cut_off_by(name: str, fault: str, database_url: str, tmp_path: Path) -> None:
    async with world(TARGETS[name], database_url, tmp_path) as here:
        here.simulator.misbehave(fault, 1)
        await here.restart()
        if name == NOBODY_KNOWS:
            await decide(here)
        here.prove()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("acted", [False, True])
@pytest.mark.parametrize("name", MUTATIONS)
async def test_cut_off_at_a_mutation(name: str, acted: bool, database_url: str, tmp_path: Path) -> None:
    async with world(TARGETS[name], database_url, tmp_path) as here:
        assert here.wire is not None
        here.wire.cut_at(Cut("mutation ", acted=acted), lambda: None)
        await here.restart()
        here.prove()


async def decide(here: World) -> None:
    """One delivery is in doubt and holds its lane; a person looks, decides, and the lane goes on."""
    (doubtful,) = here.hub.rows(tables.delivery, state="in_doubt")
    assert here.hub.states(tables.delivery) == {"in_doubt": 1, "planned": 1}
    assert [row["code"] for row in here.hub.rows(tables.failure, target=doubtful["id"], closed_at=None)] == ["in_doubt"]
    arrived = sum(here.simulator.state()["received"].values())
    assert arrived <= 1
    decision = Decision.DELIVERED if arrived else Decision.NOT_DELIVERED
    settle(here.hub.store, doubtful["id"], decision, actor="ada", clock=here.hub.clock)
    await here.restart()
