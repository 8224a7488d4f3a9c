"""X12 as the simulated partner writes and reads it: text put together and taken apart by hand.

Nothing of the format that the hub uses is in here, so that each is a second opinion on the other.
Written are 004010 with `*`, `>` and `~`; read is whatever the 106 characters of an ISA say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

ISA_LENGTH = 106
GROUP_CODES = {"850": "PO", "860": "PC", "940": "OW", "945": "SW", "846": "IB", "997": "FA"}
"""GS01 of the sets that the partner sends."""


class Unreadable(Exception):
    """The file is no interchange, or its envelope does not agree with what is in it; says why."""


@dataclass(frozen=True)
class Ids:
    """What a party is called in ISA05/06 or ISA07/08, and in GS02 or GS03."""

    qualifier: str
    id: str
    group_id: str


@dataclass(frozen=True)
class SetRead:
    """One set: its type (ST01) and number (ST02), where it was, its segments without ST and SE.

    A TA1, which stands outside of any group, is one too.
    """

    type: str
    number: str
    group_code: str
    group: str
    interchange: str
    segments: list[list[str]]

    def all(self, *names: str) -> Iterator[list[str]]:
        """The segments of these names, in their order."""
        return (segment for segment in self.segments if segment[0] in names)

    def first(self, name: str, qualifier: str | None = None) -> list[str]:
        """The first segment of a name, with that element 01 if one is given; an empty one if there is none."""
        found = (segment for segment in self.all(name) if qualifier is None or at(segment, 1) == qualifier)
        return next(found, [name])


def segment(name: str, *elements: Any) -> str:
    """A segment's text: None is an empty element, and those at its end are left out."""
    texts = ["" if element is None else str(element) for element in elements]
    return "*".join([name, *texts]).rstrip("*")


def at(read: Sequence[str], place: int) -> str:
    """Element `place` of a segment (01 is 1), "" if it is not there."""
    return read[place] if place < len(read) else ""


@dataclass(frozen=True)
class Sender:
    """Who writes to whom, for test (T) or in earnest (P)."""

    ids: Ids
    receiver: Ids
    usage: str

    def interchange(self, number: int, kind: str, sets: Sequence[Sequence[str]], now: datetime) -> str:
        """One interchange with one group of sets of one kind (`850`); `sets` without ST and SE.

        The group has the number of the interchange.
        """
        group = ["GS", GROUP_CODES[kind], self.ids.group_id, self.receiver.group_id]
        lines = [self._isa(number, now), segment(*group, f"{now:%Y%m%d}", f"{now:%H%M}", number, "X", "004010")]
        for place, body in enumerate(sets, start=1):
            lines += [f"ST*{kind}*{place:04d}", *body, f"SE*{len(body) + 2}*{place:04d}"]
        lines += [f"GE*{len(sets)}*{number}", f"IEA*1*{number:09d}"]
        return "~\n".join(lines) + "~\n"

    def _isa(self, number: int, now: datetime) -> str:
        parties = [self.ids.qualifier, f"{self.ids.id:<15}", self.receiver.qualifier, f"{self.receiver.id:<15}"]
        version = ["U", "00401", f"{number:09d}", "0", self.usage, ">"]
        return "*".join(["ISA", "00", " " * 10, "00", " " * 10, *parties, f"{now:%y%m%d}", f"{now:%H%M}", *version])


def read(text: str) -> list[SetRead]:
    """All sets of a file; Unreadable if it is no interchange, or if counts and numbers do not agree."""
    if not text.startswith("ISA") or len(text) < ISA_LENGTH:
        raise Unreadable("The file does not begin with an ISA of 106 characters")
    separator, terminator = text[3], text[ISA_LENGTH - 1]
    segments = [part.strip().split(separator) for part in text.split(terminator) if part.strip()]
    return list(_sets(segments))


def _sets(segments: list[list[str]]) -> Iterator[SetRead]:
    isa, group, start = segments[0], [""], 0
    groups = sets = 0
    for place, found in enumerate(segments):
        if found[0] == "GS":
            group, groups, sets = found, groups + 1, 0
        elif found[0] == "ST":
            start, sets = place, sets + 1
        elif found[0] == "SE":
            _same("SE", found, place - start + 1, at(segments[start], 2))
            header = segments[start]
            yield SetRead(
                at(header, 1), at(header, 2), at(group, 1), at(group, 6), at(isa, 13), segments[start + 1 : place]
            )
        elif found[0] == "TA1":
            yield SetRead("TA1", "", "", "", at(isa, 13), [found])
        elif found[0] == "GE":
            _same("GE", found, sets, at(group, 6))
    _same("IEA", segments[-1], groups, at(isa, 13))


def _same(name: str, trailer: list[str], count: int, number: str) -> None:
    if trailer[0] != name or at(trailer, 1) != str(count) or at(trailer, 2) != number:
        raise Unreadable(f"{'*'.join(trailer)} does not fit {count} of them under number {number} ({name})")
