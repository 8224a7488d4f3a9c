"""X12: interchanges of transaction sets to trees and back, with the acknowledgements that are owed.

Read: each accepted set is one tree of type `x12.` and its number (`x12.850`); a set, group or
interchange that is refused is one Reject that names all its faults. After the sets of an
interchange come the Replies: a TA1 where one is owed and a 997 for each group, trees themselves, of
types `x12.ta1` and `x12.997`. A file may hold any number of interchanges and be of any size; a set
is held whole, of at most MAX_DOCUMENT bytes.

Written: a tree is one interchange with one group and one set. How a tree is built is told in
`reader`, what the `envelope` in it says in `inbound` and `interchange`, what can be agreed with a
partner in `partner`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from connectors.formats.x12.inbound import read_interchange
from connectors.formats.x12.interchange import write_interchange
from connectors.formats.x12.partner import Partner, Party
from connectors.formats.x12.spool import interchanges
from hub.contract.format import UNNUMBERED, Format, Numbers, Reject, Reply, Tree

__all__ = ["Partner", "Party", "X12Format"]


class X12Format(Format):
    """X12 as agreed with one partner; without an agreement, whatever comes is read."""

    name: ClassVar[str] = "x12"
    content_type: ClassVar[str] = "application/edi-x12"
    suffix: ClassVar[str] = ".edi"

    def __init__(self, options: Partner | None = None) -> None:
        self._partner = options or Partner()
        # Without an agreement nobody is addressed; what is written then, in a preview, still has to name both sides.
        self._writing = options or Partner(us=Party(id="US"), them=Party(id="THEM"))

    def decode(self, stream: Iterable[bytes]) -> Iterator[Tree | Reject | Reply]:
        """Yield the parts of each interchange; DecodeError where something else stands."""
        for interchange in interchanges(stream, self._partner.charset):
            yield from read_interchange(interchange, self._partner)

    def encode(self, tree: Any, type: str, numbers: Numbers = UNNUMBERED) -> bytes:
        """The interchange of one set; RejectedMessage naming segment, element and value that do not fit."""
        return write_interchange(tree, type, self._writing, numbers)
