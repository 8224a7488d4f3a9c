"""What can be told of a checked expression's syntax tree, and how large plain data is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from jinja2 import nodes

from hub.mapping.filters import find_filter

_N = TypeVar("_N", bound=nodes.Node)


def names_in(tree: nodes.Expr) -> frozenset[str]:
    """The names that an expression reads; those of functions are not among them."""
    called = {id(call.node) for call in _all(tree, nodes.Call)}
    return frozenset(name.name for name in _all(tree, nodes.Name) if id(name) not in called)


def passes_on(tree: nodes.Expr) -> bool:
    """Whether the value may be one that was read, as it is; made text counts where it is made."""
    if isinstance(tree, nodes.Filter):
        found = find_filter(tree.name)
        return found is None or found.passes_on
    kinds = (nodes.Name, nodes.Getattr, nodes.Getitem, nodes.And, nodes.Or, nodes.CondExpr, nodes.List, nodes.Dict)
    return isinstance(tree, (*kinds, nodes.Tuple))


def makes_lists(tree: nodes.Expr) -> bool:
    return any(_all(tree, (nodes.List, nodes.Tuple, nodes.Dict)))


def _all(tree: nodes.Expr, kind: type[_N] | tuple[type[_N], ...]) -> Iterator[_N]:
    """The nodes of some kinds in a tree, its root included."""
    if isinstance(tree, kind):
        yield tree
    yield from tree.find_all(kind)


def size_of(value: Any) -> int:
    """Characters and values of plain data."""
    if isinstance(value, dict):
        return sum(len(key) + size_of(item) for key, item in value.items()) + 1
    if isinstance(value, list):
        return sum(map(size_of, value)) + 1
    return len(value) if isinstance(value, str) else 1
