"""A workspace, loaded: what it answers, and what stands between it and being used."""

# ruff: noqa: E501 - small files are written in one line

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract.errors import ConfigError
from hub.pipelines import Made
from hub.source import ConfigurationRefused
from hub.workspace import Workspace, load, version_of
from tests.workspace.shop_files import FILES

ENVIRON = {"SHOP_TOKEN": "t", "SHOP_SECRET": "s", "ERP_TOKEN": "e"}
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def workspace() -> Workspace:
    loaded = load(FILES, environ=ENVIRON)
    assert [str(problem) for problem in loaded.problems] == []
    assert loaded.workspace is not None
    return loaded.workspace


def test_a_workspace_answers_what_a_hub_asks(workspace: Workspace):
    assert workspace.version == version_of(FILES)
    assert workspace.settings.environment == "test"
    assert workspace.settings.database == "sqlite:///hub.db"
    assert sorted(workspace.connections) == ["erp", "shop"]
    assert workspace.connections["shop"].spec.system == "acme"
    assert sorted(workspace.mappings) == ["erp/order", "shop/order"]
    assert workspace.crosswalks["erp/items"].lookup("MUG") == "100-1"
    assert workspace.connector_config("erp").model_dump()["url"] == "https://erp.example/orders"


def test_a_payload_has_its_pipeline_and_a_document_its_routes(workspace: Workspace):
    pipeline = workspace.pipeline_for("shop", "shopify.order")
    assert pipeline is not None
    assert pipeline.name == "orders"
    assert workspace.pipeline_for("shop", "shopify.refund") is None
    assert workspace.pipeline_for("erp", "shopify.order") is None
    assert [route.name for route in workspace.routes_for(pipeline)] == ["orders/1", "everything/1"]


def test_an_order_goes_through(workspace: Workspace):
    pipeline = workspace.pipeline_for("shop", "shopify.order")
    assert pipeline is not None
    tree = {"id": 7, "updated_at": "1", "name": "#1", "currency": "USD"}
    tree["line_items"] = [{"id": 1, "sku": "MUG", "quantity": 2}]
    variables = pipeline.variables(tree, {})
    made = pipeline.make(variables, pipeline.identify(variables), NoLookups())
    assert isinstance(made, Made)
    assert made.document.header.source == "acme"
    seen = {"document": made.tree, "effect": "created", "connection": "shop", "origin": "shop"}
    wanted = [route.name for route in workspace.routes_for(pipeline) if route.wants(seen)]
    assert wanted == ["orders/1", "everything/1"]


class NoLookups:
    def crosswalk(self, table: str, key: str, **options: object) -> str:
        raise AssertionError

    def xref(self, system: str, kind: str) -> str | None:
        raise AssertionError

    def sequence(self, name: str) -> int:
        raise AssertionError


def test_an_unknown_connection_is_named_with_the_nearest(workspace: Workspace):
    with pytest.raises(ConfigError, match="There is no connection 'shp'; did you mean 'shop'"):
        workspace.connector_config("shp")


def test_secrets_are_resolved_when_they_are_asked_for_not_before():
    loaded = load(FILES, environ={"SHOP_TOKEN": "t"})
    assert loaded.workspace is not None
    with pytest.raises(ConfigurationRefused, match=r"config/connections/shop.yaml:6:17: unset-variable: .*SHOP_SECRET"):
        loaded.workspace.connector_config("shop")


