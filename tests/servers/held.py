"""Real servers for tests: started once per pytest process, reachable over loopback alone.

A server is held by `keeper.py`, a process of its own, so that it stops and its folder goes
whatever ends the tests: the last test, Ctrl-C or a kill.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

REQUIRE_ALL = os.environ.get("CROSSDOCK_REQUIRE_ALL") == "1"
"""Whether a missing part fails the tests that need it instead of skipping them."""

STARTS_WITHIN = 60.0
"""Seconds a server has until it must answer."""

_MEMORY_DISK = Path("/dev/shm")
_ROOM = 2**30
"""Bytes that must be free on the memory disk: containers often have one too small for a database."""

_KEEPER = Path(__file__).with_name("keeper.py")


class ServerEnded(Exception):
    """A server ended before it answered; the text is what it had to say."""


def missing(what: str, remedy: str) -> NoReturn:
    """Skip the test for want of a part, by name; where every part is required the skip is a failure."""
    pytest.skip(f"{what} is not here: {remedy}")


def new_folder(purpose: str) -> Path:
    """A private folder with a path short enough for a Unix socket in it; the keeper removes it.

    It lies in memory where there is room: PostgreSQL makes a database of 300 files, which took 250 ms
    on a virtual disk and 8 ms there.
    """
    in_memory = os.access(_MEMORY_DISK, os.W_OK) and shutil.disk_usage(_MEMORY_DISK).free >= _ROOM
    return Path(tempfile.mkdtemp(prefix=f"crossdock-{purpose}-", dir=_MEMORY_DISK if in_memory else None))


def free_port() -> int:
    """A TCP port of loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def held(folder: Path, command: Sequence[str], *, announces: str, stop: str = "SIGTERM") -> Iterator[None]:
    """Run a server while the block lasts; it answers once it wrote `announces`.

    Raises ServerEnded, with the server's output, if it ends before that or takes too long.
    """
    keeper = subprocess.Popen(
        [sys.executable, str(_KEEPER), stop, str(folder), *command],
        stdin=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for pytest; the keeper notices when its standard input ends
    )
    assert keeper.stdin is not None
    try:
        _wait(keeper, folder / "log", announces)
        yield
    finally:
        keeper.stdin.close()
        keeper.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait(keeper: subprocess.Popen[bytes], log: Path, announces: str) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    said = ""
    while announces not in said:
        if keeper.poll() is not None or time.monotonic() > deadline:
            raise ServerEnded(said[-4000:] or "It said nothing.")
        time.sleep(0.02)
        said = log.read_text(errors="replace") if log.exists() else ""


@contextmanager
def held_at_port(
    purpose: str, command: Callable[[Path, int], Sequence[str]], *, announces: str
) -> Iterator[tuple[Path, int]]:
    """Run a server that must be told its TCP port; yields its folder and port.

    Another process may take the port between choosing and using it, so three are tried.
    """
    with ExitStack() as stack:
        for attempts_left in (2, 1, 0):
            folder, port = new_folder(purpose), free_port()
            try:
                stack.enter_context(held(folder, command(folder, port), announces=announces))
                break
            except ServerEnded:
                if not attempts_left:
                    raise
        yield folder, port
