"""`crossdock init` and `crossdock new`: what they write works as it stands, and nothing is overwritten."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from hub.contract.documents import KINDS
from hub.contract.registry import connector_types
from tests.cli.command import crossdock
from tests.servers.held import free_port

REPOSITORY = Path(__file__).resolve().parents[2]
SECONDS = 40.0


@pytest.fixture
async def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new workspace, in the current directory."""
    monkeypatch.chdir(tmp_path)
    ended = await crossdock("init")
    assert ended.status == 0
    assert "config/hub.yaml" in ended.out
    return tmp_path


async def errors() -> list[str]:
    """What `crossdock check` says is wrong."""
    return [one["message"] for one in (await crossdock("check", "--format", "json")).json if one["severity"] == "error"]


async def test_a_new_workspace_has_nothing_wrong_and_its_tests_pass(root: Path) -> None:
    assert (await crossdock("check")).out == "Nothing is wrong.\n"
    assert (await crossdock("test")).out == "7 tests passed.\n"


async def test_a_directory_may_be_named_and_is_made(tmp_path: Path) -> None:
    ended = await crossdock("init", str(tmp_path / "shop" / "hub"), "--format", "json")
    assert str(tmp_path / "shop/hub/pipelines/orders.yaml") in ended.json
    assert (await crossdock("check", "--workspace", str(tmp_path / "shop/hub"))).status == 0


async def test_every_file_names_its_schema_which_is_there(root: Path) -> None:
    await crossdock("new", "connection", "acme", "--type", "http")
    await crossdock("new", "mapping", "acme/order", "--from", "acme.order", "--to", "Order")
    for path in [path for folder in ("config", "mappings", "pipelines") for path in (root / folder).rglob("*.yaml")]:
        first = path.read_text().splitlines()[0]
        assert first.startswith("# yaml-language-server: $schema=../"), path
        assert (path.parent / first.partition("=")[2]).resolve().parent == root / ".schemas"
        assert (path.parent / first.partition("=")[2]).is_file(), path


async def test_a_schema_that_is_missing_comes_with_the_file(root: Path) -> None:
    (root / ".schemas/mapping.json").unlink()
    (root / ".schemas/connection.json").write_text("{}")
    ended = await crossdock("new", "mapping", "acme/order", "--from", "acme.order", "--to", "Order")
    assert ended.out.split() == ["mappings/acme/order.yaml", ".schemas/mapping.json"]
    await crossdock("new", "connection", "acme", "--type", "http")
    assert (root / ".schemas/connection.json").read_text() == "{}"


async def test_nothing_is_overwritten(root: Path) -> None:
    (root / "README.md").write_text("mine")
    (root / "config/hub.yaml").unlink()
    ended = await crossdock("init")
    assert ended.status == 4
    assert "README.md" in ended.err
    assert (root / "README.md").read_text() == "mine"
    assert not (root / "config/hub.yaml").exists()
    assert (await crossdock("new", "connection", "app", "--type", "http")).status == 4


