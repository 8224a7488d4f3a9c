"""What a transaction set is made of: loops of segments of elements, as a map says. Immutable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Note:
    """A syntax note: what elements of one segment (or components of one composite) demand of each other.

    `kind` is P (all or none), R (at least one), E (at most one), C (the first demands the others)
    or L (the first demands one of the others); `places` count from 1.
    """

    kind: str
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ElementNode:
    """A place for a simple element, or for a composite where it has `components`.

    `ref` is its key in a tree (PO103; REF0401 for a component), `number` its number in the data element
    dictionary, `kind` the type there: AN, ID, DT, TM, R, B or N and its decimals (N0, N2); "" for a composite.
    `least` and `most` are its length: digits in numbers, else characters.
    """

    ref: str
    number: str
    mandatory: bool
    kind: str
    least: int
    most: int
    repeat: int = 1
    components: tuple[ElementNode, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class SegmentNode:
    """A place for a segment, `most` times."""

    id: str
    mandatory: bool
    most: int
    elements: tuple[ElementNode, ...] = field(repr=False)
    notes: tuple[Note, ...] = field(repr=False)

    @property
    def key(self) -> str:
        """Its key in a tree."""
        return self.id


@dataclass(frozen=True, slots=True)
class LoopNode:
    """A loop, `most` times: what it holds, in order. The first child is its trigger.

    `id` is the standard's (PO1, 0310), `trigger` the segment that begins it. The whole set is a loop
    too, without a trigger. `keys` are those of its part of the tree; `lists` the keys that hold lists,
    `shared` those that several children have. `places` are the children that a segment of some id
    begins, trigger aside, as indexes in their order.
    """

    id: str
    trigger: str
    mandatory: bool
    most: int
    children: tuple[SegmentNode | LoopNode, ...] = field(repr=False)
    lists: frozenset[str] = field(init=False, repr=False)
    places: Mapping[str, tuple[int, ...]] = field(init=False, repr=False)
    keys: frozenset[str] = field(init=False, repr=False)
    shared: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        keys = [child.key for child in self.children]
        shared = frozenset(key for key in keys if keys.count(key) > 1)
        object.__setattr__(self, "keys", frozenset(keys))
        object.__setattr__(self, "shared", shared)
        object.__setattr__(self, "lists", shared | {child.key for child in self.children if child.most > 1})
        object.__setattr__(self, "places", _places(self))

    @property
    def key(self) -> str:
        """Its key in a tree."""
        return f"{self.trigger}_loop"

    @property
    def bounds(self) -> str:
        """The id of the loop that it brackets, where it is one of LS and LE."""
        return next((child.id for child in self.children if isinstance(child, LoopNode)), "")


@dataclass(frozen=True, slots=True)
class SetNode:
    """A transaction set in one version: `body` is what lies between ST and SE."""

    transaction: str
    version: str
    body: LoopNode
    segments: frozenset[str]


def times(number: int) -> str:
    """A number of occurrences in words."""
    return "once" if number == 1 else f"{number} times"


def _places(loop: LoopNode) -> dict[str, tuple[int, ...]]:
    places: dict[str, tuple[int, ...]] = {}
    for index, child in enumerate(loop.children):
        if index > 0 or not loop.trigger:
            first = child.trigger if isinstance(child, LoopNode) else child.id
            places[first] = (*places.get(first, ()), index)
    return places
