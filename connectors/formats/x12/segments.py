"""The words of X12: segments of elements, and what can be wrong with a set of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Repeated:
    """An element that occurs several times, where ISA11 names a repetition separator (00402 and later)."""

    items: tuple[str | tuple[str, ...], ...]


Element = str | tuple[str, ...] | Repeated
"""An element is text ("" where absent); a composite is the tuple of its components."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment: `elements[0]` is element 01.

    `number` is its place in its interchange, the ISA being 1; `offset` its first byte in the file.
    """

    id: str
    elements: tuple[Element, ...]
    number: int
    offset: int

    def text(self, place: int) -> str:
        """Element `place` (1 is element 01) where it is plain text; "" if it is absent or anything else."""
        value = self.elements[place - 1] if place <= len(self.elements) else ""
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a set, in the terms of a 997 or 999.

    `level` is "segment" or "element" and `code` the value of AK304/IK304 or AK403/IK403 for it.
    `number` is the segment's place in its set, the ST being 1; `loop` the identifier of the loop
    it is in, "" for none. `element`, `component` count from 1; `element_ref` is the element's number
    in the data element dictionary. `message` is for people.
    """

    level: str
    segment: str
    number: int
    loop: str
    code: str
    message: str
    element: int | None = None
    component: int | None = None
    element_ref: str | None = None
    value: str | None = None
