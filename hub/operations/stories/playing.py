"""Plays a story of the sandbox against a hub of its own, as `crossdock demo` does.

The counterparts, the hub and the commands of the story are processes of their own, over real
sockets; the database and all files lie in a directory that is made anew each time.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from hub.contract.errors import ConfigError, CrossdockError
from hub.operations.stories.view import StoryView
from hub.runtime.sandbox import Listener, Outcome, Sandbox, Story, environment_of, play, read_story, started

READY_SECONDS = 30.0
STOP_SECONDS = 30.0
_LOOK_SECONDS = 0.05

_PYTHON = (sys.executable, "-P", "-m")  # -P: what lies in the current directory is not imported


class HubFailed(CrossdockError):
    """The story's hub did not start, or a command of the story failed."""

    code = "hub_failed"


@dataclass(frozen=True, slots=True)
class Scaled:
    """The servers of a story that is played in the scaled form: URLs of a PostgreSQL and a Redis."""

    database: str
    broker: str
    processes: int = 2
    """Worker processes beside the web process."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A story on its way: where its hub listens, its database's URL, and where its files are."""

    story: Story
    hub_url: str
    database: str
    directory: Path
    view: StoryView
    sandbox: Sandbox

    @property
    def log(self) -> Path:
        """The log of the hub's processes."""
        return self.directory / "hub.log"

    async def play(self, listener: Listener) -> Outcome:
        """Play the story to its end."""
        return await play(self.story, self.view, self.sandbox.client, listener)


def find_story(root: Path, name: str) -> Story:
    """The story of a workspace; ConfigError naming those there are."""
    path = root / "config" / "stories" / f"{name}.yaml"
    if not path.is_file():
        there = ", ".join(sorted(other.stem for other in path.parent.glob("*.yaml"))) or "none"
        raise ConfigError(f"There is no story {name!r} in {path.parent}; there are: {there}.", file=str(path))
    return read_story(path.read_text(), str(path.relative_to(root)))


@asynccontextmanager
async def staged(
    root: Path, story: Story, *, port: int | None = None, scaled: Scaled | None = None
) -> AsyncIterator[Stage]:
    """Everything a story needs, running while the block does. The hub gets `port` if that is free."""
    directory = root / "var" / story.name
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    address = f"127.0.0.1:{_free_port(port or 0)}"
    hub_url = f"http://{address}"
    database = scaled.database if scaled else f"sqlite:///{directory / 'hub.db'}"
    async with started(story.counterparts, hub_url=hub_url, directory=directory / "counterparts") as sandbox:
        environment = {
            **os.environ,
            "CROSSDOCK_ENVIRONMENT": "",  # never that of this shell, whose database is not for stories
            **environment_of(story, sandbox.endpoints),
            "CROSSDOCK_DATABASE": database,
            "CROSSDOCK_BROKER": scaled.broker if scaled else "",
            "CROSSDOCK_LISTEN": address,
        }
        async with _hub(root, directory, environment, hub_url, scaled):
            view = StoryView(root, environment, _command)
            yield Stage(story, hub_url, database, directory, view, sandbox)


@asynccontextmanager
async def _hub(
    root: Path, directory: Path, environment: dict[str, str], hub_url: str, scaled: Scaled | None
) -> AsyncIterator[None]:
    """The hub's processes: all under one supervisor, or the workers of the scaled form on their own."""
    alone = ["--workers", "0"] if scaled else []
    log = directory / "hub.log"
    with _running(root, log, environment, ["run", *alone]) as process:
        await _wait_ready(hub_url, process, log)
        if scaled is None:
            yield
            return
        words = ["worker", "--processes", str(scaled.processes)]
        with _running(root, directory / "workers.log", environment, words):
            yield


@contextmanager
def _running(root: Path, log: Path, environment: dict[str, str], words: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    with (
        log.open("wb") as output,
        subprocess.Popen(  # noqa: S603 - this program itself
            [*_PYTHON, "hub.cli", *words],
            cwd=root,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C reaches this process alone, which then ends the hub in order.
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


async def _wait_ready(hub_url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = asyncio.get_running_loop().time() + READY_SECONDS
    async with httpx.AsyncClient() as client:
        while asyncio.get_running_loop().time() < deadline and process.poll() is None:
            if await _is_ready(client, hub_url):
                return
            await asyncio.sleep(_LOOK_SECONDS)
    tail = await asyncio.to_thread(_tail, log)
    raise HubFailed(f"The hub did not start. The end of its log, {log}:\n{tail}")


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-20:])


async def _is_ready(client: httpx.AsyncClient, hub_url: str) -> bool:
    try:
        return (await client.get(f"{hub_url}/health/ready")).is_success
    except httpx.TransportError:
        return False


async def _command(root: Path, environment: Mapping[str, str], words: list[str]) -> str:
    process = await asyncio.create_subprocess_exec(
        *_PYTHON,
        "hub.cli",
        *words,
        cwd=root,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    text = output.decode(errors="replace").strip()
    if process.returncode:
        raise HubFailed(f"`crossdock {' '.join(words)}` ended with {process.returncode}: {text}")
    return text


def _free_port(wanted: int) -> int:
    """The wanted port, or any if it is taken (0: any)."""
    try:
        with socket.create_server(("127.0.0.1", wanted)) as server:
            port: int = server.getsockname()[1]
    except OSError:
        return _free_port(0)
    return port
