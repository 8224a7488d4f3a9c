"""The mappings of Shopify, compiled, and what tests of them share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import hub.source
from connectors.formats.json import JsonFormat
from hub.contract.connector import Outbound
from hub.contract.documents import Order
from hub.mapping import Mapping, compile_mapping
from hub.source import Problems, parse

ROOT = Path(__file__).parents[2]
HEADER = {"source": "acme-shop", "source_id": "1"}


class Lookups:
    """Knows one order's number at the shop, and nothing else."""

    def crosswalk(self, table: str, key: str, **options: Any) -> str:
        raise AssertionError(f"no entry of {table} is wanted here")

    def xref(self, system: str, kind: str) -> str | None:
        return {("acme-shop", "id"): "912345678901234567"}.get((system, kind))

    def sequence(self, name: str) -> int:
        raise AssertionError(f"no number of {name} is wanted here")


def mapping(name: str) -> Mapping:
    path = ROOT / "mappings" / f"{name}.yaml"
    problems = Problems()
    node = parse(path.read_bytes(), str(path), problems)
    problems.raise_if_errors()
    assert isinstance(node, hub.source.Mapping)
    compiled = compile_mapping(node, problems)
    problems.raise_if_errors()
    assert compiled is not None
    return compiled


def decoded(tree: Any) -> Any:
    """A tree as the hub reads it from JSON: numbers exact."""
    [read] = JsonFormat().decode([tree if isinstance(tree, bytes) else json.dumps(tree).encode()])
    return read.data


def outbound(tree: Any, type_: str) -> Outbound:
    """The transmission of a payload."""
    return Outbound("t-1", "key-1", type_, "", "application/json", JsonFormat().encode(tree, type_))


ORDER = mapping("shopify/order")


def order_of(tree: Any) -> Order:
    fields = ORDER.run({"source": decoded(tree), "effect": "created"}, Lookups())
    return Order.model_validate({"header": HEADER, **fields})
