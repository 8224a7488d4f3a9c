"""A tree to the segments of one transaction set, in the order of its map.

The tree is one as `reader` makes it. None, "" and what holds nothing else are absent; a single segment
or loop may stand where a list of them is due. Of an HL its HL03 is enough: HL01, HL02 and HL04 are
given where they are left out. What is written is checked like what is read, so that it reads back as
it was; all faults are named at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from connectors.formats.x12 import levels
from connectors.formats.x12.elements import is_absent, read_elements
from connectors.formats.x12.levels import Numbering
from connectors.formats.x12.nodes import ElementNode, LoopNode, SegmentNode, SetNode, times
from connectors.formats.x12.segments import Element, Repeated, Segment
from connectors.formats.x12.sets import load_set
from connectors.formats.x12.values import Unwritable, spell
from hub.contract.errors import RejectedMessage
from hub.contract.registry import nearest

MOST_NAMED: Final = 20
"""How many faults a message names."""

_Item = tuple[str, Mapping[str, Any]]
"""One segment or loop of the tree, with its path."""


def write_set(tree: Any, version: str, transaction: str) -> list[Segment]:
    """The segments of a set, without ST and SE; `number` is the place in the set, the ST being 1.

    Raises UnknownSet, and RejectedMessage that names each place (`PO1_loop[2].PO1.PO103`) and what
    would be right; the first in a list is [1].
    """
    node = load_set(transaction, version)
    if not isinstance(tree, Mapping):
        raise RejectedMessage(f"The {transaction} cannot be written: it must be a dict of segments and loops.")
    writing = _Writing()
    writing.loop(node.body, tree, "")
    if writing.faults:
        _refuse(node, writing.faults)
    return [Segment(name, elements, number, 0) for number, (name, elements) in enumerate(writing.segments, start=2)]


def _refuse(node: SetNode, faults: list[tuple[str, str]]) -> NoReturn:
    named = " ".join(
        f"{path} {text}" if text.endswith("?") else f"{path} {text}." for path, text in faults[:MOST_NAMED]
    )
    more = f" And {len(faults) - MOST_NAMED} more." if len(faults) > MOST_NAMED else ""
    raise RejectedMessage(
        f"The {node.transaction} cannot be written: {named}{more}",
        set=node.transaction,
        version=node.version,
        places=[path for path, _ in faults[:MOST_NAMED]],
    )


@dataclass(slots=True)
class _Writing:
    """What was written so far, and the faults so far as (path, text)."""

    segments: list[tuple[str, tuple[Element, ...]]] = field(default_factory=list)
    faults: list[tuple[str, str]] = field(default_factory=list)
    numbering: Numbering = field(default_factory=Numbering)

    def loop(self, node: LoopNode, data: Mapping[str, Any], path: str) -> None:
        """Write what is in a loop: its children in their order, each with its part of the tree."""
        self._refuse_unknown(node, data, path)
        items = {key: list(self._items(data.get(key), _join(path, key))) for key in node.keys}
        for child in node.children:
            mine = _share(node, child, items[child.key])
            self._check_count(child, mine, _join(path, child.key))
            if isinstance(child, LoopNode) and child.trigger == levels.HL:
                self._levels(child, mine, None)
            else:
                self._children(child, mine)

    def _children(self, node: SegmentNode | LoopNode, items: list[_Item]) -> None:
        for path, item in items:
            if isinstance(node, LoopNode):
                self.loop(node, item, path)
            else:
                self._segment(node, item, path)

    def _levels(self, node: LoopNode, items: list[_Item], parent: str | None) -> None:
        """Write HL loops, each followed by those nested in it."""
        for path, item in items:
            children = list(self._items(item.get(levels.KEY), _join(path, levels.KEY)))
            own = {key: value for key, value in item.items() if key != levels.KEY}
            given = item.get(levels.HL)
            if isinstance(given, Mapping):
                own[levels.HL], faults = self.numbering.number(given, parent, bool(children))
                self.faults += [(_join(path, f"{levels.HL}.{key}"), text) for key, text in faults]
            self.loop(node, own, path)
            number = own[levels.HL]["HL01"] if isinstance(given, Mapping) else ""
            self._levels(node, children, str(number))

    def _segment(self, node: SegmentNode, values: Mapping[str, Any], path: str) -> None:
        known = {child.ref for child in node.elements}
        for key in values:
            if key not in known:
                self.faults.append((_join(path, key), f"is no element of {node.id}{nearest(key, known)}"))
        spelling = _Spelling(path)
        elements = [spelling.element(child, values.get(child.ref)) for child in node.elements]
        while elements and is_absent(elements[-1]):
            elements.pop()
        self.faults += spelling.faults
        misspelt = {spelt_path for spelt_path, _ in spelling.faults}
        for fault in read_elements(node, elements)[1]:
            place = _join(path, node.elements[fault.place - 1].ref)
            place = place if fault.component is None else _join(place, fault.ref)
            if place not in misspelt:
                self.faults.append((place, _said(fault.number, fault.text)))
        self.segments.append((node.id, tuple(elements)))

    def _items(self, value: Any, path: str) -> Iterator[_Item]:
        """The segments or loops under one key that are not absent."""
        many = isinstance(value, list)
        for number, item in enumerate(value if many else [value], start=1):
            place = f"{path}[{number}]" if many else path
            if _is_nothing(item):
                continue
            if isinstance(item, Mapping):
                yield place, item
            else:
                self.faults.append((place, f"must be a dict of what it holds, not {item!r}"))

    def _check_count(self, node: SegmentNode | LoopNode, items: list[_Item], path: str) -> None:
        if not items and node.mandatory:
            self.faults.append((path, "is missing though it is mandatory"))
        if len(items) > node.most:
            self.faults.append((path, f"may occur {times(node.most)}, not {times(len(items))}"))

    def _refuse_unknown(self, node: LoopNode, data: Mapping[str, Any], path: str) -> None:
        for key in data:
            if key not in node.keys:
                where = f"the loop {node.key}" if node.trigger else "the set"
                self.faults.append((_join(path, key), f"has no place in {where}{nearest(key, node.keys)}"))


@dataclass(slots=True)
class _Spelling:
    """The elements of one segment as texts; what has no text is a fault as (path, text)."""

    path: str
    faults: list[tuple[str, str]] = field(default_factory=list)

    def element(self, node: ElementNode, value: Any) -> Element:
        path = _join(self.path, node.ref)
        if not isinstance(value, list):
            return self._once(node, value, path)
        if node.repeat == 1 and len(value) > 1:
            self.faults.append((path, f"may occur once, not {times(len(value))}"))
            return ""
        items = tuple(self._once(node, item, path) for item in value if not _is_nothing(item))
        return Repeated(items) if len(items) > 1 else (items or ("",))[0]

    def _once(self, node: ElementNode, value: Any, path: str) -> str | tuple[str, ...]:
        if not node.components:
            return self._simple(node, value, path)
        if _is_nothing(value):
            return ""
        if not isinstance(value, Mapping):
            self.faults.append((path, f"must be a dict of its components, not {value!r}"))
            return ""
        return self._composite(node, value, path)

    def _composite(self, node: ElementNode, value: Mapping[str, Any], path: str) -> tuple[str, ...]:
        known = {child.ref for child in node.components}
        for key in value:
            if key not in known:
                self.faults.append((_join(path, key), f"is no component of {node.ref}{nearest(key, known)}"))
        components = [self._simple(child, value.get(child.ref), _join(path, child.ref)) for child in node.components]
        while components and not components[-1]:
            components.pop()
        return tuple(components)

    def _simple(self, node: ElementNode, value: Any, path: str) -> str:
        try:
            return spell(node, value)
        except Unwritable as why:
            self.faults.append((path, _said(node.number, str(why))))
            return ""


def _share(node: LoopNode, child: SegmentNode | LoopNode, items: list[_Item]) -> list[_Item]:
    """What a child takes of the items under its key.

    Where several loops have one key (N1 twice in a 753), an item goes to the first of them that has
    room and a place for all that is in it; the last takes what is left.
    """
    if child.key not in node.shared or not isinstance(child, LoopNode):
        return items
    if child is node.children[node.places[child.trigger][-1]]:
        return items
    taken: list[_Item] = []
    left: list[_Item] = []
    for item in items:
        fits = len(taken) < child.most and child.keys.issuperset(item[1])
        (taken if fits else left).append(item)
    items[:] = left
    return taken


def _is_nothing(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(_is_nothing(item) for item in value.values())
    if isinstance(value, list):
        return all(_is_nothing(item) for item in value)
    return value is None or value == ""


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _said(number: str | None, text: str) -> str:
    return f"(element {number}) {text}" if number else text
