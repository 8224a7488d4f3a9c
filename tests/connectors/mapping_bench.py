"""The mappings shipped with Crossdock, run by themselves: compiled, with given look-ups, on canonical documents."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import hub.source
from connectors.formats.json import JsonFormat
from hub.contract.documents import KINDS
from hub.mapping import CrosswalkMissing, compile_mapping
from hub.mapping import Mapping as CompiledMapping
from hub.pipelines import tree_of
from hub.source import Problems, parse

MAPPINGS = Path(__file__).parents[2] / "mappings"
HEADER = {"source": "acme-shop", "source_id": "1"}


class Lookups:
    """What the mappings ask of the hub: code tables, numbers of the subject by system and kind, running numbers."""

    def __init__(
        self,
        crosswalks: Mapping[str, Mapping[str, str]] | None = None,
        numbers: Mapping[tuple[str, str], str] | None = None,
    ) -> None:
        self.crosswalks = crosswalks or {}
        self.numbers = numbers or {}
        self.taken = 0

    def crosswalk(self, table: str, key: str, **options: Any) -> str:
        if key not in self.crosswalks.get(table, {}):
            raise CrosswalkMissing(table, key)
        return self.crosswalks[table][key]

    def xref(self, system: str, kind: str) -> str | None:
        return self.numbers.get((system, kind))

    def sequence(self, name: str) -> int:
        self.taken += 1
        return self.taken


@cache
def compiled(name: str) -> CompiledMapping:
    path = MAPPINGS / f"{name}.yaml"
    problems = Problems()
    node = parse(path.read_bytes(), str(path), problems)
    problems.raise_if_errors()
    assert isinstance(node, hub.source.Mapping)
    mapping = compile_mapping(node, problems)
    problems.raise_if_errors()
    assert mapping is not None
    return mapping


def decoded(body: bytes) -> Any:
    """A tree as the hub reads it from JSON: numbers exact."""
    [read] = JsonFormat().decode([body])
    return read.data


def sample(name: str) -> Any:
    """The tree of a JSON sample: `shopify/order` is `mappings/shopify/samples/order.json`."""
    system, _, file = name.partition("/")
    return decoded((MAPPINGS / system / "samples" / f"{file}.json").read_bytes())


def document(kind: str, tree: Mapping[str, Any]) -> dict[str, Any]:
    """A canonical document as mappings read it: checked, with its model's defaults."""
    return tree_of(KINDS[kind].model_validate({"header": HEADER, **tree}))


def mapped(name: str, source: Any, lookups: Lookups | None = None, *, order: Any = None, target: str = "target") -> Any:
    """What a mapping makes of a payload, or of a canonical document given by its fields."""
    mapping = compiled(name)
    tree = document(mapping.source_type, source) if mapping.source_type in KINDS else source
    variables: dict[str, Any] = {"source": tree, "effect": "created", "target": target, "connection": "from"}
    if order is not None:
        variables["order"] = document("Order", order)
    made = mapping.run(variables, lookups or Lookups())
    if mapping.target_type in KINDS:
        KINDS[mapping.target_type].model_validate({"header": HEADER, **made})
    return made
