"""What the sender is told: a 997 for each functional group, a TA1 for an interchange.

Both are made as trees, with an `envelope` that says how they are to be sent: from and to the ids
that the interchange was addressed to and came from, in the sender's own versions.

A set is A (accepted), E (accepted with faults) or R (rejected); its group is A, E, P (some of its
sets) or R. Codes and limits are those of X12's 997; whatever came, a 997 can be written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from connectors.formats.x12.envelope import EnvelopeFault, Group, GroupHeader, InterchangeHeader
from connectors.formats.x12.received import ReceivedSet
from connectors.formats.x12.segments import Fault

ELEMENTS_IN_ERROR: Final = "8"
"""AK304: the segment has elements that are in error."""

SEGMENTS_IN_ERROR: Final = "5"
"""AK502: one or more segments are in error."""

MOST_REPORTED: Final = 10_000
"""Faults that one 997 names; AK5 and AK9 tell of the sets that have more. (X12 takes as many AK3 in a set.)"""

_MOST_CODES: Final = 5
_MOST_ELEMENTS: Final = 99
_MOST_VALUE: Final = 99
_MOST_COUNT: Final = 999_999
_VERSION: Final = re.compile(r"[0-9A-Z]{1,12}")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a set: AK501, the AK502 codes, and the faults that are reported."""

    transaction: str
    number: str
    code: str
    codes: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether its content is taken."""
        return self.code != "R"


def judge(received: ReceivedSet, envelope: Iterable[EnvelopeFault], faults: Sequence[Fault], tolerant: bool) -> Verdict:
    """The verdict on a set; `tolerant` takes one whose segments and elements alone are in error."""
    codes = tuple(dict.fromkeys(fault.code for fault in envelope))
    if faults and SEGMENTS_IN_ERROR not in codes:
        code = "E" if tolerant and not codes else "R"
        codes = (*codes, SEGMENTS_IN_ERROR)
    else:
        code = "R" if codes else "A"
    return Verdict(received.transaction, received.number, code, codes[:_MOST_CODES], tuple(faults))


class GroupAnswer:
    """The 997 about one group, while its sets are being read. Of one that is refused whole no set is added."""

    def __init__(self, group: Group) -> None:
        self.group = group
        self._responses: list[dict[str, Any]] = []
        self._accepted = 0
        self._faulty = False
        self._room = MOST_REPORTED

    def add(self, verdict: Verdict) -> None:
        """Take in what became of the next set."""
        faults = verdict.faults[: self._room]
        self._room -= len(faults)
        self._responses.append(_set_response(verdict, faults))
        self._accepted += verdict.accepted
        self._faulty = self._faulty or verdict.code != "A"

    def tree(self, interchange: InterchangeHeader) -> dict[str, Any]:
        """The tree of the 997, once all sets are added."""
        header = self.group.header
        tree: dict[str, Any] = {
            "envelope": _answer(interchange, header),
            "AK1": {"AK101": _code(header.code, 2), "AK102": _whole(header.number)},
        }
        if self._responses:
            tree["AK2_loop"] = self._responses
        return {**tree, "AK9": self._group_response()}

    def _group_response(self) -> dict[str, Any]:
        group = self.group
        stated = group.sets if group.stated is None else group.stated
        return {
            "AK901": self._code(),
            "AK902": min(stated, _MOST_COUNT),
            "AK903": min(group.sets, _MOST_COUNT),
            "AK904": min(self._accepted, _MOST_COUNT),
            **_codes("AK9", 5, [fault.code for fault in group.faults]),
        }

    def _code(self) -> str:
        if self.group.faults or (self._responses and not self._accepted):
            return "R"
        if self._accepted < len(self._responses):
            return "P"
        return "E" if self._faulty else "A"


def acknowledge_interchange(header: InterchangeHeader, faults: Sequence[EnvelopeFault]) -> dict[str, Any]:
    """The tree of the TA1 about an interchange, accepted unless it has faults."""
    return {
        "envelope": _answer(header, None),
        "TA1": {
            "TA101": _whole(header.number),
            "TA102": header.date,
            "TA103": header.time,
            "TA104": "R" if faults else "A",
            "TA105": faults[0].code if faults else "000",
        },
    }


def _answer(header: InterchangeHeader, group: GroupHeader | None) -> dict[str, Any]:
    """The envelope of an answer, in the words of `interchange.Address`."""
    answer = {
        "sender_qualifier": header.receiver_qualifier,
        "sender": header.receiver,
        "receiver_qualifier": header.sender_qualifier,
        "receiver": header.sender,
        "interchange_version": header.version,
        "usage": header.usage,
    }
    if group is not None:
        answer["application_sender"] = group.receiver
        answer["application_receiver"] = group.sender
        answer["version"] = group.version if _VERSION.fullmatch(group.version) else ""
    return {name: value for name, value in answer.items() if value}


def _set_response(verdict: Verdict, faults: Sequence[Fault]) -> dict[str, Any]:
    response: dict[str, Any] = {
        "AK2": {"AK201": _code(verdict.transaction, 3), "AK202": _printable(verdict.number)[:9].zfill(4)}
    }
    if faults:
        response["AK3_loop"] = _segment_responses(faults)
    response["AK5"] = {"AK501": verdict.code, **_codes("AK5", 2, verdict.codes)}
    return response


def _segment_responses(faults: Sequence[Fault]) -> list[dict[str, Any]]:
    """An AK3 for each fault of a segment, and one for all faults of its elements."""
    responses: list[dict[str, Any]] = []
    for _, of_segment in groupby(faults, key=lambda fault: (fault.number, fault.level, fault.segment, fault.loop)):
        found = list(of_segment)
        if found[0].level == "element":
            elements = [_element_response(fault) for fault in found[:_MOST_ELEMENTS]]
            responses.append({"AK3": _segment_response(found[0], ELEMENTS_IN_ERROR), "AK4": elements})
        else:
            responses += [{"AK3": _segment_response(fault, fault.code)} for fault in found]
    return responses


def _segment_response(fault: Fault, code: str) -> dict[str, Any]:
    segment: dict[str, Any] = {"AK301": _code(fault.segment, 3, least=2), "AK302": min(fault.number, _MOST_COUNT)}
    if loop := _printable(fault.loop)[:4]:
        segment["AK303"] = loop
    return {**segment, "AK304": code}


def _element_response(fault: Fault) -> dict[str, Any]:
    place = {"AK40101": fault.element or 1}
    if fault.component:
        place["AK40102"] = fault.component
    element: dict[str, Any] = {"AK401": place}
    if fault.element_ref and fault.element_ref.isdecimal():
        element["AK402"] = int(fault.element_ref)
    element["AK403"] = fault.code
    if value := _printable(fault.value or "")[:_MOST_VALUE].strip():
        element["AK404"] = value
    return element


def _codes(segment: str, first: int, codes: Iterable[str]) -> dict[str, str]:
    """Codes as consecutive elements, AK502 to AK506 or AK905 to AK909; each once."""
    once = list(dict.fromkeys(codes))[:_MOST_CODES]
    return {f"{segment}{place:02d}": code for place, code in enumerate(once, start=first)}


def _code(text: str, length: int, *, least: int | None = None) -> str:
    """An identifier as it came, cut or filled up with "?" to the length that its element must have."""
    return _printable(text)[:length].ljust(least or length, "?")


def _printable(text: str) -> str:
    """Text without line breaks and control characters, which no interchange can carry."""
    return "".join(character if character.isprintable() else " " for character in text)


def _whole(number: str) -> int:
    """A control number as a number, 0 if it is none."""
    return int(number) if re.fullmatch(r"\d{1,9}", number, re.ASCII) else 0
