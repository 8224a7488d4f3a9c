"""Writes what is expected anew into a file of tests, with everything else there left as it is, byte for byte.

Where an output has the shape of what was expected, only the values that differ are written;
elsewhere the smallest object or list around what differs is written whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from hub.mapping import compare
from hub.operations.yaml_text import block, flow
from hub.source import Location, Node, Problems, Sequence, parse, plain
from hub.source import Mapping as MappingNode
from hub.source.yaml import LOADER

_WIDTH: Final = 120
"""Columns that a value in braces may reach; what is wider is written in lines."""


class Unwritable(Exception):
    """A file cannot be written without changing something else. Says why, and `location`, of which expectation."""

    def __init__(self, reason: str, location: Location | None = None) -> None:
        super().__init__(reason)
        self.location = location


@dataclass(frozen=True, slots=True)
class _Place:
    """A value in the file: what it means, where its characters are, and how it stands there."""

    node: Node
    mark: yaml.Node
    indent: int
    """The column of the key or the dash that it belongs to."""
    in_flow: bool
    """Whether it is within braces or brackets."""
    in_list: bool
    """Whether it is an item of a list."""
    is_alias: bool = False
    """Whether it stands elsewhere, and here is only its name (`*name`)."""

    @property
    def start(self) -> int:
        """The number of its first character."""
        return int(self.mark.start_mark.index)

    @property
    def is_block(self) -> bool:
        """Whether it is an object or a list in lines."""
        return isinstance(self.mark, yaml.CollectionNode) and not self.mark.flow_style

    def children(self) -> dict[str | int, _Place]:
        """What is within an object or a list, by key or number."""
        if isinstance(self.node, MappingNode) and isinstance(self.mark, yaml.MappingNode):
            marks = {key.value: (key.start_mark.column, value) for key, value in self.mark.value}
            return {key: self._child(node, *marks[key]) for key, (_, node) in self.node.entries.items()}
        if isinstance(self.node, Sequence) and isinstance(self.mark, yaml.SequenceNode):
            column = self.mark.start_mark.column
            pairs = zip(self.node.items, self.mark.value, strict=True)
            return {number: self._child(node, column, mark) for number, (node, mark) in enumerate(pairs)}
        return {}

    def _child(self, node: Node, column: int, mark: yaml.Node) -> _Place:
        in_flow = self.in_flow or not self.is_block
        is_alias = mark.start_mark.index < self.start
        return _Place(node, mark, column, in_flow, isinstance(self.node, Sequence), is_alias)


@dataclass(frozen=True, slots=True)
class _Change:
    """Text that takes the place of what stands between two characters."""

    start: int
    end: int
    text: str


def with_expected(text: str, file: str, outputs: Mapping[Location, Any]) -> str:
    """The text of a file with other values where tests expect all of an output, by the places of those.

    Raises Unwritable where a value is shared by an anchor, or cannot be written for another reason.
    """
    tests = _tests(text, file)
    changes = [change for place in _places(tests, outputs) for change in _changes_at(place, outputs, text)]
    after = text
    for change in sorted(changes, key=lambda change: change.start, reverse=True):
        after = after[: change.start] + change.text + after[change.end :]
    _require_only(tests, after, file, outputs)
    return after


def _tests(text: str, file: str) -> _Place:
    """The whole file, seen both ways."""
    node = parse(text, file, Problems())
    try:
        mark = yaml.compose(text, Loader=LOADER) if node is not None else None
    except yaml.composer.ComposerError as error:
        raise Unwritable("two anchors (&) of the file have one name") from error
    if node is None or mark is None:
        raise Unwritable("the file is no YAML any more")
    return _Place(node, mark, 0, in_flow=False, in_list=False)


def _places(root: _Place, outputs: Mapping[Location, Any]) -> list[_Place]:
    """What tests expect, of those whose places are asked for."""
    tests = root.children()["tests"].children().values()
    found = [place for test in tests if (place := test.children()["expect"]).node.location in outputs]
    if {place.node.location for place in found} != outputs.keys():
        raise Unwritable("a test is not where it was")
    return found


def _changes_at(place: _Place, outputs: Mapping[Location, Any], text: str) -> list[_Change]:
    """The changes of all that one test expects."""
    location = place.node.location
    try:
        return list(_changes(place, outputs[location], text))
    except Unwritable as error:
        raise Unwritable(str(error), location) from error


def _changes(place: _Place, output: Any, text: str) -> Iterator[_Change]:
    if not compare(plain(place.node), output, partial=False):
        return
    if place.is_alias:
        raise Unwritable("it is written as an alias (*) of something above")
    if text[place.start : place.start + 1] == "&":
        raise Unwritable("it has an anchor (&), by which something else may share it")
    children = place.children()
    if children and _has_shape(output, list(children)):
        for key, child in children.items():
            yield from _changes(child, output[key], text)
    else:
        yield _whole(place, output, text)


def _has_shape(output: Any, keys: list[str | int]) -> bool:
    if isinstance(output, dict):
        return output.keys() == set(keys)
    return isinstance(output, list) and list(range(len(output))) == keys


def _whole(place: _Place, output: Any, text: str) -> _Change:
    """A value written anew: on one line where that is asked for or short, else in lines."""
    start, end, line = place.start, _end(place.mark, text), flow(output)
    is_short = not place.is_block and place.mark.start_mark.column + len(line) <= _WIDTH
    if place.in_flow or is_short or not (isinstance(output, dict | list) and output):
        before = len(text[:start].rstrip()) if place.is_block or start == end else start
        return _Change(before, end, f" {line}" if before < start or start == end else line)
    newline = "\r\n" if "\r\n" in text else "\n"
    if place.in_list:
        return _Change(start, end, f"{newline}{' ' * place.mark.start_mark.column}".join(block(output)))
    column = place.mark.start_mark.column if place.is_block else 0
    indent = " " * (column if column > place.indent else place.indent + 2)
    return _Change(len(text[:start].rstrip()), end, "".join(f"{newline}{indent}{line}" for line in block(output)))


def _end(mark: yaml.Node, text: str) -> int:
    """The number of the character behind a value; behind one in lines PyYAML counts what follows it as well."""
    if isinstance(mark, yaml.CollectionNode) and not mark.flow_style and mark.value:
        last = mark.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last, text)
    start, end = mark.start_mark.index, mark.end_mark.index
    return int(start + len(text[start:end].rstrip()))


def _require_only(before: _Place, text: str, file: str, outputs: Mapping[Location, Any]) -> None:
    """Whatever was made of the text: it must say the new values, and besides them what it said."""
    old, new = plain(before.node), plain(_tests(text, file).node)
    for number, test in before.children()["tests"].children().items():
        location = test.children()["expect"].node.location
        if location in outputs:
            old["tests"][number]["expect"] = None
            found, new["tests"][number]["expect"] = new["tests"][number]["expect"], None
            if compare(found, outputs[location], partial=False):
                raise Unwritable("it cannot be written in its place", location)
    if old != new:
        raise Unwritable("something else would change with it")
