"""Bytes to segments, interchange by interchange, whatever the size of the file.

Each ISA says how its interchange is written: byte 4 is the element separator, ISA16 the component
separator, the byte after ISA16 the terminator, and ISA11, from version 00402 on and unless it is
a letter or digit, the repetition separator. Elements of the ISA are counted by separators, so that
one of another length than 106 characters is read too, with a warning. Line breaks around segments,
terminators without a segment (`~~`), a byte order mark and a missing last terminator do not matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from connectors.formats._stream import MAX_DOCUMENT
from connectors.formats.x12.segments import Element, Repeated, Segment
from hub.contract.errors import DecodeError

BOM: Final = b"\xef\xbb\xbf"
REPETITIONS_SINCE: Final = "00402"
"""The first ISA12 whose ISA11 is a repetition separator; before it, ISA11 names a standard (U)."""

_ISA_LENGTH: Final = 106
_ISA_WINDOW: Final = 4096
_LINE_BREAKS: Final = b"\r\n"
_NEXT_ISA: Final = re.compile(rb"[\r\n]+ISA[^0-9A-Za-z]")
_BLANKS: Final = b" \t\r\n\x00\x1a"
_HINTS: Final = (
    (b"UNA", "It looks like EDIFACT."),
    (b"UNB", "It looks like EDIFACT."),
    (b"<", "It looks like XML."),
    (b"{", "It looks like JSON."),
    (b"\xc9\xe2\xc1", "It is in EBCDIC; have it converted in transfer."),
    (b"\xff\xfe", "It is in UTF-16; have it sent in an 8-bit character set."),
    (b"\xfe\xff", "It is in UTF-16; have it sent in an 8-bit character set."),
    (b"GS", "The interchange header is missing; the file may have been cut or split."),
    (b"ST", "The interchange header is missing; the file may have been cut or split."),
)


@dataclass(frozen=True, slots=True)
class Delimiters:
    """The delimiters of one interchange, a byte each; `repetition` is empty where there is none."""

    element: bytes
    component: bytes
    terminator: bytes
    repetition: bytes = b""


class RawSegment(NamedTuple):
    """The bytes of one segment, line breaks around it and the terminator cut off; empty between two terminators.

    `verbatim` is all that was read for it, `offset` the place of `data` in the file.
    """

    data: bytes
    offset: int
    verbatim: bytes


@dataclass(frozen=True, slots=True)
class Opening:
    """An ISA: its 16 elements as they stand, the delimiters it sets, and what is odd about it."""

    raw: RawSegment
    elements: tuple[bytes, ...]
    delimiters: Delimiters
    warnings: tuple[str, ...]


class Tokenizer:
    """Reads a file forward: `open` an interchange, then its `segments`, and so on until `open` finds no more."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._source = _Source(chunks)
        self._terminator = b""

    def open(self) -> Opening | None:
        """The next ISA, None at the end; DecodeError where anything else stands."""
        self._source.skip(_BLANKS + self._terminator)
        head = self._source.peek(_ISA_WINDOW)
        if not head:
            return None
        opening = _read_isa(head, self._source.offset)
        self._source.advance(len(opening.raw.verbatim))
        self._terminator = opening.delimiters.terminator
        return opening

    def segments(self) -> Iterator[RawSegment]:
        """What follows the ISA up to its IEA, that one included; without an IEA, up to the next ISA or the end."""
        for raw in self._source.segments(self._terminator):
            if _is_isa(raw.data):
                self._source.back(len(raw.verbatim))
                return
            if raw.data.startswith(b"IEA"):
                yield self._end(raw)
                return
            yield raw

    def _end(self, raw: RawSegment) -> RawSegment:
        """The IEA; where its terminator is missing, without the interchange that follows on the next line."""
        following = _NEXT_ISA.search(raw.data)
        if following is None:
            return raw
        end = raw.verbatim.index(raw.data) + following.start()
        self._source.back(len(raw.verbatim) - end)
        return RawSegment(raw.data[: following.start()], raw.offset, raw.verbatim[:end])


def raw_segments(chunks: Iterable[bytes], terminator: bytes, offset: int) -> Iterator[RawSegment]:
    """The segments of bytes known to be of one interchange; `offset` is the file's at their first."""
    return _Source(chunks, offset).segments(terminator)


class SegmentReader:
    """Makes segments of bytes: takes elements, repetitions and components apart in one character set."""

    def __init__(self, delimiters: Delimiters, charset: str) -> None:
        self._charset = charset
        self._element = delimiters.element.decode(charset)
        self._component = delimiters.component.decode(charset)
        self._repetition = delimiters.repetition.decode(charset)

    def read(self, raw: RawSegment, number: int, errors: str = "strict") -> Segment:
        """The segment; UnicodeDecodeError if it is not in the character set, unless `errors` says "replace"."""
        text = raw.data.decode(self._charset, errors)
        identifier, *elements = text.split(self._element)
        if self._component not in text and not (self._repetition and self._repetition in text):
            return Segment(identifier, tuple(elements), number, raw.offset)
        return Segment(identifier, tuple(map(self._repeated, elements)), number, raw.offset)

    def _repeated(self, text: str) -> Element:
        if not self._repetition or self._repetition not in text:
            return self._simple(text)
        return Repeated(tuple(self._simple(item) for item in text.split(self._repetition)))

    def _simple(self, text: str) -> str | tuple[str, ...]:
        return tuple(text.split(self._component)) if self._component in text else text


