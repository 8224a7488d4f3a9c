"""`crossdock worker` told to stop: nothing new is taken, what is under way ends and is settled, and its status is 0."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub.store import tables
from tests.crash.proofs import prove_untangled
from tests.runtime.hubs import until
from tests.runtime.sinks import HOLD
from tests.runtime.webhooks import webhook
from tests.scaled.hubs import scaled_hub

ORDERS = 6
HELD = 2
ROOT = Path(__file__).parents[2]


@contextmanager
def worker(folder: Path, database: str, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """`crossdock worker` on a workspace that knows the database and nothing else; its log is the folder's `log`."""
    (folder / "config").mkdir(exist_ok=True)
    (folder / "config" / "hub.yaml").write_text("database: ${env:HUB_DATABASE}\n")
    command = [sys.executable, "-m", "hub.cli", "worker", "--workspace", str(folder), *options]
    environment = {**os.environ, "HUB_DATABASE": database, "PYTHONPATH": str(ROOT)}
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def said(folder: Path) -> str:
    """What a worker has said so far."""
    return (folder / "log").read_text()


@pytest.mark.parametrize(
    ("options", "processes"), [([], 1), (["--processes", "2", "--threads", "2"], 2)], ids=["one", "several"]
)
async def test_a_stop_finishes_what_is_under_way(
    options: list[str], processes: int, postgresql_url: str, redis_url: str, tmp_path: Path
) -> None:
    async with scaled_hub(postgresql_url, redis_url, workers=0, concurrency=HELD) as here:
        here.sink.answers("erp", always=HOLD)
        with worker(tmp_path, postgresql_url, *options) as process:
            await until(lambda: said(tmp_path).count('"started"') == processes, "the workers are up", within=60)
            await here.receive(webhook(number) for number in range(ORDERS))
            await until(lambda: here.sink.has(HELD), "as many as may be are under way", within=60)
            await until(lambda: here.hub.states(tables.message) == {"done": ORDERS}, "all is read", within=60)
            process.terminate()
            await until(lambda: said(tmp_path).count('"stopping"') == processes, "the workers know")
            await here.receive([webhook(ORDERS)])
            here.sink.release()
            await until(lambda: process.poll() is not None, "the processes end")
            assert process.returncode == 0
        assert here.hub.states(tables.delivery) == {"delivered": HELD, "planned": ORDERS - HELD}
        assert here.hub.states(tables.message) == {"done": ORDERS, "received": 1}
        assert len(here.sink.arrivals) == HELD
        prove_untangled(here.hub.store)
        assert here.hub.rows(tables.connection_state, connection="erp") == []
        assert not [row for row in here.hub.rows(tables.lease) if row["name"].startswith("worker:")]


async def test_workers_alone_need_a_database_that_can_be_shared(tmp_path: Path) -> None:
    with worker(tmp_path, f"sqlite:///{tmp_path / 'hub.db'}") as process:
        await until(lambda: process.poll() == 4, "it is refused")
    assert "Workers alone need a PostgreSQL database" in said(tmp_path)


async def test_workers_alone_need_a_hub_that_was_started(postgresql_url: str, tmp_path: Path) -> None:
    with worker(tmp_path, postgresql_url) as process:
        await until(lambda: process.poll() == 4, "it is refused")
    assert "start it with `crossdock run`" in said(tmp_path)
