"""`crossdock config`, and `crossdock run --watch`: what is active, what differs, and what came of a change."""

from __future__ import annotations

import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.contract.clock import SystemClock
from hub.operations.configuration import checking, diffs
from hub.operations.configuration.activating import apply_directory
from hub.store import Store
from hub.store.schema import migrate
from tests.cli.command import crossdock
from tests.operations.shop import write_workspace
from tests.servers.held import free_port

MAPPING = "mappings/test/crm_order.yaml"
IN_TIME = 60.0


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A workspace, in the current directory, whose first version is active."""
    url = f"sqlite:///{tmp_path / 'hub.db'}"
    monkeypatch.setenv("TEST_DATABASE", url)
    monkeypatch.setenv("TEST_SECRET", "hush-hush")
    root = write_workspace(tmp_path / "workspace")
    monkeypatch.chdir(root)
    for module in (checking, diffs):  # the library takes half a second at each check, and no part in this
        monkeypatch.setattr(module, "standard_library", dict)
    store = Store(url)
    migrate(store)
    apply_directory(store, root, actor="ada", clock=SystemClock())
    yield root
    store.close()


def rename(root: Path) -> None:
    """A change of one file."""
    path = root / MAPPING
    path.write_text(path.read_text().replace("  number: source", "  order: source"))


async def test_a_version_is_applied_compared_and_taken_back(root: Path) -> None:
    [first] = (await crossdock("config", "versions", "--format", "json")).json["versions"]
    assert (first["active"], first["activations"][0]["actor"]) == (True, "ada")
    assert (await crossdock("config", "diff")).out == "Nothing differs.\n"
    rename(root)
    changed = (await crossdock("config", "diff")).out
    assert "-  number: source.number\n+  order: source.number\n" in changed
    applied = await crossdock("config", "apply")
    assert applied.status == 0
    assert f"is active instead of {first['version'][:12]}" in applied.out
    assert f"  {MAPPING}\n" in applied.out
    assert "is active already" in (await crossdock("config", "apply")).out
    assert (await crossdock("config", "diff", first["version"][:6], "active")).out == changed
    back = await crossdock("config", "rollback", first["version"][:6])
    assert back.out.startswith(f"{first['version'][:12]} is active")
    listed = (await crossdock("config", "versions")).out
    assert [line.split()[:2] for line in listed.splitlines() if "rollback" in line] == [
        [first["version"][:12], "active"]
    ]
    assert "No process is at work." in listed


async def test_the_files_of_a_version_are_shown(root: Path) -> None:
    shown = (await crossdock("config", "show")).out
    assert MAPPING in shown
    content = (root / MAPPING).read_text()
    rename(root)
    assert (await crossdock("config", "show", "active", MAPPING)).out == content
    told = (await crossdock("config", "show", "active", MAPPING, "--format", "json")).json
    assert (told["text"], told["size"]) == (content, len(content))
    wrong = await crossdock("config", "show", "abcdef012345")
    assert wrong.status == 1
    assert "There is no version" in wrong.err


async def test_another_directory_is_applied_to_the_hub_of_this_one(root: Path, tmp_path: Path) -> None:
    other = write_workspace(tmp_path / "other")
    rename(other)
    assert (await crossdock("config", "apply", str(other))).status == 0
    assert "order: source.number" in (await crossdock("config", "show", "active", MAPPING)).out
    (other / "pipelines/orders.yaml").write_text("pipeline: [")
    refused = await crossdock("config", "apply", str(other), "--workspace", str(root))
    assert refused.status == 4
    assert refused.err.startswith("pipelines/orders.yaml:")


def test_a_hub_that_watches_applies_what_is_saved_or_says_what_is_wrong(root: Path) -> None:
    settings = root / "config/hub.yaml"
    settings.write_text(f"{settings.read_text()}listen: 127.0.0.1:{free_port()}\n")
    command = [sys.executable, "-m", "hub.cli", "run", "--watch", "--workspace", str(root)]
    with subprocess.Popen(
        command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            said = lines_of(process)
            assert said.get(timeout=IN_TIME).startswith("Webhooks are taken")
            rename(root)
            assert said.get(timeout=IN_TIME).endswith(f" ({MAPPING})\n")
            (root / "pipelines/orders.yaml").write_text("pipeline: [\n")
            assert said.get(timeout=IN_TIME) == "refused: 1 problem\n"
            assert said.get(timeout=IN_TIME).startswith("pipelines/orders.yaml:")
            process.send_signal(signal.SIGTERM)
            assert process.wait(IN_TIME) == 0
        finally:
            process.kill()


def lines_of(process: subprocess.Popen[str]) -> queue.Queue[str]:
    """What a process says, line by line, as it is said."""
    said: queue.Queue[str] = queue.Queue()
    assert process.stdout is not None
    source = process.stdout
    threading.Thread(target=lambda: [said.put(line) for line in source], daemon=True).start()
    return said


async def test_what_came_of_a_change_is_one_json_document(root: Path) -> None:
    rename(root)
    told = (await crossdock("config", "apply", "--format", "json")).json
    assert (told["files"], told["restart"]) == ([MAPPING], [])
