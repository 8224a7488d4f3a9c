"""The envelope of an interchange: headers, nesting, control numbers and counts, and what is wrong with them.

    ISA ( TA1* ) ( GS ( ST … SE )* GE )* IEA

A fault of the interchange carries the note code of a TA1, one of a group the code of an AK905; a
set's own faults are found when it is read. Control numbers are equal as texts or as numbers: many
senders pad them in the header alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from connectors.formats.x12.segments import Segment
from connectors.formats.x12.sets import RELEASES, release_of
from connectors.formats.x12.tokenizer import Opening

GROUP_OF: Final[Mapping[str, str]] = {
    "180": "AN",
    "204": "SM",
    "210": "IM",
    "214": "QM",
    "753": "RF",
    "754": "RG",
    "810": "IN",
    "820": "RA",
    "832": "SC",
    "846": "IB",
    "850": "PO",
    "852": "PD",
    "855": "PR",
    "856": "SH",
    "860": "PC",
    "865": "CA",
    "940": "OW",
    "943": "AR",
    "944": "RE",
    "945": "SW",
    "990": "GF",
    "997": "FA",
    "999": "FA",
}
"""The functional identifier (GS01) of each set's groups."""

ACKNOWLEDGEMENTS: Final = "FA"
"""The group whose sets are acknowledgements, which are never acknowledged."""

PREFIX: Final = "x12."
"""Before the number of a set in a payload type: `x12.850`."""

INTERCHANGE_ACKNOWLEDGEMENT: Final = "ta1"
"""Stands for a set's number where there is none: a TA1, in an interchange without a group (`x12.ta1`)."""

ENVELOPE_SEGMENTS: Final = frozenset({"GS", "ST", "SE", "GE", "IEA", "TA1"})

_UNSUPPORTED: Final = frozenset({"1", "2"})
"""AK905 codes of a group that is sound, while each set in it is of a kind or version nobody can read."""

_MOST_FAULTS: Final = 20
_MOST_GROUPS: Final = 99_999
_ISA12: Final = re.compile(r"00[2-8]\d\d")
_NUMBER: Final = re.compile(r"\d{1,9}")


@dataclass(frozen=True, slots=True)
class EnvelopeFault:
    """One fault of an interchange or a group: a TA1 note code (TA105) or an AK905 code, and the words for it."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class InterchangeHeader:
    """The ISA, its padding cut off; `number` is ISA13 as it stands."""

    sender_qualifier: str
    sender: str
    receiver_qualifier: str
    receiver: str
    date: str
    time: str
    version: str
    number: str
    ack_requested: bool
    usage: str
    warnings: tuple[str, ...]

    @property
    def key(self) -> str:
        """What makes the interchange unique: both sides, each with its qualifier, and ISA13."""
        sender = f"{self.sender_qualifier}:{self.sender}"
        return f"{sender}/{self.receiver_qualifier}:{self.receiver}/{self.number}"


@dataclass(frozen=True, slots=True)
class GroupHeader:
    """A GS; `number` is GS06 as it stands, `version` GS08."""

    code: str
    sender: str
    receiver: str
    date: str
    time: str
    number: str
    version: str


@dataclass(slots=True)
class Group:
    """A functional group: its header, the sets that came, the number that GE01 states (None if it states none)."""

    header: GroupHeader
    sets: int = 0
    stated: int | None = None
    faults: list[EnvelopeFault] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        """Whether it is refused whole, without a look at its sets: their number or its own is in doubt."""
        return any(fault.code not in _UNSUPPORTED for fault in self.faults)


def read_header(opening: Opening, charset: str) -> InterchangeHeader:
    """The ISA's elements as text; UnicodeDecodeError if they are not in the character set."""
    isa = [element.decode(charset).strip() for element in opening.elements]
    return InterchangeHeader(
        sender_qualifier=isa[4],
        sender=isa[5],
        receiver_qualifier=isa[6],
        receiver=isa[7],
        date=isa[8],
        time=isa[9],
        version=isa[11],
        number=isa[12],
        ack_requested=isa[13] == "1",
        usage=isa[14],
        warnings=opening.warnings,
    )


def same_number(one: str, other: str) -> bool:
    """Whether two control numbers are the same, zeros in front aside."""
    one, other = one.strip(), other.strip()
    return one == other or (one.isdecimal() and other.isdecimal() and one.lstrip("0") == other.lstrip("0"))


def count(text: str) -> int | None:
    """The count that a trailer states, None if it is no number."""
    return int(text) if re.fullmatch(r"\d{1,10}", text, re.ASCII) else None


def map_version(version: str, transaction: str) -> str:
    """The version by whose map a set is read and written: its own, unless it is an acknowledgement.

    A 997 looks the same in all versions, so one of a version that has no maps can be understood and answered.
    """
    if GROUP_OF.get(transaction) != ACKNOWLEDGEMENTS or release_of(version):
        return version
    earliest, latest = min(RELEASES), max(RELEASES)
    return latest if version >= latest else earliest


