"""What can be told of a checked expression's syntax tree, and how large plain data is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from jinja2 import nodes

from hub.mapping.filters import find_filter


def inside(node: nodes.Node) -> Iterable[nodes.Node]:
    """What is inside a node, but not the name of a called function."""
    if isinstance(node, nodes.Name | nodes.Const):
        return ()
    if isinstance(node, nodes.Getattr):
        return (node.node,)
    return [*node.args, *node.kwargs] if isinstance(node, nodes.Call) else node.iter_child_nodes()


def passes_on(tree: nodes.Expr) -> bool:
    """Whether the value may be one that was read, as it is; made text counts where it is made."""
    if isinstance(tree, nodes.Filter):
        found = find_filter(tree.name)
        return found is None or found.passes_on
    kinds = (nodes.Name, nodes.Getattr, nodes.Getitem, nodes.And, nodes.Or, nodes.CondExpr, nodes.List, nodes.Dict)
    return isinstance(tree, (*kinds, nodes.Tuple))


def makes_lists(tree: nodes.Expr) -> bool:
    return any(isinstance(node, nodes.List | nodes.Tuple | nodes.Dict) for node in _all(tree))


def _all(tree: nodes.Node) -> Iterator[nodes.Node]:
    """The nodes of a tree, its root included."""
    left = [tree]
    while left:
        node = left.pop()
        yield node
        left.extend(inside(node))


def size_of(value: Any) -> int:
    """Characters and values of plain data."""
    if isinstance(value, dict):
        return sum(len(key) + size_of(item) for key, item in value.items()) + 1
    if isinstance(value, list):
        return sum(map(size_of, value)) + 1
    return len(value) if isinstance(value, str) else 1
