"""Nodes: a YAML document with the place of every key and value."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.source.location import Location

ScalarValue = None | bool | int | Decimal | str


@dataclass(eq=False, slots=True)
class Node:
    """Base of the three kinds of node."""

    location: Location


@dataclass(eq=False, slots=True)
class Scalar(Node):
    """A single value: `text` as it stands in the file, `value` as the core schema reads it.

    `plain` is whether it stands there without quotes.
    """

    value: ScalarValue
    text: str
    plain: bool


@dataclass(eq=False, slots=True)
class Sequence(Node):
    """A list."""

    items: list[Node]


@dataclass(eq=False, slots=True)
class Mapping(Node):
    """Keys and values in the order of the file; each key with its own place."""

    entries: dict[str, tuple[Location, Node]]

    def get(self, key: str) -> Node | None:
        """The value of a key, or None if there is no such key."""
        entry = self.entries.get(key)
        return entry[1] if entry else None


def plain(node: Node) -> Any:
    """The ordinary Python data of a node: dict, list, str, int, Decimal, bool, None."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    if isinstance(node, Mapping):
        return {key: plain(value) for key, (_, value) in node.entries.items()}
    raise TypeError(f"{node!r} is no node")
