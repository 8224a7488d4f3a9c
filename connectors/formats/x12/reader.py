"""The segments of one transaction set to a tree, with everything that is wrong with them.

A segment is a key with its id and a dict of its elements; a loop is the key TRIGGER_loop. What may
occur more than once is always a list:

    {"BEG": {"BEG01": "00", "BEG03": "4500012"},
     "REF": [{"REF01": "DP", "REF02": "17"}],
     "PO1_loop": [{"PO1": {"PO101": "1", "PO102": Decimal("12")}, "PID_loop": [{"PID": {...}}]}]}

HL loops are nested as HL02 says, each in the `HL_loop` of its parent.

Segments are read in their order without looking ahead. Each goes to the first place that takes it:
further on in the innermost open loop, else in the loop around it, and so on. A place that is full is
taken only if no other is left. A segment without a place is a fault and not in the tree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.formats.x12.elements import ElementFault, read_elements
from connectors.formats.x12.levels import HL, Levels
from connectors.formats.x12.nodes import LoopNode, SegmentNode, SetNode, times
from connectors.formats.x12.segments import Fault, Segment
from connectors.formats.x12.sets import known_segments, load_set


@dataclass(frozen=True, slots=True)
class SetReading:
    """A set as a tree, and its faults in the order of their segments. ST and SE are not in the tree."""

    tree: dict[str, Any]
    faults: list[Fault]


def read_set(segments: Sequence[Segment], version: str, transaction: str) -> SetReading:
    """Read the segments of one set, with ST and SE or without; `version` is GS08.

    Raises UnknownSet where there is no map for it. Faults count segments from the ST, which is 1.
    """
    walk = _Walk(load_set(transaction, version))
    body = _without_envelope(segments)
    for number, segment in enumerate(body, start=2):
        walk.read(segment, number)
    walk.close(len(body) + 2)
    return SetReading(walk.tree, walk.faults)


def _without_envelope(segments: Sequence[Segment]) -> Sequence[Segment]:
    first = 1 if segments and segments[0].id == "ST" else 0
    last = len(segments) - 1 if segments and segments[-1].id == "SE" else len(segments)
    return segments[first:last]


@dataclass(slots=True)
class _Open:
    """A loop that is being read: its part of the tree, and how far in its children it is."""

    node: LoopNode
    data: dict[str, Any]
    position: int = 0
    counts: dict[int, int] = field(default_factory=dict)

    def candidates(self, segment: Segment) -> Sequence[int]:
        """The children from here on that the segment may begin.

        Where several brackets of LS and LE follow each other, LS01 says which.
        """
        places = self.node.places.get(segment.id, ())
        if segment.id == "LS" and len(places) > 1:
            bounds = segment.text(1)
            places = tuple(place for place in places if _bounds(self.node, place) == bounds) or places
        return [place for place in places if place >= self.position]

    def has_room(self, place: int) -> bool:
        return self.counts.get(place, 0) < self.node.children[place].most


def _bounds(node: LoopNode, place: int) -> str:
    child = node.children[place]
    return child.bounds if isinstance(child, LoopNode) else ""


class _Walk:
    """The way through one set: the loops that are open, outermost first."""

    def __init__(self, node: SetNode) -> None:
        self.tree: dict[str, Any] = {}
        self.faults: list[Fault] = []
        self._set = node
        self._open = [_Open(node.body, self.tree)]
        self._levels = Levels()

    def read(self, segment: Segment, number: int) -> None:
        """Take one more segment."""
        found = self._find(segment)
        if found is None:
            self._misplaced(segment, number)
            return
        depth, place = found
        self._leave(depth, number)
        self._advance(place, number)
        child = self._open[-1].node.children[place]
        if isinstance(child, LoopNode):
            self._enter(child, place, segment, number)
        else:
            self._take(child, place, segment, number)

    def close(self, number: int) -> None:
        """The set ends at segment `number`: what is missing until there."""
        self._leave(0, number)
        self._advance(len(self._open[0].node.children), number)

    def _find(self, segment: Segment) -> tuple[int, int] | None:
        """Which open loop takes the segment, as an index, and at which of its places."""
        full = None
        for depth in range(len(self._open) - 1, -1, -1):
            loop = self._open[depth]
            for place in loop.candidates(segment):
                if loop.has_room(place):
                    return depth, place
                full = full or (depth, place)
        return full

    def _leave(self, depth: int, number: int) -> None:
        """Close the loops inside of the one at `depth`."""
        while len(self._open) > depth + 1:
            self._advance(len(self._open[-1].node.children), number)
            self._open.pop()

    def _advance(self, place: int, number: int) -> None:
        """Go on to a place of the innermost loop; mandatory children passed over are missing."""
        loop = self._open[-1]
        for passed in range(loop.position, place):
            child = loop.node.children[passed]
            if child.mandatory and not loop.counts.get(passed):
                self._missing(child, number)
        loop.position = max(loop.position, place)

    def _enter(self, node: LoopNode, place: int, segment: Segment, number: int) -> None:
        """Begin a loop with its trigger. One loop too many is read, but left out of the tree."""
        around, inner = self._open[-1], _Open(node, {}, counts={0: 1})
        room = self._count(around, place, segment, number)
        self._open.append(inner)
        trigger = node.children[0]
        assert isinstance(trigger, SegmentNode)
        inner.data[trigger.key] = self._elements(trigger, segment, number)
        if not room and node.most == 1:
            return
        if node.trigger == HL:
            self._nest(inner, around, segment, number)
        else:
            _put(around, node.key, inner.data)

    def _nest(self, inner: _Open, around: _Open, segment: Segment, number: int) -> None:
        for fault in self._levels.place(inner.data[HL], inner.data, around.data):
            self._element_fault(fault, segment, number)

    def _take(self, node: SegmentNode, place: int, segment: Segment, number: int) -> None:
        loop = self._open[-1]
        room = self._count(loop, place, segment, number)
        values = self._elements(node, segment, number)
        if room or node.most > 1:
            _put(loop, node.key, values)

    def _count(self, loop: _Open, place: int, segment: Segment, number: int) -> bool:
        """Count one more at a place; False, and a fault, if that is one too many."""
        room = loop.has_room(place)
        loop.counts[place] = loop.counts.get(place, 0) + 1
        child = loop.node.children[place]
        if room:
            return True
        code, what = ("4", f"loop {child.id}") if isinstance(child, LoopNode) else ("5", f"segment {child.id}")
        self._fault(segment.id, number, code, f"is one too many: the {what} may occur {times(child.most)} here")
        return False

    def _elements(self, node: SegmentNode, segment: Segment, number: int) -> dict[str, Any]:
        values, faults = read_elements(node, segment.elements)
        for fault in faults:
            self._element_fault(fault, segment, number)
        return values

    def _missing(self, child: SegmentNode | LoopNode, number: int) -> None:
        if isinstance(child, LoopNode):
            message = (
                f"The mandatory loop {child.id}, begun by {child.trigger}, is missing before segment number {number}"
            )
            self._segment_fault(child.trigger, number, "3", f"{message} of the set.")
        else:
            message = f"The mandatory segment {child.id} is missing before segment number {number} of the set."
            self._segment_fault(child.id, number, "3", message)

    def _misplaced(self, segment: Segment, number: int) -> None:
        """A segment that has no place: unknown, of other sets, too late, or of a loop that is not open."""
        if segment.id not in known_segments(self._set.version):
            self._fault(segment.id, number, "1", f"is no segment known in version {self._set.version}")
        elif segment.id not in self._set.segments:
            self._fault(segment.id, number, "6", f"is no segment of the set {self._set.transaction}")
        elif any(segment.id in loop.node.places for loop in self._open):
            self._fault(segment.id, number, "7", "comes too late: its place is before segments that came already")
        else:
            self._fault(segment.id, number, "2", "is unexpected here: no loop that it belongs to is open")

    def _fault(self, id: str, number: int, code: str, text: str) -> None:
        self._segment_fault(id, number, code, f"Segment {id}, number {number} of the set, {text}.")

    def _segment_fault(self, id: str, number: int, code: str, message: str) -> None:
        self.faults.append(Fault("segment", id, number, self._open[-1].node.id, code, message))

    def _element_fault(self, fault: ElementFault, segment: Segment, number: int) -> None:
        self.faults.append(
            Fault(
                level="element",
                segment=segment.id,
                number=number,
                loop=self._open[-1].node.id,
                code=fault.code,
                message=f"{fault.name} {fault.text}, segment {segment.id} number {number} of the set.",
                element=fault.place,
                component=fault.component,
                element_ref=fault.number,
                value=fault.value,
            )
        )


def _put(loop: _Open, key: str, value: dict[str, Any]) -> None:
    if key in loop.node.lists:
        loop.data.setdefault(key, []).append(value)
    else:
        loop.data[key] = value
