"""A web process that serves the admin API, and clients that speak to it over sockets."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from hub.contract.clock import SystemClock
from hub.operations.tokens import add_token
from hub.store import Store
from tests.runtime.hubs import IN_TIME
from tests.runtime.processes import free_port, is_ready

_ROOT = Path(__file__).parents[2]
_SCRIPT = Path(__file__).with_name("serve.py")


@dataclass
class Api:
    """A running API: `client` may do all, `reader` may look, `nobody` has no token."""

    port: int
    client: httpx.AsyncClient
    reader: httpx.AsyncClient
    nobody: httpx.AsyncClient

    async def get(self, path: str, **query: Any) -> Any:
        """What a GET that must go well answers, as JSON."""
        return _read(await self.client.get(path, params=query or None), 200)

    async def post(self, path: str, status: int = 200, **body: Any) -> Any:
        """What a POST that must end with this status answers, as JSON."""
        return _read(await self.client.post(path, json=body), status)

    async def refused(self, path: str, status: int, **query: Any) -> Any:
        """The error that a GET answers."""
        return _read(await self.client.get(path, params=query or None), status)["error"]


def _read(answer: httpx.Response, status: int) -> Any:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


@asynccontextmanager
async def served(store: Store) -> AsyncIterator[Api]:
    """The API of a hub on this database, in a process of its own."""
    made = {
        name: add_token(store, name, read_only=name == "reader", actor="test", clock=SystemClock()).secret
        for name in ("writer", "reader")
    }
    port = free_port()
    with _running(store.url, port) as process:
        await _wait_ready(process, port)
        async with (
            client(port, made["writer"]) as writer,
            client(port, made["reader"]) as reader,
            client(port, "") as nobody,
        ):
            yield Api(port, writer, reader, nobody)


@contextmanager
def _running(database_url: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, str(_SCRIPT), database_url, str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, cwd=_ROOT) as process:
        try:
            yield process
        finally:
            process.kill()


async def _wait_ready(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + IN_TIME
    while not await is_ready(port):
        assert process.poll() is None, f"the web process ended with {process.returncode}"
        assert time.monotonic() < deadline, "the web process does not answer"
        await asyncio.sleep(0.02)


def client(port: int, secret: str) -> httpx.AsyncClient:
    """A client that sends a token, unless that is empty."""
    headers = {"authorization": f"Bearer {secret}"} if secret else {}
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/api/v1", headers=headers, timeout=IN_TIME)
