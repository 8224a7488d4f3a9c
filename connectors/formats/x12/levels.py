"""HL loops: one flat sequence in an interchange, nested in a tree as HL02 says, whatever HL03 is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from connectors.formats.x12.elements import ElementFault

HL: Final = "HL"
KEY: Final = "HL_loop"


MOST_DEPTH: Final = 100
"""How deep HL loops may be nested: far more than any guide has, and few enough for whoever walks the tree."""


class Levels:
    """The levels of one set while it is read: what each next one belongs to."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, dict[str, Any]]] = {}

    def place(self, values: Mapping[str, Any], loop: dict[str, Any], top: dict[str, Any]) -> list[ElementFault]:
        """Put `loop`, begun by the HL with `values`, into its parent; the faults of its numbers.

        An HL is put into `top` where its parent is not among those before it, or is too deep already.
        """
        number, parent = str(values.get("HL01", "")), str(values.get("HL02", ""))
        faults = [fault for fault in (self._duplicate(number), self._wrong_parent(number, parent)) if fault]
        depth, around = self._known.get(parent, (0, top))
        if depth == MOST_DEPTH:
            depth, around = 0, top
        around.setdefault(KEY, []).append(loop)
        if number:
            self._known.setdefault(number, (depth + 1, loop))
        return faults

    def _duplicate(self, number: str) -> ElementFault | None:
        if not number or number not in self._known:
            return None
        return _fault(1, "628", number, f"is {number!r}, which an earlier HL is numbered already")

    def _wrong_parent(self, number: str, parent: str) -> ElementFault | None:
        if not parent:
            return None
        if parent in self._known:
            too_deep = self._known[parent][0] == MOST_DEPTH
            text = f"names the parent {parent!r}, which is {MOST_DEPTH} levels deep already"
            return _fault(2, "734", parent, text) if too_deep else None
        if parent == number:
            return _fault(2, "734", parent, "names the HL itself as its parent")
        return _fault(2, "734", parent, f"names the parent {parent!r}, and no HL before it has this number")


class Numbering:
    """The levels of one set while it is written: HL01, HL02 and HL04 where the tree leaves them out."""

    def __init__(self) -> None:
        self.count = 0
        self._used: set[str] = set()

    def number(
        self, values: Mapping[str, Any], parent: str | None, has_children: bool
    ) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """The HL with its numbers, and what is wrong with those that were given, as (key, text).

        HL04 (1 with children, 0 without) is given to those only that come without HL01.
        """
        self.count += 1
        given = {key: value for key, value in values.items() if value not in (None, "")}
        defaults = {} if "HL01" in given else {"HL01": str(self.count), "HL04": "1" if has_children else "0"}
        if parent is not None:
            defaults["HL02"] = parent
        numbered = defaults | given
        faults = [fault for fault in (self._taken(numbered), _wrong_parent(numbered, parent)) if fault]
        self._used.add(str(numbered["HL01"]))
        return numbered, faults

    def _taken(self, values: Mapping[str, Any]) -> tuple[str, str] | None:
        number = str(values["HL01"])
        return ("HL01", f"is {number!r}, which another HL before it has") if number in self._used else None


def _wrong_parent(values: Mapping[str, Any], parent: str | None) -> tuple[str, str] | None:
    given = values.get("HL02")
    if given is None or str(given) == parent:
        return None
    if parent is None:
        return "HL02", f"names the parent {given!r}, but this HL is nested in none"
    return "HL02", f"must be {parent!r}, the HL01 of the loop it is nested in, or left out; not {given!r}"


def _fault(place: int, element: str, value: str, text: str) -> ElementFault:
    return ElementFault(place, None, f"HL{place:02}", element, "7", text, value)
