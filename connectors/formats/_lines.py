"""The lines of a text file that comes in chunks of bytes."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any

from hub.contract.errors import DecodeError

_LONGEST_LINE = 1024 * 1024
_LONGEST_RECORD = 8 * 1024 * 1024
"""Characters of a line and of a record, which may have line ends in its quotes."""


class _Chunks(io.RawIOBase):
    """Chunks of bytes as a file."""

    def __init__(self, stream: Iterable[bytes]) -> None:
        self._chunks = iter(stream)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = chunk
        taken = self._rest[: len(buffer)]
        buffer[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        return len(taken)


class Lines:
    """The lines of a file with their ends, within bounds. Comments are passed over at the start of a record.

    Bytes that are not of the encoding are lone surrogates (PEP 383), so that one of them spoils its
    record and not the file. `number` is the last line's, `first` that of the record it belongs to.
    """

    def __init__(self, stream: Iterable[bytes], encoding: str, comment: str = "") -> None:
        buffered = io.BufferedReader(_Chunks(stream))
        without_mark = "utf-8-sig" if encoding == "utf-8" else encoding
        self._text = io.TextIOWrapper(buffered, without_mark, errors="surrogateescape", newline="")
        self._encoding = encoding
        self._comment = comment
        self._size = 0
        self.number = 0
        self.first = 0

    def begin(self) -> None:
        """The next line begins a record."""
        self._size = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._read()
        while self._size == 0 and self._comment and line.startswith(self._comment):
            line = self._read()
        if self._size == 0:
            self.first = self.number
        self._size += len(line)
        if self._size > _LONGEST_RECORD:
            raise stopped(self.first, f"a record is longer than {_LONGEST_RECORD} characters; is a quote not closed?")
        return line

    def _read(self) -> str:
        try:
            line = self._text.readline(_LONGEST_LINE)
        except UnicodeError as error:
            raise stopped(self.number + 1, f"it is not {self._encoding}; set the encoding it has") from error
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) == _LONGEST_LINE and not line.endswith(("\r", "\n")):
            raise stopped(self.number, f"a line is longer than {_LONGEST_LINE} characters")
        return line


def stopped(line: int, reason: str) -> DecodeError:
    """The error for a file that cannot be read on from a line."""
    return DecodeError(f"This file cannot be read on, at line {line}: {reason}.", position=f"line {line}", line=line)
