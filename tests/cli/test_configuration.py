"""`check`, `test` and `run`: wrong configuration is told with its place, and never runs."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.cli.command import crossdock
from tests.operations.shop import write_workspace
from tests.servers.held import free_port

READY_SECONDS = 30.0
STOP_SECONDS = 40.0


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace, in the current directory, of which no hub was started yet."""
    monkeypatch.setenv("TEST_DATABASE", "sqlite:///var/hub.db")
    monkeypatch.setenv("TEST_SECRET", "hush-hush")
    monkeypatch.chdir(write_workspace(tmp_path))
    return tmp_path


def damage(root: Path) -> None:
    path = root / "pipelines" / "orders.yaml"
    path.write_text(path.read_text().replace("map: test/erp_order", "map: test/erp_ordr"))


async def test_what_is_right_is_said(root: Path) -> None:
    ended = await crossdock("check")
    assert (ended.status, ended.out) == (0, "Nothing is wrong.\n")


async def test_what_is_wrong_is_told_with_its_place(root: Path) -> None:
    damage(root)
    ended = await crossdock("check")
    assert ended.status == 1
    assert ended.out.startswith("pipelines/orders.yaml:8:")
    assert "test/erp_order" in ended.out
    [finding] = (await crossdock("check", "--format", "json")).json
    assert (finding["file"], finding["line"], finding["severity"]) == ("pipelines/orders.yaml", 8, "error")


async def test_github_is_told_by_workflow_commands(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damage(root)
    (root / "config" / "notes.yaml").write_text("a: 1\n")
    monkeypatch.chdir(root.parent)
    ended = await crossdock("check", "--workspace", str(root), "--format", "github")
    assert ended.status == 1
    warning, error = sorted(ended.out.splitlines(), reverse=True)
    assert warning.startswith(f"::warning file={root.name}/config/notes.yaml,line=1,col=1,title=unused-file::nothing")
    assert error.startswith(f"::error file={root.name}/pipelines/orders.yaml,line=8,col=20,title=unknown-mapping::")
    assert "did you mean 'test/erp_order'?" in error


async def test_a_warning_is_no_failure(root: Path) -> None:
    (root / "config" / "notes.yaml").write_text("a: 1\n")
    ended = await crossdock("check")
    assert ended.status == 0
    assert ended.out.startswith("warning: config/notes.yaml:1:1: unused-file:")
    assert (await crossdock("check", "--strict")).status == 1


async def test_a_directory_that_is_no_workspace_is_unreadable(tmp_path: Path) -> None:
    ended = await crossdock("check", "--workspace", str(tmp_path))
    assert ended.status == 3
    assert "no workspace" in ended.err


async def test_mappings_are_tested(root: Path) -> None:
    path = root / "mappings" / "test" / "crm_order.yaml"
    given = '{number: "#1", currency: EUR, buyer: {}, lines: [{line_id: "1", quantity: {value: "1"}}]}'
    path.write_text(
        f"{path.read_text()}tests:\n"
        f'  - {{name: right, input: {given}, expect: {{number: "#1"}}}}\n'
        f'  - {{name: wrong, input: {given}, expect: {{number: "#2"}}}}\n'
    )
    ended = await crossdock("test")
    assert ended.status == 1
    assert "mappings/test/crm_order.yaml:8: mapping test/crm_order: wrong" in ended.out
    assert "1 of 2 tests failed." in ended.out
    passed = await crossdock("test", "-k", "right")
    assert (passed.status, passed.out) == (0, "1 test passed.\n")
    none = await crossdock("test", "--keyword", "none")
    assert (none.status, none.err) == (2, "There is no test whose subject or name contains 'none'.\n")


async def test_a_hub_that_never_ran_has_nothing_to_look_at(root: Path) -> None:
    ended = await crossdock("orders", "list")
    assert ended.status == 4
    assert "crossdock run" in ended.err


async def test_an_environment_chooses_the_database(
    root: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path_factory.mktemp("other") / "hub.db"
    (root / "config/environments").mkdir()
    (root / "config/environments/staging.yaml").write_text(f"hub: {{database: 'sqlite:///{other}'}}\n")
    monkeypatch.setenv("CROSSDOCK_ENVIRONMENT", "staging")  # so that what the option sets is taken back
    assert str(other) in (await crossdock("orders", "list")).err
    assert str(other) not in (await crossdock("--environment", "test", "orders", "list")).err
    assert str(other) in (await crossdock("--environment", "staging", "orders", "list")).err
    wrong = await crossdock("--environment", "stagin", "orders", "list")
    assert (wrong.status, wrong.out) == (4, "")
    assert "did you mean 'staging'" in wrong.err


async def test_a_wrong_configuration_does_not_run(root: Path) -> None:
    damage(root)
    ended = await crossdock("run")
    assert ended.status == 4
    assert "pipelines/orders.yaml:8:" in ended.err
    assert not (root / "var").exists()


async def test_a_missing_variable_does_not_run(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_SECRET")
    ended = await crossdock("run")
    assert ended.status == 4
    assert "TEST_SECRET" in ended.err
    assert not (root / "var").exists()


def test_a_hub_runs_until_it_is_told_to_stop(root: Path) -> None:
    port = free_port()
    settings = root / "config" / "hub.yaml"
    settings.write_text(f"{settings.read_text()}listen: 127.0.0.1:{port}\n")
    command = [sys.executable, "-m", "hub.cli", "run", "--format", "json", "--workspace", str(root)]
    repository = Path(__file__).resolve().parents[2]
    with subprocess.Popen(command, cwd=repository, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            wait_ready(f"http://127.0.0.1:{port}/health/ready", process)
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=STOP_SECONDS)
        finally:
            process.kill()
    assert process.returncode == 0
    assert json.loads(out)["listens"] == f"http://127.0.0.1:{port}"


def wait_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                assert json.load(answer) == {"ready": True}
                return
        except OSError:  # refused, or not answered in time: it is starting
            time.sleep(0.05)
    pytest.fail("the hub did not become ready")