def test_an_order_goes_through_a_new_workspace(tmp_path: Path) -> None:
    port = free_port()
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-m", "hub.cli"]
    subprocess.run([*command, "init", str(tmp_path)], cwd=REPOSITORY, env=environment, check=True, capture_output=True)
    settings = tmp_path / "config/hub.yaml"
    settings.write_text(settings.read_text().replace("8400", str(port)))
    run = [*command, "run", "--workspace", str(tmp_path)]
    with subprocess.Popen(run, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            post(port, (tmp_path / "mappings/app/samples/order.json").read_bytes())
            wanted = '{"order":"1001","to":"Ada Brandt","articles":[{"sku":"MUG-BLUE","quantity":2}]}'
            assert arrived(tmp_path / "outbox/orders/1001.json") == wanted
        finally:
            process.terminate()


def post(port: int, body: bytes) -> None:
    """Send a webhook as soon as the hub listens."""
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/in/app", data=body, timeout=5) as answer:
                assert answer.status == 200
                return
        except OSError:
            assert time.monotonic() < deadline, "the hub does not listen"
            time.sleep(0.05)


def arrived(path: Path) -> str:
    """The text of a file, once it is there."""
    deadline = time.monotonic() + SECONDS
    while not path.is_file():
        assert time.monotonic() < deadline, f"{path} does not come"
        time.sleep(0.05)
    return path.read_text()


async def test_a_connection_of_every_type_is_right(root: Path) -> None:
    for type_name in connector_types():
        name = type_name.replace("_", "-")
        assert (await crossdock("new", "connection", name, "--type", type_name)).status == 0
        assert f"\ntype: {type_name}\n" in (root / f"config/connections/{name}.yaml").read_text()
    assert await errors() == []


async def test_a_connection_tells_each_key_and_refers_to_its_secrets(root: Path) -> None:
    await crossdock("new", "connection", "acme-shop", "--type", "shopify")
    text = (root / "config/connections/acme-shop.yaml").read_text()
    assert "api_token: ${env:ACME_SHOP_API_TOKEN}\n" in text
    assert "\n# The app's client secret, which signs its webhooks.\nwebhook_secret: " in text


async def test_a_connection_has_what_one_of_several_keys_must_say(root: Path) -> None:
    await crossdock("new", "connection", "acme", "--type", "files")
    text = (root / "config/connections/acme.yaml").read_text()
    assert "sftp:" in text
    assert "boxes:" in text


async def test_what_cannot_be_a_connection_is_said(root: Path) -> None:
    assert "did you mean 'shopify'" in (await crossdock("new", "connection", "a", "--type", "shopfy")).err
    assert (await crossdock("new", "connection", "A B", "--type", "http")).status == 2
    assert "--type" in (await crossdock("new", "connection", "a")).err


async def test_a_mapping_of_every_kind_passes_its_own_test(root: Path) -> None:
    for kind in KINDS:
        await crossdock("new", "mapping", f"acme/in_{kind.lower()}", "--from", "acme.thing", "--to", kind)
        await crossdock("new", "mapping", f"acme/out_{kind.lower()}", "--from", kind, "--to", "acme.thing")
    assert await errors() == []
    assert (await crossdock("test", "-k", "acme/")).out == f"{2 * len(KINDS)} tests passed.\n"


async def test_times_of_a_document_leave_as_text(root: Path) -> None:
    await crossdock("new", "mapping", "acme/parcel", "--from", "Shipment", "--to", "acme.parcel")
    sample = root / "parcel.json"
    sample.write_text('{"number": "1", "shipped_at": "2026-03-02T09:15:00Z"}')
    ended = await crossdock("map", str(sample), "--mapping", "acme/parcel")
    assert ended.json == {"number": "1", "shipped_at": "2026-03-02T09:15:00Z"}


async def test_a_mapping_lists_what_its_document_requires(root: Path) -> None:
    await crossdock("new", "mapping", "acme/order", "--from", "acme.order", "--to", "Order")
    text = (root / "mappings/acme/order.yaml").read_text()
    assert "  currency: source.currency\n" in text
    assert "    $each: source.lines as line\n    line_id: line.line_id\n" in text


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["acme/x", "--from", "acme.order", "--to", "Ordr"], "did you mean 'Order'"),
        (["acme/x", "--from", "acme.order", "--to", "erp.order"], "Neither acme.order nor erp.order"),
        (["acme/x", "--to", "Order"], "--from"),
        (["../x", "--from", "acme.order", "--to", "Order"], "is no name of a mapping"),
    ],
)
async def test_what_cannot_be_a_mapping_is_said(root: Path, words: list[str], told: str) -> None:
    ended = await crossdock("new", "mapping", *words)
    assert ended.status == 2
    assert told in ended.err


async def test_a_pipeline_takes_the_mappings_that_are_there(root: Path) -> None:
    for path in (root / "pipelines").iterdir():
        path.unlink()
    await crossdock("new", "pipeline", "orders", "--from", "app", "--type", "app.order", "--to", "warehouse")
    text = (root / "pipelines/orders.yaml").read_text()
    assert "- map: app/order\n" in text
    assert "{to: warehouse, map: app/warehouse_order}" in text
    assert await errors() == []
    assert "1 test passed." in (await crossdock("test", "-k", "pipeline orders")).out


async def test_a_pipeline_whose_sample_does_not_go_through_comes_without_a_test(root: Path) -> None:
    for path in (root / "pipelines").iterdir():
        path.unlink()
    mapping = root / "mappings/app/warehouse_order.yaml"
    mapping.write_text(mapping.read_text().replace("order: source.number", "order: source.po_number"))
    await crossdock("new", "pipeline", "orders", "--from", "app", "--type", "app.order", "--to", "warehouse")
    assert [path.name for path in (root / "pipelines").iterdir()] == ["orders.yaml"]


async def test_a_pipeline_without_a_mapping_says_how_to_begin_one(root: Path) -> None:
    ended = await crossdock("new", "pipeline", "p", "--from", "app", "--type", "app.parcel", "--to", "warehouse")
    assert ended.status == 2
    assert "crossdock new mapping NAME --from app.parcel" in ended.err
    unknown = await crossdock("new", "pipeline", "p", "--from", "ap", "--type", "app.order", "--to", "warehouse")
    assert "did you mean 'app'" in unknown.err


def test_a_new_connector_passes_the_contract_suite(tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "connectors", tmp_path / "connectors", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "hub").symlink_to(REPOSITORY / "hub")
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    words = ["new", "connector", "acme_dock", "--type", "tms", "--workspace", str(tmp_path)]

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", *command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    assert run("hub.cli", *words).returncode == 0
    tested = run("pytest", "-q", "-p", "no:cacheprovider", "tests/connectors/test_acme_dock.py")
    assert tested.returncode == 0, tested.stdout
    linted = run("ruff", "check", "--config", str(REPOSITORY / "pyproject.toml"), "connectors/tms/acme_dock")
    assert linted.returncode == 0, linted.stdout
    assert "already" in run("hub.cli", *words).stderr


async def test_a_connector_belongs_into_a_checkout(root: Path) -> None:
    ended = await crossdock("new", "connector", "acme_dock", "--type", "tms")
    assert ended.status == 4
    assert "no checkout" in ended.err
    assert (await crossdock("new", "connector", "Acme-Dock", "--type", "tms")).status == 2
