"""A workspace is found from where one stands, and its database is opened or its absence told."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.contract.errors import ConfigError
from hub.operations.access import active_workspace, find_root, open_store
from hub.operations.configuration.checking import check_workspace, startable_workspace
from hub.operations.connectors import list_connectors
from hub.operations.testing import run_workspace_tests
from hub.source import ConfigurationRefused
from hub.store import Store
from hub.store.schema import migrate
from tests.operations.hub_process import Hub
from tests.operations.shop import write_workspace


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TEST_DATABASE", "sqlite:///var/hub.db")
    monkeypatch.setenv("TEST_SECRET", "hush-hush")
    return write_workspace(tmp_path)


def test_a_workspace_is_the_nearest_above(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below = root / "mappings" / "test"
    monkeypatch.chdir(below)
    assert find_root() == root.resolve()
    assert find_root(below) == below.resolve(), "one that is named is taken as it is"
    with pytest.raises(ConfigError, match="no directory"):
        find_root(root / "nowhere")


def test_no_workspace_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    with pytest.raises(ConfigError, match="--workspace"):
        find_root()


def test_a_database_that_is_not_there_is_told(root: Path) -> None:
    with pytest.raises(ConfigError, match="crossdock run"):
        open_store(root)
    assert not (root / "var").exists(), "looking makes nothing"


def test_a_database_of_another_version_is_told(root: Path) -> None:
    (root / "var").mkdir()
    (root / "var" / "hub.db").touch()
    with pytest.raises(ConfigError, match="schema none"):
        open_store(root)


def test_a_database_that_is_none_is_told(root: Path) -> None:
    (root / "var").mkdir()
    (root / "var" / "hub.db").write_bytes(b"certainly not SQLite" * 100)
    with pytest.raises(ConfigError, match="does not answer"):
        open_store(root)


def test_a_server_that_is_away_is_told_without_its_password(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_DATABASE", "postgresql+psycopg://ada:secret@127.0.0.1:9/orders")
    with pytest.raises(ConfigError, match="does not answer") as refused:
        open_store(root)
    assert "secret" not in refused.value.message


def test_the_past_can_be_looked_at_while_the_configuration_is_broken(root: Path) -> None:
    (root / "var").mkdir()
    migrate(Store(f"sqlite:///{root}/var/hub.db"))
    (root / "pipelines" / "orders.yaml").write_text("pipeline: [")
    open_store(root).close()


def test_settings_that_are_wrong_are_told_with_their_place(root: Path) -> None:
    (root / "config" / "hub.yaml").write_text("database: sqlite:///x.db\nworkers: many\n")
    with pytest.raises(ConfigurationRefused, match=r"config/hub\.yaml:2"):
        open_store(root)


def test_a_database_without_configuration_is_told(root: Path) -> None:
    store = Store(f"sqlite:///{root}/hub.db")
    migrate(store)
    with pytest.raises(ConfigError, match="no configuration"):
        active_workspace(store)
    store.close()


async def test_the_active_configuration_is_what_the_hub_runs(hub: Hub) -> None:
    assert active_workspace(hub.store).version == hub.workspace.version


def test_findings_have_their_place(root: Path) -> None:
    assert check_workspace(root) == []
    path = root / "pipelines" / "orders.yaml"
    path.write_text(path.read_text().replace("map: test/erp_order", "map: test/erp_ordr"))
    [finding] = check_workspace(root)
    assert (finding.file, finding.line, finding.severity) == ("pipelines/orders.yaml", 8, "error")
    assert "test/erp_order" in finding.suggestion


def test_mappings_are_tested(root: Path) -> None:
    path = root / "mappings" / "test" / "crm_order.yaml"
    tests = """\
tests:
  - name: right
    input: {number: "#1", currency: EUR, buyer: {}, lines: [{line_id: "1", quantity: {value: "1"}}]}
    expect: {number: "#1"}
  - name: wrong
    input: {number: "#1", currency: EUR, buyer: {}, lines: [{line_id: "1", quantity: {value: "1"}}]}
    expect: {number: "#2"}
"""
    path.write_text(path.read_text() + tests)
    right, wrong = run_workspace_tests(root).tests
    assert (right.passed, wrong.passed) == (True, False)
    assert wrong.file == "mappings/test/crm_order.yaml"
    assert wrong.differences
    assert [one.name for one in run_workspace_tests(root, "wrong").tests] == ["wrong"]


def test_a_wrong_test_stops_no_hub(root: Path) -> None:
    (root / "pipelines" / "orders.test.yaml").write_text("tests: 7\n")
    assert [finding for finding in check_workspace(root) if finding.severity == "error"]
    assert startable_workspace(root)


def test_a_hub_is_not_started_with_what_does_not_resolve(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert startable_workspace(root).connections.keys() == {"shop", "erp", "crm"}
    monkeypatch.delenv("TEST_SECRET")
    with pytest.raises(ConfigurationRefused, match="TEST_SECRET"):
        startable_workspace(root)


def test_a_hub_is_not_started_with_keys_that_a_connector_does_not_know(root: Path) -> None:
    path = root / "config" / "connections" / "erp.yaml"
    path.write_text(path.read_text() + "metod: POST\n")
    with pytest.raises(ConfigurationRefused, match=r"erp\.yaml:6:1: unknown-key"):
        startable_workspace(root)


def test_connectors_say_what_they_are() -> None:
    found = {one.type: one for one in list_connectors()}
    assert found["shopify"].family == "storefront"
    assert "shopify.order" in found["shopify"].emits
    assert found["http"].accepts == ["*"]
