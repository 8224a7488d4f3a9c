"""`crossdock schema`: what is shipped validates, and slips are found."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from hub.operations.schemas import schema_kinds, schema_of
from hub.source import Problems, parse, plain
from tests.cli.command import crossdock

ROOT = Path(__file__).resolve().parents[2]
FILES = {
    "hub": "config/hub.yaml",
    "connection": "config/connections/*.yaml",
    "environment": "config/environments/*.yaml",
    "fulfilment": "config/fulfilment.yaml",
    "mapping": "mappings/*/*.yaml",
    "pipeline": "pipelines/**/*.yaml",
    "story": "config/stories/*.yaml",
}
SHIPPED = [
    (kind, path.relative_to(ROOT).as_posix())
    for kind, pattern in FILES.items()
    for path in sorted(ROOT.glob(pattern))
    if not path.name.endswith(".test.yaml")
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


@pytest.mark.parametrize(("kind", "path"), SHIPPED, ids=[path for _, path in SHIPPED])
def test_every_shipped_file_validates(kind: str, path: str) -> None:
    assert wrong(kind, (ROOT / path).read_bytes()) == []


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
        ("pipeline", "{pipeline: a, from: {conection: b}}"),
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
    assert properties["every"]["description"] == "Time between two pulls, for connectors that pull."
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
