"""One interchange at a time, kept aside so that it can be read twice in flat memory.

It must be read twice: whether an interchange and its groups are sound stands in their trailers, and
nothing of it may be taken before that is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from tempfile import SpooledTemporaryFile
from typing import Final

from connectors.formats.x12.envelope import ENVELOPE_SEGMENTS, InterchangeHeader, Survey, read_header
from connectors.formats.x12.tokenizer import Opening, RawSegment, SegmentReader, Tokenizer, raw_segments
from hub.contract.errors import DecodeError

IN_MEMORY: Final = 8 * 1024 * 1024
"""Bytes of an interchange that are held in memory; what is larger goes to a temporary file."""

_CHUNK: Final = 256 * 1024
_NAMES: Final = frozenset(name.encode() for name in ENVELOPE_SEGMENTS)


@dataclass(frozen=True, slots=True)
class Interchange:
    """An interchange that has been read through once.

    `digest` is the SHA-256, in hexadecimal, over its segments from ISA to IEA, each with its
    terminator; line breaks between segments do not count.
    """

    opening: Opening
    header: InterchangeHeader
    survey: Survey
    digest: str
    _spool: SpooledTemporaryFile[bytes]

    def segments(self) -> Iterator[RawSegment]:
        """What follows the ISA, from its start; until the next interchange is asked for."""
        self._spool.seek(0)
        start = self.opening.raw.offset + len(self.opening.raw.verbatim)
        chunks = iter(lambda: self._spool.read(_CHUNK), b"")
        return raw_segments(chunks, self.opening.delimiters.terminator, start)


def interchanges(stream: Iterable[bytes], charset: str) -> Iterator[Interchange]:
    """The interchanges of a file; DecodeError where something else stands, or if there is none."""
    tokenizer = Tokenizer(stream)
    opening = tokenizer.open()
    if opening is None:
        raise DecodeError("This file is empty: it holds no X12 interchange.", position="byte 0")
    while opening is not None:
        with SpooledTemporaryFile(max_size=IN_MEMORY) as spool:
            yield _survey(tokenizer, opening, charset, spool)
        opening = tokenizer.open()


def _survey(tokenizer: Tokenizer, opening: Opening, charset: str, spool: SpooledTemporaryFile[bytes]) -> Interchange:
    """Read an interchange through, into the spool."""
    header = _header(opening, charset)
    survey = Survey(header)
    reader = SegmentReader(opening.delimiters, charset)
    element, terminator = opening.delimiters.element, opening.delimiters.terminator
    digest = sha256(opening.raw.data + terminator)
    number = 1
    for raw in tokenizer.segments():
        spool.write(raw.verbatim)
        if not raw.data:
            continue
        number += 1
        digest.update(raw.data + terminator)
        if not survey.inside or raw.data.partition(element)[0] in _NAMES:
            survey.see(reader.read(raw, number, errors="replace"))
    survey.finish()
    return Interchange(opening, header, survey, digest.hexdigest(), spool)


def _header(opening: Opening, charset: str) -> InterchangeHeader:
    try:
        return read_header(opening, charset)
    except UnicodeDecodeError as error:
        position = f"byte {opening.raw.offset}"
        raise DecodeError(
            f"The interchange header (ISA) at {position} is not in the character set {charset}: "
            f"{error.object[error.start : error.end]!r}. Set the partner's charset.",
            position=position,
            segment="ISA",
        ) from None
