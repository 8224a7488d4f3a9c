"""Starts a sandbox as a child process and ends it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from hub.contract.errors import CrossdockError
from hub.runtime.sandbox.client import SandboxClient
from hub.runtime.sandbox.counterpart import Counterpart, Setup

START_SECONDS = 60.0
STOP_SECONDS = 10.0


class SandboxFailed(CrossdockError):
    """The sandbox's process could not start."""

    code = "sandbox_failed"


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running sandbox: its control URL, a client for it, its process, and where its counterparts are."""

    url: str
    client: SandboxClient
    pid: int
    endpoints: Mapping[str, Mapping[str, str]]


@asynccontextmanager
async def started(counterparts: Mapping[str, Counterpart], *, hub_url: str, directory: Path) -> AsyncIterator[Sandbox]:
    """A sandbox that runs while the block does. It ends with this process too, even a killed one.

    `hub_url` is where the hub takes webhooks; `directory` is room for the counterparts' files.
    SandboxFailed tells why it could not start.
    """
    setup = Setup(counterparts=dict(counterparts), hub_url=hub_url, directory=directory)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-P", "-m", "hub.runtime.sandbox"),  # -P: what lies in the current directory is not imported
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C reaches the parent alone, which then ends the child in order.
    )
    try:
        url = await _control_url(process, setup)
        async with SandboxClient(url) as client:
            yield Sandbox(url, client, process.pid, await client.counterparts())
    finally:
        await _stop(process)


async def _control_url(process: asyncio.subprocess.Process, setup: Setup) -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(setup.model_dump_json().encode() + b"\n")
    try:
        async with asyncio.timeout(START_SECONDS):
            line = await process.stdout.readline()
    except TimeoutError:
        raise SandboxFailed(f"The sandbox did not start within {START_SECONDS:g} s.") from None
    if not line:
        raise SandboxFailed("The sandbox's process ended while starting; its own output says why.")
    answer: dict[str, str] = json.loads(line)
    if "error" in answer:
        raise SandboxFailed(f"The sandbox cannot start: {answer['error']}")
    return answer["url"]


async def _stop(process: asyncio.subprocess.Process) -> None:
    """Close its input, which it takes as its end; kill it if it does not."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