def test_a_workspace_with_an_error_is_not_loaded_and_says_all_of_them():
    files = {
        **FILES,
        "config/hub.yaml": b"enviroment: test\n",
        "mappings/shop/order.yaml": b"mapping: shop/order\nfrom: shopify.order\nto: Order\nfields: {number: sorce.name}\n",
        "pipelines/orders.yaml": FILES["pipelines/orders.yaml"].replace(b"to: erp", b"to: epr"),
        "config/crosswalks/erp/items.csv": b"from,to\nA,\n",
    }
    loaded = load(files)
    assert loaded.workspace is None
    assert [f"{problem.location}: {problem.kind}" for problem in loaded.problems] == [
        "config/hub.yaml:1:1: unknown-key",
        "config/crosswalks/erp/items.csv:2:1: wrong-value",
        "mappings/shop/order.yaml:4:18: unknown-name",
        "pipelines/orders.yaml:8:10: unknown-connection",
    ]
    with pytest.raises(ConfigurationRefused, match="did you mean 'environment'"):
        loaded.problems.raise_if_errors()


def test_mappings_of_the_library_are_used_and_can_be_replaced():
    library = {
        "mappings/erp/order.yaml": b"mapping: erp/order\nfrom: Order\nto: erp.order\nfields: {theirs: {$const: true}}\n",
        "mappings/erp/other.yaml": b"mapping: erp/other\nfrom: Order\nto: erp.order\nfields: {theirs: {$const: true}}\n",
    }
    workspace = load(FILES, library=library).workspace
    assert workspace is not None
    assert sorted(workspace.mappings) == ["erp/order", "erp/other", "shop/order"]
    assert workspace.mappings["erp/order"].tests
    without = {path: content for path, content in FILES.items() if path != "mappings/erp/order.yaml"}
    below = load(without, library=library).workspace
    assert below is not None
    assert not below.mappings["erp/order"].tests


def test_a_kept_version_is_the_same_without_the_library():
    library = {"mappings/a.yaml": b"mapping: a\nfrom: Order\nto: x\nfields: {a: source.number}\n"}
    first = load(FILES, library=library).workspace
    assert first is not None
    again = load(first.files).workspace
    assert again is not None
    assert again.version == first.version
    assert "a" in again.mappings


def test_an_empty_workspace_is_one():
    loaded = load({})
    assert loaded.workspace is not None
    assert loaded.workspace.settings.environment == "development"


@pytest.mark.parametrize(
    ("path", "suggestion"),
    [
        ("config/hub.yml", "name it config/hub.yaml"),
        ("config/hubs.yaml", "did you mean 'config/hub.yaml'?"),
        ("config/connection/shop.yaml", "did you mean 'config/connections/shop.yaml'?"),
        ("config/connections/eu/shop.yaml", "did you mean 'config/connections/shop.yaml'?"),
        ("config/crosswalk/items.csv", "did you mean 'config/crosswalks/items.csv'?"),
        ("pipelines/orders.yml", "name it pipelines/orders.yaml"),
    ],
)
def test_a_file_that_nothing_reads_is_a_warning(path: str, suggestion: str):
    loaded = load({**FILES, path: b"a: 1\n"})
    assert loaded.workspace is not None
    assert [(problem.kind, str(problem.location), problem.suggestion) for problem in loaded.problems] == [
        ("unused-file", f"{path}:1:1", suggestion)
    ]


def test_samples_and_stories_are_no_configuration():
    files = {"mappings/shop/samples/x.yaml": b": no yaml", "config/stories/demo.yaml": b": no yaml"}
    assert list(load({**FILES, **files}).problems) == []


def test_loading_imports_no_connector():
    script = (
        "import sys; sys.path.insert(0, '.'); from tests.workspace.shop_files import FILES; "
        "from hub.workspace import load; assert load(FILES).workspace; "
        "print([name for name in sys.modules if name.startswith('connectors.') and name.endswith('.connector')])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


PATHS = sorted(FILES)


@given(st.sampled_from(PATHS), st.binary(max_size=30), st.integers(0, 400), st.integers(0, 20))
def test_a_garbled_workspace_is_loaded_or_refused_but_never_a_crash(path: str, noise: bytes, at: int, cut: int):
    content = FILES[path]
    loaded = load({**FILES, path: content[:at] + noise + content[at + cut :]})
    assert loaded.workspace is not None or loaded.problems.errors
    assert all(problem.location.file in FILES for problem in loaded.problems)
