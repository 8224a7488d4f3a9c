"""Real processes of a hub, which may kill themselves at one step, and never outlive the test."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.runtime.hubs import IN_TIME, until
from tests.runtime.webhooks import post

SCRIPT = Path(__file__).parents[1] / "crash" / "crashing.py"
_ROOT = SCRIPT.parents[2]


class Processes:
    """Starts processes on one database and ends all of them."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._running: list[subprocess.Popen[bytes]] = []
        self._children: list[psutil.Process] = []

    def worker(self, point: str = "") -> subprocess.Popen[bytes]:
        """Start a worker; with a point it kills itself there."""
        return self._start("worker", point)

    def hub(self) -> subprocess.Popen[bytes]:
        """Start a supervisor, with the web process and the workers that its configuration names."""
        return self._start("hub", "")

    def children(self, process: subprocess.Popen[bytes]) -> list[psutil.Process]:
        """The processes that a supervisor has started; they are ended with the test, too."""
        found: list[psutil.Process] = [
            child for child in psutil.Process(process.pid).children() if "spawn_main" in " ".join(child.cmdline())
        ]
        self._children += found
        return found

    async def web(self, point: str = "") -> tuple[subprocess.Popen[bytes], int]:
        """Start a web process and wait until it answers; the process and its port."""
        port = free_port()
        process = self._start("web", point, str(port))
        deadline = time.monotonic() + IN_TIME
        while not await is_ready(port):
            assert process.poll() is None, f"the web process ended with {process.returncode}"
            assert time.monotonic() < deadline, "the web process does not answer"
            await asyncio.sleep(0.02)
        return process, port

    def _start(self, role: str, point: str, *more: str) -> subprocess.Popen[bytes]:
        # It ends when its standard input does, so that it is not left behind whatever ends the tests.
        command = [sys.executable, str(SCRIPT), self._url, role, point, *more]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, cwd=_ROOT)
        self._running.append(process)
        return process

    def end(self) -> None:
        """Kill what is still running."""
        for process in self._running:
            if process.poll() is None:
                self._children += psutil.Process(process.pid).children(recursive=True)
            process.kill()
            process.wait()
            assert process.stdin is not None
            process.stdin.close()
        for child in self._children:
            with suppress(psutil.NoSuchProcess):
                child.kill()


@contextmanager
def processes(database_url: str) -> Iterator[Processes]:
    """Processes on a database that holds its configuration already; all end with the block."""
    started = Processes(database_url)
    try:
        yield started
    finally:
        started.end()


async def killed(process: subprocess.Popen[bytes]) -> None:
    """Wait until a process was killed; fails if it ended in another way."""
    await until(lambda: process.poll() is not None, "the process dies")
    assert process.returncode == -signal.SIGKILL


async def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end; it must end well."""
    process.terminate()
    await until(lambda: process.poll() is not None, "the process ends")
    assert process.returncode == 0


def free_port() -> int:
    """A port of loopback that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


async def is_ready(port: int) -> bool:
    """Whether a web process answers that it is ready."""
    try:
        status, _ = await post(port, b"GET /health/ready HTTP/1.1\r\nhost: hub\r\n\r\n")
    except OSError:
        return False
    return status == 200
