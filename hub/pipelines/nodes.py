"""Finding places in a YAML document by path."""

from __future__ import annotations

from hub.source import Location, Mapping, Node, Sequence


def find(node: Node | None, key: str) -> Node | None:
    """The value of a key; None if there is none, or no mapping."""
    return node.get(key) if isinstance(node, Mapping) else None


def descend(node: Node, *path: str | int) -> Node:
    """The node at a path, or the last one on the way that there is."""
    for part in path:
        inner: Node | None = None
        if isinstance(part, str):
            inner = find(node, part)
        elif isinstance(node, Sequence) and part < len(node.items):
            inner = node.items[part]
        if inner is None:
            break
        node = inner
    return node


def place(node: Node, *path: str | int) -> Location:
    """Where the value at a path stands, or the last one on the way that there is."""
    return descend(node, *path).location


def key_place(node: Node | None, key: str) -> Location | None:
    """Where a key stands."""
    entry = node.entries.get(key) if isinstance(node, Mapping) else None
    return entry[0] if entry else None
