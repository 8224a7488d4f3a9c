"""The sandbox's process over its real sockets, with a simulator of another distribution."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from hub.contract.registry import connector_types
from hub.runtime.sandbox import Counterpart, Sandbox, SandboxFailed, SandboxRefused, started
from tests.contract.installed import environment, install

HUB = "http://127.0.0.1:9"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where Acme Dock's connector is installed, for processes started from here."""
    install(tmp_path / "site")
    monkeypatch.setenv("PYTHONPATH", environment(tmp_path / "site")["PYTHONPATH"])
    return tmp_path / "site"


@pytest.fixture
async def sandbox(site: Path, tmp_path: Path) -> AsyncIterator[Sandbox]:
    """A sandbox with two docks."""
    docks = {name: Counterpart(simulator="acme", settings={"name": name}) for name in ("dock-a", "dock.b")}
    async with started(docks, hub_url=HUB, directory=tmp_path / "room") as running:
        yield running


def runs(pid: int) -> bool:
    """Whether there is such a process and it is no zombie that nobody reaped yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def gone(pid: int) -> bool:
    """Whether a process ends within some seconds."""
    for _ in range(400):
        if not runs(pid):
            return True
        await asyncio.sleep(0.02)
    return False


async def test_counterparts_act_and_are_looked_at(sandbox: Sandbox, tmp_path: Path) -> None:
    assert set(sandbox.endpoints) == {"dock-a", "dock.b"}
    assert sandbox.endpoints["dock-a"]["url"].startswith("http://127.0.0.1:")
    assert await sandbox.client.act("dock-a", "print_label", {"parcel": "Ä/1"}) == {"id": 1, "parcel": "Ä/1"}
    state = await sandbox.client.state("dock-a")
    assert (state["labels"], state["settings"]) == ([{"id": 1, "parcel": "Ä/1"}], {"name": "dock-a"})
    assert (await sandbox.client.state("dock.b"))["labels"] == []
    assert (tmp_path / "room" / "dock.b").is_dir()


async def test_a_fault_befalls_the_next_answers_only(sandbox: Sandbox) -> None:
    await sandbox.client.misbehave("dock-a", "error_503", times=2)
    async with httpx.AsyncClient(trust_env=False) as http:
        url = sandbox.endpoints["dock-a"]["url"] + "/labels?after=0"
        assert [(await http.get(url)).status_code for _ in range(3)] == [503, 503, 200]


async def test_what_is_refused_is_told_in_the_simulators_words(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxRefused, match=r"no action 'print'; known are crash, print_label"):
        await sandbox.client.act("dock-a", "print", {})
    with pytest.raises(SandboxRefused, match="no fault 'rain'; known are apply_and_close"):
        await sandbox.client.misbehave("dock-a", "rain")
    with pytest.raises(
        SandboxRefused, match=r"no counterpart 'dock-c'; did you mean 'dock.a'\?; there are dock-a, dock\.b"
    ):
        await sandbox.client.state("dock-c")
    with pytest.raises(SandboxRefused, match=r"times: .* greater than or equal to 1"):
        await sandbox.client.misbehave("dock-a", "error_503", times=0)


async def test_a_simulator_that_crashes_is_reported_and_goes_on(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxRefused, match="simulator failed: RuntimeError: printer on fire"):
        await sandbox.client.act("dock-a", "crash", {})
    assert (await sandbox.client.state("dock-a"))["labels"] == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"action": 1}', b'{"action": "x", "more": 1}', b"\xff"])
async def test_a_body_that_is_none_is_refused_with_a_message(sandbox: Sandbox, body: bytes) -> None:
    async with httpx.AsyncClient(base_url=sandbox.url, trust_env=False) as http:
        answer = await http.post("/counterparts/dock-a/act", content=body)
    assert answer.status_code == 400
    assert answer.json()["message"]


async def test_it_ends_with_its_block(site: Path, tmp_path: Path) -> None:
    dock = {"dock": Counterpart(simulator="acme")}
    async with started(dock, hub_url=HUB, directory=tmp_path / "room") as running:
        client = running.client
    assert await gone(running.pid)
    with pytest.raises((SandboxRefused, RuntimeError)):
        await client.state("dock")


async def test_a_dead_sandbox_is_named(sandbox: Sandbox) -> None:
    os.kill(sandbox.pid, signal.SIGKILL)
    assert await gone(sandbox.pid)
    with pytest.raises(SandboxRefused, match="Does it still run"):
        await sandbox.client.state("dock-a")


async def test_an_unknown_simulator_stops_it_from_starting(site: Path, tmp_path: Path) -> None:
    with pytest.raises(SandboxFailed, match=r"cannot start: There is no connector 'acm'; did you mean 'acme'\?"):
        async with started({"dock": Counterpart(simulator="acm")}, hub_url=HUB, directory=tmp_path):
            pass


async def test_every_connectors_simulator_runs_in_one_sandbox(tmp_path: Path) -> None:
    counterparts = {name: Counterpart(simulator=name) for name in connector_types()}
    async with started(counterparts, hub_url=HUB, directory=tmp_path) as running:
        assert set(running.endpoints) == set(counterparts)
        for name in counterparts:
            await running.client.state(name)


@pytest.mark.parametrize("line", [b"", b"{}", b"nonsense\n", b'{"counterparts": {"../x": {"simulator": "acme"}}}\n'])
def test_a_setup_that_is_none_is_refused(line: bytes) -> None:
    command = [sys.executable, "-m", "hub.runtime.sandbox"]
    done = subprocess.run(command, input=line, capture_output=True, check=False, timeout=30)
    assert done.returncode == 2
    assert "validation error" in json.loads(done.stdout)["error"]


def spawn(site: Path, room: Path) -> subprocess.Popen[str]:
    """A sandbox as the shell starts one, its control URL already read."""
    setup = {"counterparts": {"dock": {"simulator": "acme"}}, "hub_url": HUB, "directory": str(room)}
    command = [sys.executable, "-m", "hub.runtime.sandbox"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(site))
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(setup) + "\n")
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["url"].startswith("http://127.0.0.1:")
    return process


def test_it_ends_in_order_on_sigterm(site: Path, tmp_path: Path) -> None:
    with spawn(site, tmp_path / "room") as process:
        process.terminate()
        assert process.wait(timeout=10) == 0


def test_it_ends_when_nobody_holds_its_input(site: Path, tmp_path: Path) -> None:
    with spawn(site, tmp_path / "room") as process:
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=10) == 0


async def test_it_does_not_outlive_a_killed_parent(site: Path, tmp_path: Path) -> None:
    program = f"""
import asyncio, pathlib
from hub.contract.registry import connector_types
from hub.runtime.sandbox import Counterpart, started
async def main():
    docks = {{"dock": Counterpart(simulator="acme")}}
    async with started(docks, hub_url="{HUB}", directory=pathlib.Path({str(tmp_path)!r})) as running:
        print(running.pid, flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program), stdout=subprocess.PIPE, env=environment(site)
    )
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    assert runs(child)
    parent.kill()
    await parent.wait()
    assert await gone(child)
