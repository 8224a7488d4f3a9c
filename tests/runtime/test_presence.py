"""Workers of a SQLite database are waited for, however they end."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from hub.contract.errors import ConfigError
from hub.runtime import supervisor
from hub.runtime.presence import all_gone
from tests.runtime.hubs import local_hub, until
from tests.runtime.processes import processes
from tests.runtime.workspaces import http_target, shop_to_targets

FILES = shop_to_targets({"erp": http_target("erp", "http://127.0.0.1:9/")})


async def test_a_worker_is_seen_until_it_ends_or_is_killed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'crossdock.db'}"
    with local_hub(url, FILES), processes(url) as started:
        assert all_gone(url, within=0)
        for end in (subprocess.Popen.terminate, subprocess.Popen.kill):
            worker = started.worker()
            await until(lambda: not all_gone(url, within=0), "the worker is seen")
            end(worker)
            assert all_gone(url, within=30)


async def test_a_hub_is_not_started_beside_workers_of_an_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 0.1)
    url = f"sqlite:///{tmp_path / 'crossdock.db'}"
    with local_hub(url, FILES) as hub, processes(url) as started:
        started.worker()
        await until(lambda: not all_gone(url, within=0), "the worker is seen")
        with pytest.raises(ConfigError, match="still at work"):
            supervisor.supervise(hub.workspace, url, actor="test")


def test_on_postgresql_leases_alone_tell() -> None:
    assert all_gone("postgresql+psycopg://somebody@/somewhere", within=0)
