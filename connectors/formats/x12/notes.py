"""Syntax notes: whether the elements of a segment that are there fit each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from connectors.formats.x12.nodes import ElementNode, Note


class Breach(NamedTuple):
    """A note that is broken: at which place (from 1), the AK403 code, and what to say of that element."""

    place: int
    code: str
    text: str


def breach(note: Note, nodes: Sequence[ElementNode], present: Sequence[bool]) -> Breach | None:
    """How a note is broken by the elements that are there, or None. `present[0]` is element 01."""
    given = [place for place in note.places if place <= len(present) and present[place - 1]]
    return _RULES[note.kind](note.places, given, nodes)


_Rule = Callable[[tuple[int, ...], list[int], Sequence[ElementNode]], Breach | None]


def _all_or_none(places: tuple[int, ...], given: list[int], nodes: Sequence[ElementNode]) -> Breach | None:
    if not given or len(given) == len(places):
        return None
    missing = next(place for place in places if place not in given)
    return Breach(missing, "2", f"is missing: {_names(places, nodes)} go together")


def _at_least_one(places: tuple[int, ...], given: list[int], nodes: Sequence[ElementNode]) -> Breach | None:
    if given:
        return None
    return Breach(places[0], "2", f"is missing: at least one of {_names(places, nodes)} is needed")


def _at_most_one(places: tuple[int, ...], given: list[int], nodes: Sequence[ElementNode]) -> Breach | None:
    if len(given) < 2:
        return None
    return Breach(
        given[1], "10", f"is given with {_names(given[:1], nodes)}: at most one of {_names(places, nodes)} may be"
    )


def _first_demands_all(places: tuple[int, ...], given: list[int], nodes: Sequence[ElementNode]) -> Breach | None:
    if places[0] not in given or len(given) == len(places):
        return None
    missing = next(place for place in places if place not in given)
    return Breach(missing, "2", f"is missing though {_names(places[:1], nodes)} demands it")


def _first_demands_one(places: tuple[int, ...], given: list[int], nodes: Sequence[ElementNode]) -> Breach | None:
    if given != [places[0]]:
        return None
    demanded = f"{_names(places[:1], nodes)} demands at least one of {_names(places[1:], nodes)}"
    return Breach(places[1], "2", f"is missing: {demanded}")


def _names(places: Sequence[int], nodes: Sequence[ElementNode]) -> str:
    *others, last = (nodes[place - 1].ref for place in places)
    return f"{', '.join(others)} and {last}" if others else last


_RULES: Final[dict[str, _Rule]] = {
    "P": _all_or_none,
    "R": _at_least_one,
    "E": _at_most_one,
    "C": _first_demands_all,
    "L": _first_demands_one,
}
