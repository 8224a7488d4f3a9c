"""Fixed-width files: lines whose values stand at fixed places, of one kind or of several.

Decoding: with one kind of record, one tree a line, an object of its columns. With several, told
apart by a marker in the line, each record of the first kind begins a tree, which holds it and those
that follow: `{"order": {...}, "line": [{...}, {...}]}`, all kinds but the first as lists. Blanks
around a value are no part of it, and a blank value is null. A line may end before its last columns,
which then are null. A line that cannot be read is rejected with its place, and takes its tree with
it.

Encoding: such a tree, or a list of them; with one kind of record also `{"rows": [...]}`. Records of
a tree are written in the order of the settings. What does not fit into its column is refused, never
cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from connectors.formats._fixed_options import FixedColumn, FixedOptions, FixedRecord
from connectors.formats._fixed_read import Fault, Line, lines_of
from connectors.formats._fixed_write import write
from hub.contract.errors import DecodeError
from hub.contract.format import UNNUMBERED, Format, Numbers, Reject, Tree

__all__ = ["FixedColumn", "FixedOptions", "FixedRecord", "FixedWidthFormat"]

_MOST_RECORDS = 100_000
"""Records of one tree, which is held in memory."""

_DEFAULT = FixedOptions(records=[FixedRecord(columns=[FixedColumn(name="line", start=1, width=1000)])])
"""Without options nothing is known of the columns: each line is one text."""


class FixedWidthFormat(Format):
    """Lines to trees and back, by the places of their columns."""

    name: ClassVar[str] = "fixed_width"
    content_type: ClassVar[str] = "text/plain"
    suffix: ClassVar[str] = ".txt"

    def __init__(self, options: FixedOptions = _DEFAULT) -> None:
        self.options = options

    def decode(self, stream: Iterable[bytes]) -> Iterator[Tree | Reject]:
        """Yield trees and rejects in the order of the file; DecodeError where nothing more can be read."""
        lines = lines_of(stream, self.options)
        if len(self.options.kept) == 1:
            yield from map(_single, lines)
            return
        for document in _documents(lines, self.options.kept[0]):
            yield document.tree()

    def encode(self, tree: Any, type: str, numbers: Numbers = UNNUMBERED) -> bytes:
        """The file; RejectedMessage naming the record and column that cannot be written."""
        return write(tree, self.options)


def _single(line: Line) -> Tree | Reject:
    return _rejected(line.fault, line.number) if line.fault else Tree(line.values, f"line {line.number}")


def _rejected(fault: Fault, number: int) -> Reject:
    return Reject(f"Line {number}{fault.message}", f"line {number}", {"line": number, **fault.where})


@dataclass(slots=True)
class _Document:
    """A record of the first kind and those that follow it."""

    lines: list[Line] = field(default_factory=list)

    def tree(self) -> Tree | Reject:
        """The records by their kinds, or what is wrong with the first that has a fault."""
        first, *others = self.lines
        for line in self.lines:
            if line.fault is not None:
                return _rejected(line.fault, line.number)
        data: dict[str, Any] = {first.kind: first.values}
        for line in others:
            data.setdefault(line.kind, []).append(line.values)
        position = f"lines {first.number}-{others[-1].number}" if others else f"line {first.number}"
        return Tree(data, position)


def _documents(lines: Iterable[Line], opener: FixedRecord) -> Iterator[_Document]:
    """Documents in their order. What comes before the first is one of its own, which has a fault."""
    document = _Document()
    for line in lines:
        if line.kind == opener.name and document.lines:
            yield document
            document = _Document()
        document.lines.append(line if document.lines else _first(line, opener))
        if len(document.lines) > _MOST_RECORDS:
            message = f"More than {_MOST_RECORDS} records follow one {opener.name}."
            raise DecodeError(message, position=f"line {line.number}")
    if document.lines:
        yield document


def _first(line: Line, opener: FixedRecord) -> Line:
    if line.kind == opener.name or line.fault is not None:
        return line
    return replace(line, fault=Fault(f" is a {line.kind}, and no {opener.name} stands before it."))
