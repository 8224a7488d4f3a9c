"""A body as a person can look at it: decoded, bounded, and safe to print."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

BYTES = 8192
"""How much of a body is looked at."""

CHARACTERS = 4000
"""How much of it is shown."""

_LINES = 16
_PER_LINE = 16


@dataclass(frozen=True, slots=True)
class Preview:
    """The beginning of a body.

    `encoding` is how it was read: `utf-8`, `utf-16`, `latin-1`, or `hex` for what is no text.
    Control characters other than line ends and tabs stand there escaped (`\\x1b`), so that no
    body can speak to a terminal.
    """

    text: str
    encoding: str
    truncated: bool


def preview(content: bytes, size: int) -> Preview:
    """The preview of a body of `size` bytes that begins with `content`."""
    head = content[:BYTES]
    text, encoding = _decode(head, is_whole=size <= len(head))
    if text is None:
        dump = _hexdump(head)
        return Preview(dump, "hex", size > _LINES * _PER_LINE)
    shown = escape(text[:CHARACTERS])
    return Preview(shown, encoding, len(text) > CHARACTERS or size > len(head))


def _decode(head: bytes, *, is_whole: bool) -> tuple[str | None, str]:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return codecs.getincrementaldecoder("utf-16")("replace").decode(head), "utf-16"
    try:
        return codecs.getincrementaldecoder("utf-8-sig")("strict").decode(head, is_whole), "utf-8"
    except UnicodeDecodeError:
        return (None, "hex") if b"\0" in head else (head.decode("latin-1"), "latin-1")


def escape(text: str, *, keep: str = "\n\t") -> str:
    """The text with what a terminal or a reader could be misled by escaped."""
    text = text.replace("\r\n", "\n")
    return "".join(char if char in keep or char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "backslashreplace").decode("ascii")


def _hexdump(content: bytes) -> str:
    lines = []
    for start in range(0, min(len(content), _LINES * _PER_LINE), _PER_LINE):
        piece = content[start : start + _PER_LINE]
        readable = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in piece)
        lines.append(f"{start:06x}  {piece.hex(' '):<47}  {readable}")
    return "\n".join(lines)
