"""The transaction sets that are known: pyx12 maps beside this module, loaded once and when they are needed.

`maps/004010` and `maps/005010` are each a `map_path` of pyx12: one map a set, and the files that pyx12 wants
beside them. Its loader reads them; its nodes are turned into our own, which are smaller and do not change.

The maps hold structure only: ids, order, nesting, usage, counts, types, lengths and syntax notes. X12's names,
descriptions and code lists are not in them, so codes are not checked.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Final

from pyx12.map_if import load_map_file  # type: ignore[import-untyped]
from pyx12.params import ParamsBase  # type: ignore[import-untyped]

from connectors.formats.x12.nodes import ElementNode, LoopNode, Note, SegmentNode, SetNode
from hub.contract.errors import RejectedMessage

MAPS: Final = Path(__file__).parent / "maps"
RELEASES: Final = ("004010", "005010")

# pyx12 has no place for the syntax notes of a composite.
_COMPOSITE_NOTES: Final = {"C040": (Note("P", (3, 4)), Note("P", (5, 6)))}

_loaded: dict[tuple[str, str], SetNode] = {}
_loading: Final = Lock()


class UnknownSet(RejectedMessage):
    """There is no map of this set in this version. `release` is None where the version is what is unknown."""

    def __init__(self, message: str, transaction: str, version: str, release: str | None) -> None:
        super().__init__(message, transaction=transaction, version=version)
        self.release = release


def load_set(transaction: str, version: str) -> SetNode:
    """The set `transaction` ("850") in the version that GS08 names; raises UnknownSet.

    A version's industry suffix does not matter: 004010VICS and 4010 are 004010.
    """
    release = release_of(version)
    if release is None:
        known = " and ".join(RELEASES)
        raise UnknownSet(f"X12 version {version!r} is not known; {known} are.", transaction, version, None)
    if transaction not in known_sets(release):
        known = ", ".join(sorted(known_sets(release)))
        message = f"X12 set {transaction!r} is not known in version {release}; these are: {known}."
        raise UnknownSet(message, transaction, version, release)
    with _loading:
        if (transaction, release) not in _loaded:
            _loaded[transaction, release] = _load(transaction, release)
        return _loaded[transaction, release]


def release_of(version: str) -> str | None:
    """The release of a GS08 (004010VICS is of 004010), None if there are no maps of it."""
    match = re.match(r"0{0,2}(\d{4})(?!\d)", version.strip(), re.ASCII)
    release = match and match[1].zfill(6)
    return release if release in RELEASES else None


@cache
def known_sets(release: str) -> frozenset[str]:
    """The sets with a map in a release."""
    return frozenset(path.stem for path in (MAPS / release).glob("[0-9][0-9][0-9].xml"))


@cache
def known_segments(release: str) -> frozenset[str]:
    """The ids of all segments of a release that occur in any map of it."""
    maps = (MAPS / release / f"{transaction}.xml" for transaction in known_sets(release))
    return frozenset(name for path in maps for name in re.findall(r'<segment xid="(\w+)"', path.read_text()))


def _load(transaction: str, release: str) -> SetNode:
    map_node = load_map_file(f"{transaction}.xml", ParamsBase(), str(MAPS / release))
    children = _children(map_node.getnodebypath("/ISA_LOOP/GS_LOOP/ST_LOOP"))
    body = LoopNode("", "", True, 1, tuple(child for child in children if child.id not in ("ST", "SE")))
    return SetNode(transaction, release, body, frozenset(_ids(body)))


def _children(node: Any) -> tuple[SegmentNode | LoopNode, ...]:
    """The children of a loop of pyx12, in the order of their positions."""
    in_order = [child for position in sorted(node.pos_map) for child in node.pos_map[position]]
    return tuple(_loop(child) if child.is_loop() else _segment(child) for child in in_order)


def _loop(node: Any) -> LoopNode:
    """A loop; pyx12's id of it must be unique among its siblings, so the standard's id is its name."""
    return LoopNode(node.name, node.get_first_seg().id, node.usage == "R", node.get_max_repeat(), _children(node))


def _segment(node: Any) -> SegmentNode:
    elements = tuple(_composite(child) if child.is_composite() else _element(child) for child in node.children)
    notes = tuple(Note(kind, tuple(places)) for kind, *places in node.syntax)
    return SegmentNode(node.id, node.usage == "R", node.get_max_repeat(), elements, notes)


def _element(node: Any) -> ElementNode:
    ref = node.id.replace("-", "")
    return ElementNode(ref, node.data_ele, node.usage == "R", node.data_type, node.min_len, node.max_len)


def _composite(node: Any) -> ElementNode:
    return ElementNode(
        ref=node.id,
        number=node.data_ele,
        mandatory=node.usage == "R",
        kind="",
        least=0,
        most=0,
        repeat=node.repeat,
        components=tuple(_element(child) for child in node.children),
        notes=_COMPOSITE_NOTES.get(node.data_ele, ()),
    )


def _ids(loop: LoopNode) -> set[str]:
    """The ids of all segments in a loop."""
    ids: set[str] = set()
    for child in loop.children:
        ids |= _ids(child) if isinstance(child, LoopNode) else {child.id}
    return ids
