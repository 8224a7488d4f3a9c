"""Pulls at times of the clock: when they are due, what is made up for, and that one worker pulls."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.contract.clock import FrozenClock
from hub.runtime.connections import Connectors
from hub.runtime.rhythm import AtTimes
from hub.runtime.scheduler import Scheduler
from hub.store import tables
from hub.workspace.schedule import Schedule
from tests.runtime.hubs import LocalHub, local_hub, until
from tests.runtime.workspaces import HUB

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
NIGHTLY = Schedule(cron="30 2 * * *")
HOUR = 3600.0
LONG_AGO = float("-inf")
DROP = """\
connection: drop
type: files
every: 1h
schedule: {cron: "30 2 * * *"}
directory: DIRECTORY
inboxes:
  - {directory: in, pattern: "*.txt", type: drop.text, format: json, ready: renamed}
"""


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOON)


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    """The folder from which files are pulled, with one in it."""
    folder = tmp_path / "files" / "in"
    folder.mkdir(parents=True)
    (folder / "a.txt").write_text("{}")
    return folder


@pytest.fixture
def hub(database_url: str, drop: Path, clock: FrozenClock) -> Iterator[LocalHub]:
    files = {"config/hub.yaml": HUB, "config/connections/drop.yaml": DROP.replace("DIRECTORY", str(drop.parent))}
    with local_hub(database_url, files, clock) as made:
        yield made


def nightly(hub: LocalHub) -> AtTimes:
    """The rhythm of the connection, as a process that starts now sees it."""
    return AtTimes(hub.store, hub.clock, "drop", NIGHTLY, every=3600)


async def pull_until(hub: LocalHub, done: Callable[[], object], what: str) -> None:
    """Let the scheduler of a worker work until something is so."""
    connectors = Connectors(hub.workspace, hub.store, hub.clock)
    scheduler = Scheduler(hub.store, hub.workspace, connectors, hub.clock, "test")
    running = asyncio.create_task(scheduler.run(lambda: None))
    try:
        await until(done, what)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await connectors.close()


def test_it_counts_from_the_first_look_on(hub: LocalHub, clock: FrozenClock) -> None:
    assert nightly(hub).seconds_left(LONG_AGO) == 14.5 * HOUR
    clock.advance(10 * HOUR)
    assert nightly(hub).seconds_left(LONG_AGO) == 4.5 * HOUR


def test_a_time_that_passed_while_nobody_worked_is_made_up_for_once(hub: LocalHub, clock: FrozenClock) -> None:
    nightly(hub).note(clock.now())
    clock.advance(72 * HOUR)
    assert nightly(hub).seconds_left(LONG_AGO) < 0
    nightly(hub).note(clock.now())
    assert nightly(hub).seconds_left(LONG_AGO) == 14.5 * HOUR


def test_what_failed_is_tried_again_after_a_while(hub: LocalHub, clock: FrozenClock) -> None:
    nightly(hub).note(clock.now())
    clock.advance(15 * HOUR)
    assert 3500 < nightly(hub).seconds_left(time.monotonic()) <= 3600


def test_a_time_that_comes_during_a_pull_is_another_one(hub: LocalHub, clock: FrozenClock) -> None:
    began = clock.now()
    clock.advance(15 * HOUR)
    nightly(hub).note(began)
    assert nightly(hub).seconds_left(LONG_AGO) < 0


async def test_files_are_pulled_when_their_time_has_come(hub: LocalHub, clock: FrozenClock, drop: Path) -> None:
    await pull_until(hub, lambda: hub.rows(tables.connection_state, key="pulled"), "the schedule began")
    assert not hub.rows(tables.message)
    clock.advance(15 * HOUR)
    await pull_until(hub, lambda: hub.rows(tables.message), "the file is stored")
    await pull_until(hub, lambda: nightly(hub).seconds_left(LONG_AGO) == 23.5 * HOUR, "the next time is tomorrow")
