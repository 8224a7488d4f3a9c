"""The hub as it is started: `crossdock run` serves the API beside webhooks, and neither is in the other's way."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from hub.operations.tokens import add_token
from hub.store import tables
from tests.api.served import Api, client, served
from tests.operations.hub_process import Hub
from tests.runtime.hubs import local_hub, rows
from tests.runtime.processes import free_port, is_ready
from tests.runtime.webhooks import post, send_all, webhook
from tests.runtime.workspaces import http_target, shop_to_targets

WEBHOOKS = 400


async def test_a_hub_serves_its_api(hub: Hub) -> None:
    port = free_port()
    hub.rewrite("config/hub.yaml", "environment: test\n", f"environment: test\nlisten: 127.0.0.1:{port}\n")
    made = add_token(hub.store, "ci", read_only=False, actor="test", clock=hub.clock)
    with _crossdock_run(hub.root) as process:
        async with _answering(process, port, made.secret) as api:
            [version] = [one for one in (await api.get("/configuration/versions")).json() if one["active"]]
            assert version["version"] == hub.workspace.version
            paused = await api.post("/connections/erp/pause", json={})
            assert paused.json()["reason"] == "ci paused it."
            assert "crossdock_leases" in (await api.get(f"http://127.0.0.1:{port}/metrics")).text
            assert (await post(port, b"GET /health/live HTTP/1.1\r\nhost: hub\r\n\r\n"))[0] == 200
        process.terminate()
        assert await asyncio.to_thread(process.wait, 30) == 0


@contextmanager
def _crossdock_run(root: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "hub.cli", "run", "--workspace", str(root)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2], env=dict(os.environ)) as process:
        try:
            yield process
        finally:
            process.terminate()


@asynccontextmanager
async def _answering(process: subprocess.Popen[bytes], port: int, secret: str) -> AsyncIterator[Any]:
    async with asyncio.timeout(60):
        while not await is_ready(port):
            assert process.poll() is None
            await asyncio.sleep(0.05)
    async with client(port, secret) as api:
        yield api


@pytest.fixture
async def door(database_url: str) -> AsyncIterator[Api]:
    """A web process with a shop whose webhooks are signed."""
    files = shop_to_targets({"erp": http_target("erp", "http://127.0.0.1:9/")})
    with local_hub(database_url, files) as hub:
        async with served(hub.store) as running:
            yield running
            assert len(rows(hub.store, tables.message)) == WEBHOOKS


async def test_webhooks_are_acknowledged_while_someone_pages(door: Api) -> None:
    burst = asyncio.create_task(send_all(door.port, [webhook(number) for number in range(WEBHOOKS)], connections=8))
    meanwhile: list[list[str]] = []
    while not burst.done():
        meanwhile.append(await _ids(door))
    await burst
    assert meanwhile
    seen = await _ids(door)
    assert len(seen) == len(set(seen)) == WEBHOOKS


async def _ids(api: Api) -> list[str]:
    """The ids of all messages, page by page."""
    found: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = await api.get("/messages", limit=100, **after)
        found += [one["id"] for one in page["messages"]]
        if page["next"] is None:
            return found
        after = {"after": page["next"]}
