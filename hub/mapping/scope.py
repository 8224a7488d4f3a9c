"""Scope: the names that a place of a running mapping knows, and what they stand for in the input."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from jinja2 import nodes

from hub.mapping.plan import Source
from hub.mapping.values import path_text


@dataclass(slots=True)
class Scope:
    """The values of names, and which path each stands for."""

    values: dict[str, Any]
    origins: dict[str, str] = field(default_factory=dict)

    def with_name(self, name: str, value: Any, origin: str) -> Scope:
        return Scope({**self.values, name: value}, {**self.origins, name: origin})


def origin_of(source: Source, scope: Scope) -> str | None:
    """The path in the input that an expression stands for, if it is nothing but a path."""
    return next(_paths(source.tree, scope), None)


def _paths(node: nodes.Node, scope: Scope) -> Iterator[str]:
    keys: list[str | int] = []
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        if isinstance(node, nodes.Getattr):
            keys.append(node.attr)
        elif isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str | int):
            keys.append(node.arg.value)
        else:
            return
        node = node.node
    if isinstance(node, nodes.Name):
        yield path_text(scope.origins.get(node.name, node.name), tuple(keys[::-1]))