class _Source:
    """A stream of bytes with a place in it, of which no more than a chunk and a segment is held."""

    def __init__(self, chunks: Iterable[bytes], offset: int = 0) -> None:
        self._chunks = iter(chunks)
        self._buffer = b""
        self._at = 0
        self.offset = offset

    def advance(self, count: int) -> None:
        """Go on by `count` bytes of those that were peeked at."""
        self._at += count
        self.offset += count

    def back(self, count: int) -> None:
        """Go back by `count` bytes of the segment that was just read."""
        self.advance(-count)

    def peek(self, count: int) -> bytes:
        """The next bytes, `count` of them unless the stream ends before."""
        while len(self._buffer) - self._at < count and self._fill():
            pass
        return self._buffer[self._at : self._at + count]

    def skip(self, blanks: bytes) -> None:
        """Go on to the first byte that is none of `blanks` and no byte order mark."""
        while head := self.peek(_ISA_WINDOW):
            rest = head.lstrip(blanks).removeprefix(BOM)
            self.advance(len(head) - len(rest))
            if len(rest) == len(head):
                return

    def segments(self, terminator: bytes) -> Iterator[RawSegment]:
        """Everything up to the end of the stream, cut at each terminator."""
        while True:
            start = self.offset
            verbatim = self._until(terminator)
            if not verbatim:
                return
            line = verbatim.removesuffix(terminator).lstrip(_LINE_BREAKS)
            lead = len(verbatim) - len(line) - verbatim.endswith(terminator)
            yield RawSegment(line.rstrip(_LINE_BREAKS), start + lead, verbatim)

    def _until(self, terminator: bytes) -> bytes:
        """The bytes up to and with the next terminator, or all that is left."""
        end = self._buffer.find(terminator, self._at)
        if end < 0:
            end = self._fill_until(terminator)
        found = self._buffer[self._at : end + 1]
        self.advance(len(found))
        return found

    def _fill_until(self, terminator: bytes) -> int:
        """Take in chunks until one has the terminator; its place in the buffer, or the last byte's."""
        parts = [self._buffer[self._at :]]
        size = len(parts[0])
        end = -1
        for chunk in self._chunks:
            parts.append(chunk)
            end = chunk.find(terminator)
            if end >= 0:
                break
            size += len(chunk)
            if size > MAX_DOCUMENT:
                raise _endless(self.offset, terminator)
        self._buffer, self._at = b"".join(parts), 0
        return size + end if end >= 0 else len(self._buffer) - 1

    def _fill(self) -> bool:
        chunk = next(self._chunks, None)
        if chunk is None:
            return False
        self._buffer, self._at = self._buffer[self._at :] + chunk, 0
        return True


def _is_isa(data: bytes) -> bool:
    return data[:3] == b"ISA" and not data[3:4].isalnum()


def _read_isa(head: bytes, offset: int) -> Opening:
    """The ISA that `head` begins with; `head` may go on with what follows."""
    if not head.startswith(b"ISA") or head[3:4].isalnum():
        raise _not_x12(head, offset)
    fields = head.split(head[3:4], 16) if len(head) > 3 else []
    if len(fields) < 17 or len(fields[16]) < 2:
        raise _broken_isa("it ends before its 16 elements and its terminator", offset)
    component, terminator = fields[16][:1], fields[16][1:2]
    length = len(head) - len(fields[16]) + 2
    if fields[16][1:3] == b"\r\n":
        length, terminator = length + 1, b"\n"
    data = head[:length].removesuffix(terminator).rstrip(_LINE_BREAKS)
    elements = tuple(field.translate(None, _LINE_BREAKS) for field in (*fields[1:16], component))
    delimiters = Delimiters(head[3:4], component, terminator, _repetition(elements))
    _check_delimiters(delimiters, offset)
    return Opening(RawSegment(data, offset, head[:length]), elements, delimiters, _isa_warnings(data))


def _repetition(elements: tuple[bytes, ...]) -> bytes:
    """ISA11 where it is a repetition separator, by ISA12 and by its looks."""
    separator, version = elements[10], elements[11].strip()
    is_separator = len(separator) == 1 and not separator.isalnum() and not separator.isspace()
    return separator if is_separator and version >= REPETITIONS_SINCE.encode() else b""


def _isa_warnings(data: bytes) -> tuple[str, ...]:
    length = len(data) + 1
    if length == _ISA_LENGTH:
        return ()
    return (f"The ISA has {length} characters instead of {_ISA_LENGTH}; its elements were counted by separators.",)


def _check_delimiters(delimiters: Delimiters, offset: int) -> None:
    used = [delimiters.element, delimiters.component, delimiters.terminator, delimiters.repetition]
    used = [delimiter for delimiter in used if delimiter]
    if len(set(used)) < len(used):
        raise _broken_isa("two of its delimiters are the same", offset)
    for delimiter in used:
        if delimiter.isalnum() or delimiter == b" " or delimiter >= b"\x80":
            raise _broken_isa(f"{delimiter!r} stands where a delimiter should", offset)


def _not_x12(head: bytes, offset: int) -> DecodeError:
    hint = next((hint for start, hint in _HINTS if head.startswith(start)), "Is it a file of another format?")
    found = ascii(head[:20].decode("latin-1"))
    return DecodeError(
        f"This is not X12: at byte {offset} an interchange header (ISA) is expected, but {found} was found. {hint}",
        position=f"byte {offset}",
    )


def _broken_isa(why: str, offset: int) -> DecodeError:
    return DecodeError(
        f"The interchange header (ISA) at byte {offset} cannot be read: {why}. Have the sender send the file again.",
        position=f"byte {offset}",
        segment="ISA",
    )


def _endless(offset: int, terminator: bytes) -> DecodeError:
    limit = MAX_DOCUMENT // (1024 * 1024)
    return DecodeError(
        f"The segment at byte {offset} does not end within {limit} MiB: no terminator "
        f"{terminator.decode('latin-1')!a} follows. The file may be damaged.",
        position=f"byte {offset}",
        limit=MAX_DOCUMENT,
    )