class Survey:
    """What an interchange holds, found by letting its segments pass once, before any set is read.

    `see` takes the envelope's segments, and those that stand outside a set (`inside` is false);
    `finish` ends it. Then `groups` and `faults` are complete.
    """

    def __init__(self, header: InterchangeHeader) -> None:
        self.header = header
        self.groups: list[Group] = []
        self.faults = _header_faults(header)
        self.acknowledges = False
        self.inside = False
        self._group: Group | None = None
        self._ended = False

    @property
    def acknowledgements_only(self) -> bool:
        """Whether it brought nothing but acknowledgements, which must not be answered."""
        codes = {group.header.code for group in self.groups}
        return codes == {ACKNOWLEDGEMENTS} or (not codes and self.acknowledges)

    def see(self, segment: Segment) -> None:
        """Take note of one segment."""
        match segment.id:
            case "GS":
                self._gs(segment)
            case "ST":
                self._st(segment)
            case "SE":
                self._se(segment)
            case "GE":
                self._ge(segment)
            case "IEA":
                self._iea(segment)
            case "TA1":
                self._ta1(segment)
            case _:
                self._stray(segment)

    def finish(self) -> None:
        """The interchange has ended, with or without its trailer."""
        if not self._ended:
            self._close_group()
            self._fault("023", "its trailer (IEA) is missing; the file may have been cut")

    def _gs(self, segment: Segment) -> None:
        self._close_group()
        if len(self.groups) == _MOST_GROUPS:
            self._fault("021", f"it has more than {_MOST_GROUPS} groups")
            return
        header = GroupHeader(*(segment.text(place).strip() for place in (1, 2, 3, 4, 5, 6, 8)))
        self._group = Group(header, faults=_group_faults(header))
        self.groups.append(self._group)

    def _st(self, segment: Segment) -> None:
        if self._group is None:
            self._stray(segment)
        else:
            self._group.sets += 1
            self.inside = True

    def _se(self, segment: Segment) -> None:
        if not self.inside:
            self._stray(segment)
        self.inside = False

    def _ge(self, segment: Segment) -> None:
        group = self._group
        if group is None:
            self._stray(segment)
            return
        group.stated = count(segment.text(1))
        number = segment.text(2)
        if not same_number(number, group.header.number):
            group.faults.append(EnvelopeFault("4", f"GE02 is {number!r} and GS06 is {group.header.number!r}"))
        if group.stated != group.sets:
            group.faults.append(EnvelopeFault("5", f"GE01 counts {segment.text(1)!r} sets, {group.sets} came"))
        self._group, self.inside = None, False

    def _iea(self, segment: Segment) -> None:
        self._close_group()
        self._ended = True
        number, stated = segment.text(2), segment.text(1)
        if not same_number(number, self.header.number):
            self._fault("001", f"IEA02 is {number!r} and ISA13 is {self.header.number!r}")
        if count(stated) != len(self.groups):
            self._fault("021", f"IEA01 counts {stated!r} groups, {len(self.groups)} came")

    def _ta1(self, segment: Segment) -> None:
        if self._group is not None and not self.inside:
            self._stray(segment)
        self.acknowledges = True

    def _stray(self, segment: Segment) -> None:
        place = f"segment {segment.number}, {segment.id[:10]!r} at byte {segment.offset}"
        self._fault("022", f"{place}, stands outside any set")

    def _close_group(self) -> None:
        """End a group whose trailer did not come, if one is open."""
        if self._group is not None:
            self._group.faults.append(EnvelopeFault("3", "its trailer (GE) is missing"))
        self._group, self.inside = None, False

    def _fault(self, code: str, message: str) -> None:
        if len(self.faults) < _MOST_FAULTS:
            self.faults.append(EnvelopeFault(code, message))


def _header_faults(header: InterchangeHeader) -> list[EnvelopeFault]:
    faults = []
    if not _ISA12.fullmatch(header.version):
        faults.append(EnvelopeFault("017", f"ISA12 is {header.version!r}, which is no version from 00200 to 00899"))
    if not _NUMBER.fullmatch(header.number):
        faults.append(EnvelopeFault("018", f"ISA13 is {header.number!r}, which is no control number of nine digits"))
    return faults


def _group_faults(header: GroupHeader) -> list[EnvelopeFault]:
    faults = []
    if header.code not in GROUP_OF.values():
        faults.append(EnvelopeFault("1", f"GS01 is {header.code!r}, a kind of group that is not supported"))
    if release_of(header.version) is None and header.code != ACKNOWLEDGEMENTS:
        faults.append(EnvelopeFault("2", f"GS08 is {header.version!r}, a version that is not supported"))
    if not _NUMBER.fullmatch(header.number):
        faults.append(EnvelopeFault("6", f"GS06 is {header.number!r}, which is no control number"))
    return faults
