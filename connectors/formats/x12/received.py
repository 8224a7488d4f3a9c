"""The sets of an interchange, taken out of its segments one after the other, and the faults of their envelope."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from connectors.formats._stream import MAX_DOCUMENT
from connectors.formats.x12.envelope import GROUP_OF, EnvelopeFault, count, same_number
from connectors.formats.x12.segments import Fault, Repeated, Segment
from connectors.formats.x12.spool import Interchange
from connectors.formats.x12.tokenizer import RawSegment, SegmentReader

INVALID_CHARACTER: Final = "6"
"""AK403: the element holds a character that is not in the character set."""

_BOUNDARIES: Final = frozenset({"GS", "ST", "GE", "IEA"})
"""Segments before which an open set has ended, whether its trailer came or not."""

_TRANSACTION: Final = re.compile(r"\d{3}")
_SET_NUMBER: Final = re.compile(r"[^\s]{1,9}")
_UNREADABLE: Final = "\ufffd"


@dataclass(slots=True)
class ReceivedSet:
    """A set as it came, from ST to SE where there is one.

    `length` counts its segments, `size` their bytes. `garbled` are the elements that are not in the
    character set. Of a set over MAX_DOCUMENT bytes (`oversized`) the rest is counted and not kept.
    """

    segments: list[Segment] = field(default_factory=list)
    garbled: list[Fault] = field(default_factory=list)
    length: int = 0
    size: int = 0

    @property
    def transaction(self) -> str:
        """ST01."""
        return self.segments[0].text(1).strip()

    @property
    def number(self) -> str:
        """ST02."""
        return self.segments[0].text(2).strip()

    @property
    def oversized(self) -> bool:
        """Whether it is too large to be held."""
        return self.size > MAX_DOCUMENT

    def add(self, segment: Segment, size: int) -> None:
        """Take the next segment, of `size` bytes."""
        self.length += 1
        self.size += size
        if not self.oversized or segment.id == "SE":
            self.segments.append(segment)


def received_sets(interchange: Interchange, charset: str) -> Iterator[Segment | ReceivedSet]:
    """The sets of an interchange whose survey found no fault, in their order; between them each GS and each TA1."""
    reader = SegmentReader(interchange.opening.delimiters, charset)
    received: ReceivedSet | None = None
    for number, raw in enumerate((raw for raw in interchange.segments() if raw.data), start=2):
        segment, garbled = _read(reader, raw, number)
        if segment.id in _BOUNDARIES:
            if received is not None:
                yield received
            received = ReceivedSet() if segment.id == "ST" else None
        if received is None:
            if segment.id in ("GS", "TA1"):
                yield segment
            continue
        received.add(segment, len(raw.data))
        if garbled:
            received.garbled.append(_garbled(segment, received.length, charset))
        if segment.id == "SE":
            yield received
            received = None


def set_faults(received: ReceivedSet, group_code: str) -> list[EnvelopeFault]:
    """What is wrong with a set's ST and SE, each with its AK502 code."""
    faults = []
    transaction = received.transaction
    if not _TRANSACTION.fullmatch(transaction):
        faults.append(EnvelopeFault("6", f"ST01 is {transaction!r}, which is no set"))
    elif GROUP_OF.get(transaction, group_code) != group_code:
        faults.append(EnvelopeFault("6", f"ST01 is {transaction!r}, which does not belong in a group {group_code!r}"))
    if not _SET_NUMBER.fullmatch(received.number):
        faults.append(EnvelopeFault("7", f"ST02 is {received.number!r}, which is no control number"))
    if received.oversized:
        faults.append(EnvelopeFault("5", f"it is over {MAX_DOCUMENT // (1024 * 1024)} MiB"))
    return faults + _trailer_faults(received)


def _trailer_faults(received: ReceivedSet) -> list[EnvelopeFault]:
    trailer = received.segments[-1]
    if trailer.id != "SE":
        return [EnvelopeFault("2", "its trailer (SE) is missing")]
    faults = []
    stated, number = trailer.text(1), trailer.text(2)
    if not same_number(number, received.number):
        faults.append(EnvelopeFault("3", f"SE02 is {number!r} and ST02 is {received.number!r}"))
    if count(stated) != received.length:
        faults.append(EnvelopeFault("4", f"SE01 counts {stated!r} segments, {received.length} came"))
    return faults


def _read(reader: SegmentReader, raw: RawSegment, number: int) -> tuple[Segment, bool]:
    """The segment, and whether bytes of it are not in the character set; such bytes become U+FFFD."""
    try:
        return reader.read(raw, number), False
    except UnicodeDecodeError:
        return reader.read(raw, number, errors="replace"), True


def _garbled(segment: Segment, place: int, charset: str) -> Fault:
    """The fault of the first element that holds bytes which are not in the character set."""
    texts = [_text(element) for element in segment.elements]
    element = next((number for number, text in enumerate(texts, start=1) if _UNREADABLE in text), 1)
    name = f"{segment.id}{element:02d}"
    return Fault(
        level="element",
        segment=segment.id,
        number=place,
        loop="",
        code=INVALID_CHARACTER,
        message=f"{name} in segment {place}, at byte {segment.offset}, is not in the character set {charset}; "
        "set the partner's charset",
        element=element,
    )


def _text(element: object) -> str:
    """All text of an element, to look for a character in it."""
    if isinstance(element, Repeated):
        return "".join(map(_text, element.items))
    return "".join(element) if isinstance(element, tuple) else str(element)
