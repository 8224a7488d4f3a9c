"""The OpenAPI document, and the page that describes the API: each names every route."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest

from hub.api.application import PREFIX, document, make_api
from hub.api.desk import Desk
from hub.api.gauges import MEASURES
from hub.telemetry.metrics import REGISTRY
from tests.api.served import Api
from tests.operations.hub_process import Hub

PAGE = (Path(__file__).parents[2] / "docs/reference/api.md").read_text()
METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def said() -> dict[str, Any]:
    """The document."""
    return document(make_api(cast(Desk, None)))


def operations(said: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each operation with its method and path."""
    for path, item in said["paths"].items():
        assert set(item) <= METHODS
        for method, operation in item.items():
            yield method, path, operation


def test_every_operation_says_what_it_is(said: dict[str, Any]) -> None:
    found = list(operations(said))
    assert found
    for method, path, operation in found:
        assert operation["summary"], path
        assert not operation["summary"].endswith("."), path
        assert operation["description"].endswith("."), path
        assert set(re.findall(r"{(\w+)}", path)) == {
            one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"
        }
        assert {"4XX", "5XX"} < set(operation["responses"]), (method, path)
    ids = [operation["operationId"] for _, _, operation in found]
    assert len(ids) == len(set(ids))


def test_the_document_is_whole(said: dict[str, Any]) -> None:
    assert said["openapi"].startswith("3.1")
    assert said["security"] == [{"token": []}]
    assert said["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    schemas = said["components"]["schemas"]
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    assert set(_references(said)) == {f"#/components/schemas/{name}" for name in schemas}


def _references(part: Any) -> Iterator[str]:
    """Every reference that stands in a part of the document."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from _references(inner)


async def test_answers_are_as_the_document_says(busy_hub: Hub, api: Api) -> None:
    served = await api.get("/openapi.json")
    order = await api.get("/orders/%231001")
    failure = await api.refused("/orders/%239999", 404)
    for name, answer in (("Order", order), ("ProblemAnswer", {"error": failure})):
        schema = {"$ref": f"#/components/schemas/{name}", "components": served["components"]}
        jsonschema.Draft202012Validator(schema).validate(answer)


def test_every_route_is_on_the_page_and_no_other(said: dict[str, Any]) -> None:
    rows = re.findall(r"^\| `([A-Z]+) (/[^`?]*)", PAGE, flags=re.MULTILINE)
    assert sorted(rows) == sorted((method.upper(), path.removeprefix(PREFIX)) for method, path, _ in operations(said))


def test_every_query_parameter_is_on_the_page(said: dict[str, Any]) -> None:
    for method, path, operation in operations(said):
        [row] = re.findall(rf"^\| `{method.upper()} {re.escape(path.removeprefix(PREFIX))}`.*$", PAGE, re.MULTILINE)
        query = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
        assert {name for name in query if f"`{name}`" not in row} == set(), path


def test_every_metric_is_on_the_page_and_no_other() -> None:
    counted = {family.name: family.type for family in REGISTRY.collect()}
    counted |= {one.name: "counter" if one.counter else "gauge" for one in MEASURES}
    named = {name + ("_total" if kind == "counter" else ""): kind for name, kind in counted.items()}
    rows = dict(re.findall(r"^\| `(crossdock_\w+)` \| (\w+) \|", PAGE, flags=re.MULTILINE))
    assert rows == named
