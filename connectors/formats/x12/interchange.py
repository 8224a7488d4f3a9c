"""A set as the interchange that carries it: ISA, GS, ST … SE, GE, IEA, with its numbers and counts.

Ids, versions and usage are the partner's settings; where the tree has an `envelope`, what that names
goes before, so that an acknowledgement goes back to where its interchange came from, in its version.
Times are UTC. Numbers are asked for as "isa", "gs" and "st".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from connectors.formats.x12.address import Address, address
from connectors.formats.x12.data import clean
from connectors.formats.x12.envelope import ACKNOWLEDGEMENTS, GROUP_OF, INTERCHANGE_ACKNOWLEDGEMENT, PREFIX, map_version
from connectors.formats.x12.partner import Partner
from connectors.formats.x12.segments import Element, Repeated, Segment
from connectors.formats.x12.tokenizer import Delimiters
from connectors.formats.x12.writer import write_set
from hub.contract.errors import RejectedMessage
from hub.contract.format import Numbers
from hub.contract.registry import nearest

_MOST: Final = 999_999_999
_MOST_SETS: Final = 9_999
_TA1: Final = ("TA101", "TA102", "TA103", "TA104", "TA105")


def write_interchange(tree: Any, type: str, partner: Partner, numbers: Numbers) -> bytes:
    """The interchange of one set, or of a TA1; RejectedMessage naming what cannot be written."""
    if not isinstance(tree, Mapping):
        raise RejectedMessage(f"A set is a dict of its segments, not {tree!r:.100}.")
    transaction = _transaction(type)
    is_answer = GROUP_OF.get(transaction, ACKNOWLEDGEMENTS) == ACKNOWLEDGEMENTS
    to = address(tree.get("envelope"), partner)
    delimiters = partner.delimiters(to.interchange_version)
    body = {name: value for name, value in tree.items() if name != "envelope"}
    body = clean(body, partner, delimiters, forgiving=is_answer)
    pen = _Pen(delimiters, partner.line_break)
    if transaction == INTERCHANGE_ACKNOWLEDGEMENT:
        _write_ta1(body, pen)
    else:
        _write_group(body, transaction, to, pen, numbers)
    asks = partner.request_ack and not is_answer
    header = _isa(to, delimiters, numbers.next("isa", most=_MOST), asks)
    return pen.interchange(header).encode(partner.charset)


class _Pen:
    """Writes segments with the delimiters of one interchange."""

    def __init__(self, delimiters: Delimiters, line_break: str) -> None:
        self._delimiters = delimiters
        self._element = delimiters.element.decode()
        self._component = delimiters.component.decode()
        self._repetition = delimiters.repetition.decode()
        self._end = delimiters.terminator.decode() + line_break
        self._lines: list[str] = []
        self._groups = 0

    def write(self, id: str, *elements: Element) -> None:
        """One more segment, without empty elements at its end."""
        texts = [self._text(element, f"{id}{place:02d}") for place, element in enumerate(elements, start=1)]
        self._lines.append(self._element.join([id, *texts]).rstrip(self._element) + self._end)

    def group(self, header: Sequence[str], trailer: Sequence[str]) -> None:
        """Put a group around what was written."""
        lines, self._lines = self._lines, []
        self.write("GS", *header)
        self._lines += lines
        self.write("GE", *trailer)
        self._groups += 1

    def interchange(self, header: Sequence[str]) -> str:
        """Everything that was written, with ISA and IEA around it; `header` are the elements of the ISA."""
        isa = self._element.join(["ISA", *header]) + self._end
        self.write("IEA", str(self._groups), header[12])
        return isa + "".join(self._lines)

    def _text(self, element: Element, name: str) -> str:
        if isinstance(element, Repeated):
            if not self._repetition:
                raise RejectedMessage(
                    f"{name} is given {len(element.items)} times, which an interchange of this version cannot say; "
                    "give it once, or set a version with a repetition separator (ISA12 from 00402 on).",
                    field=name,
                )
            return self._repetition.join(map(self._single, element.items))
        return self._single(element)

    def _single(self, element: str | tuple[str, ...]) -> str:
        return element if isinstance(element, str) else self._component.join(element).rstrip(self._component)


def _transaction(type: str) -> str:
    transaction = type.removeprefix(PREFIX)
    known = (*GROUP_OF, INTERCHANGE_ACKNOWLEDGEMENT)
    if type == transaction or transaction not in known:
        types = [PREFIX + name for name in known]
        raise RejectedMessage(f"{type!r} is no X12 set that can be written{nearest(type, types)}.", value=type)
    return transaction


def _write_group(body: Mapping[str, Any], transaction: str, to: Address, pen: _Pen, numbers: Numbers) -> None:
    segments = write_set(body, map_version(to.version, transaction), transaction)
    group = str(numbers.next("gs", most=_MOST))
    number = f"{numbers.next('st', most=_MOST_SETS):04d}"
    _write_set(segments, transaction, number, pen)
    now = datetime.now(UTC)
    pen.group(
        [
            GROUP_OF[transaction],
            to.application_sender,
            to.application_receiver,
            f"{now:%Y%m%d}",
            f"{now:%H%M}",
            group,
            "X",
            to.version,
        ],
        ["1", group],
    )


def _write_set(segments: Sequence[Segment], transaction: str, number: str, pen: _Pen) -> None:
    pen.write("ST", transaction, number)
    for segment in segments:
        pen.write(segment.id, *segment.elements)
    pen.write("SE", str(len(segments) + 2), number)


def _write_ta1(body: Mapping[str, Any], pen: _Pen) -> None:
    """The TA1; its only source is `acknowledge`, which gives all five elements."""
    fields = body.get("TA1")
    if not isinstance(fields, Mapping) or not set(_TA1) <= set(fields):
        raise RejectedMessage(f"A TA1 needs {', '.join(_TA1)}.", segment="TA1")
    pen.write("TA1", f"{fields['TA101']:0>9}", *(str(fields[name]) for name in _TA1[1:]))


def _isa(to: Address, delimiters: Delimiters, number: int, asks: bool) -> list[str]:
    """The elements of the ISA, each of its fixed length."""
    now = datetime.now(UTC)
    return [
        *("00", " " * 10, "00", " " * 10),
        *(to.sender_qualifier, to.sender.ljust(15), to.receiver_qualifier, to.receiver.ljust(15)),
        *(f"{now:%y%m%d}", f"{now:%H%M}", delimiters.repetition.decode() or "U", to.interchange_version),
        *(f"{number:09d}", "1" if asks else "0", to.usage, delimiters.component.decode()),
    ]
