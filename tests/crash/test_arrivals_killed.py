"""A process killed at each step of a pull and of a webhook's intake: what came is there once, and answered once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from hub.store import tables
from tests.crash.cuts import Cut
from tests.crash.killed_connectors import died, restarted, stopped
from tests.crash.proofs import is_settled, prove_untangled
from tests.crash.small_world import SmallWorld, small_world
from tests.crash.sources import PULLED, SENT, Source
from tests.runtime.hubs import until
from tests.runtime.processes import free_port

DRAINING = ["messages claimed", "documents applied, not committed", "drain committed"]
INTAKE = ["webhook read, not stored", "webhook stored, not answered"]
ON_POSTGRESQL = {"x12": ["files read, not stored", "files stored, not moved"], "easypost": INTAKE}
"""Where processes are killed on PostgreSQL, too."""


def steps(sources: Mapping[str, Source], more: list[str]) -> Iterator[Any]:
    """Each source, each step, each of its databases."""
    for name, source in sources.items():
        for point in (*source.points, *more):
            for database in ("sqlite", "postgresql") if point in ON_POSTGRESQL.get(name, []) else ("sqlite",):
                yield pytest.param(name, point, database, id=f"{name}-{point}-{database}")


@pytest.mark.parametrize(("name", "point", "database_url"), [*steps(PULLED, DRAINING)], indirect=["database_url"])
async def test_a_worker_killed_at(name: str, point: str, database_url: str, tmp_path: Path) -> None:
    source = PULLED[name]
    async with small_world(source, database_url, tmp_path) as here:
        await tell(here, source)
        await source.act(here.simulator, here.hub)
        await died(here.started.worker(point))
        await take_the_rest(here, source)
        prove(here, source)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_worker_killed_while_it_reads_a_page(database_url: str, tmp_path: Path) -> None:
    source = PULLED["shopify"]
    async with small_world(source, database_url, tmp_path) as here:
        await source.act(here.simulator, here.hub)
        assert here.wire is not None
        worker = here.started.worker()
        here.wire.cut_at(Cut("/orders.json", acted=True), worker.kill)
        await died(worker)
        await take_the_rest(here, source)
        prove(here, source)


@pytest.mark.parametrize(("name", "point", "database_url"), [*steps(SENT, INTAKE)], indirect=["database_url"])
async def test_a_web_process_killed_at(name: str, point: str, database_url: str, tmp_path: Path) -> None:
    source, port = SENT[name], free_port()
    async with small_world(source, database_url, tmp_path, f"http://127.0.0.1:{port}") as here:
        await tell(here, source)
        web = await here.started.web(port, point)
        await source.act(here.simulator, here.hub)
        await died(web)
        web = await here.started.web(port)
        await until(lambda: acknowledged(here.simulator.state()) == 1, "the webhook is acknowledged")
        await stopped(web)
        await take_the_rest(here, source)
        prove(here, source)


def acknowledged(state: dict[str, Any]) -> int:
    """How many webhooks the counterpart need not send again."""
    return sum(sent["status"] == "delivered" for sent in state.get("webhooks") or state["events"])


async def tell(here: SmallWorld, source: Source) -> None:
    """Let the hub know what came before."""
    for name, item in source.told:
        await here.hub.receive_item(name, item)
    here.hub.drain()


async def take_the_rest(here: SmallWorld, source: Source) -> None:
    """Let a new worker do what is left, and end it."""
    await restarted(here.hub.store, here.started, lambda: is_done(here, source))


def is_done(here: SmallWorld, source: Source) -> bool:
    """Whether nothing is left to do: no file to take, no message to read, no delivery to make."""
    arrived = len(here.hub.rows(tables.message)) > len(source.told)
    left = [*files(here, ""), *files(here, ".claimed")]
    return arrived and not left and is_settled(here.hub.store, source.deliveries)


def files(here: SmallWorld, directory: str) -> list[Path]:
    """The plain files in a directory of what the counterpart left; none where it leaves no files."""
    folder = Path(here.access.get("directory", "/nowhere")) / "out" / directory
    return [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []


def prove(here: SmallWorld, source: Source) -> None:
    """It is one message, which counted once; its file is in the archive, and whoever is owed an answer has one."""
    hub = here.hub
    assert len(hub.rows(tables.message)) == len(source.told) + 1
    assert set(hub.states(tables.message)) == {"done"}
    assert set(hub.states(tables.document)) <= {"applied", "filtered"}
    assert hub.states(tables.delivery) == ({"delivered": source.deliveries} if source.deliveries else {})
    assert len(files(here, "archive")) == ("directory" in here.access)
    assert not hub.rows(tables.failure)
    source.prove(hub)
    prove_untangled(hub.store)
