"""`crossdock schema`: what is shipped validates, and slips are found."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from hub.operations.schemas.files import kind_of, schema_kinds, schema_of, schema_text
from hub.source import Problems, parse, plain
from tests.cli.command import crossdock

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("config", "mappings", "pipelines")
SHIPPED = [
    path
    for folder in FOLDERS
    for path in sorted(file.relative_to(ROOT).as_posix() for file in (ROOT / folder).rglob("*.yaml"))
    if kind_of(path)
]


@cache
def validator(kind: str) -> Draft202012Validator:
    schema = schema_of(kind)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def wrong(kind: str, text: str | bytes) -> list[str]:
    """What the schema of a kind says is wrong with a file."""
    problems = Problems()
    node = parse(text, "file.yaml", problems)
    assert not problems.errors
    assert node is not None
    return [error.message for error in validator(kind).iter_errors(_json(plain(node)))]


def _json(tree: Any) -> Any:
    """As an editor sees it."""
    if isinstance(tree, dict):
        return {key: _json(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_json(value) for value in tree]
    return float(tree) if isinstance(tree, Decimal) else tree


@pytest.mark.parametrize("path", SHIPPED)
def test_every_shipped_file_validates_and_names_its_schema(path: str) -> None:
    content = (ROOT / path).read_bytes()
    assert wrong(str(kind_of(path)), content) == []
    named = re.match(rb"# yaml-language-server: \$schema=(\S+)\n", content)
    assert named, "its first line names no schema"
    schema = (ROOT / path).parent / named[1].decode()
    assert schema.resolve() == ROOT / f"docs/schema/{kind_of(path)}.json"


@pytest.mark.parametrize("kind", schema_kinds())
def test_the_shipped_schemas_are_up_to_date(kind: str) -> None:
    shipped = (ROOT / f"docs/schema/{kind}.json").read_text(encoding="utf-8")
    assert shipped == schema_text(kind), "run `crossdock schema --out docs/schema`"


def test_every_shipped_schema_is_of_a_kind() -> None:
    assert sorted(path.stem for path in (ROOT / "docs/schema").iterdir()) == schema_kinds()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("config/hub.yaml", "hub"),
        ("config/connections/a.yaml", "connection"),
        ("mappings/a.yaml", "mapping"),
        ("mappings/a/b/c.yaml", "mapping"),
        ("mappings/a/c.test.yaml", "mapping_test"),
        ("mappings/a/samples/c.yaml", None),
        ("pipelines/c.test.yaml", "pipeline_test"),
        ("config/crosswalks/a.csv", None),
        ("README.md", None),
    ],
)
def test_the_kind_of_a_file_is_told_by_its_path(path: str, kind: str | None) -> None:
    assert kind_of(path) == kind


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("hub", "workers: 0"),
        ("hub", "wokers: 4"),
        ("hub", "limits: {body: 20MiB, batch: many}"),
        ("connection", "{connection: a, type: http}"),
        ("connection", "{connection: a, type: http, url: 'https://a.example', shop: b}"),
        ("connection", "{connection: a, type: htp, url: 'https://a.example'}"),
        ("connection", "{connection: a, type: http, url: 'https://a.example', every: 30}"),
        ("environment", "hub: {wokers: 4}"),
        ("environment", "connection: {}"),
        ("fulfilment", "release: {after: shipped}"),
        ("mapping", "{mapping: a/b, from: a.b, to: Order, fields: {a: {$vlaue: source.a}}}"),
        ("mapping", "{mapping: a/b, from: a.b, to: Order, fields: {a: {b: {$optional: maybe}}}}"),
        ("mapping", "{mapping: a/b, extends: a/c, fields: {}, test: []}"),
        ("mapping", "{mapping: a/b, fields: {}, tests: [{name: a, input: {}, expect: {$parital: {}}}]}"),
        ("mapping_test", "{mapping: a/b, tests: [{name: a, inputs: {}, expect: {}}]}"),
        ("mapping_test", "{mapping: a/b, tests: [{name: a, input: {}, expect: {$error: {contain: x}}}]}"),
        ("pipeline", "{pipeline: a, from: {conection: b}}"),
        ("pipeline", "{pipeline: a, from: {document: Order}, tests: [{name: a, steps: [{wiat: 1h}]}]}"),
        ("pipeline_test", "{pipeline: a, tests: [{name: a, input: {}, expect: {deliverys: []}}]}"),
        ("story", "{story: a, title: b, counterparts: {}, steps: []}"),
    ],
)
def test_a_slip_is_found(kind: str, text: str) -> None:
    assert wrong(kind, text) != []


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("hub", "{workers: '${env:WORKERS:-2}', log: {level: '${env:LEVEL}'}, listen: '[::1]:8400'}"),
        ("connection", "{connection: a, type: http, url: '${env:URL}', idempotent: '${env:X}', every: 1.5h}"),
        ("environment", "{hub: {workers: null}, connections: {acme-shop: {retry: {attempts: 3}, url: x}}}"),
    ],
)
def test_references_units_and_nulls_are_taken(kind: str, text: str) -> None:
    assert wrong(kind, text) == []


def test_defaults_and_descriptions_are_those_of_the_files() -> None:
    properties = schema_of("connection")["properties"]
    assert properties["every"]["default"] == "30s"
    assert properties["every"]["description"].startswith("Time between two pulls, for connectors that pull")
    assert schema_of("hub")["properties"]["listen"]["default"] == "127.0.0.1:8400"


async def test_schemas_are_listed_shown_and_written(tmp_path: Path) -> None:
    assert (await crossdock("schema")).out.split() == schema_kinds()
    assert (await crossdock("schema", "hub")).json == schema_of("hub")
    ended = await crossdock("schema", "--out", str(tmp_path / "schemas"))
    assert len(ended.out.split()) == len(schema_kinds())
    assert json.loads((tmp_path / "schemas/pipeline.json").read_text()) == schema_of("pipeline")
    unknown = await crossdock("schema", "pipelin")
    assert unknown.status == 1
    assert "did you mean 'pipeline'" in unknown.err
