"""CSV (RFC 4180 and its dialects): rows of text, or of what a connection's settings say of its columns.

Decoding: one tree a row, an object of its columns; an empty field is null. With `group_by`, rows
that follow each other and agree in those columns are one tree: the columns, and `rows` with all
their rows, so that the lines of an order travel together. Lines without a value are passed over.

A row that cannot be read is rejected with its line, column and value, and the others are read. A
rejected row takes its group with it, since an order without one of its lines is another order;
where it cannot be told which group it belongs to, both its neighbours go. A file that ends without
its trailing record is refused, and with it the last group, which may be cut off.

Encoding: `{"rows": [...]}`, a list of rows, or one row. Values are quoted where they must be.
Text that a spreadsheet would take for a formula is written as it is: data is not ours to alter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from connectors.formats._csv_options import CsvColumn, CsvColumns, CsvDialect, CsvOptions, CsvTrailer
from connectors.formats._csv_read import Fault, Reader, Row
from connectors.formats._csv_write import write
from hub.contract.errors import DecodeError
from hub.contract.format import UNNUMBERED, Format, Numbers, Reject, Tree

__all__ = ["CsvColumn", "CsvColumns", "CsvDialect", "CsvFormat", "CsvOptions", "CsvTrailer"]

_DEFAULT = CsvOptions()

_MOST_ROWS = 100_000
"""Rows of one group, which is held in memory."""


class CsvFormat(Format):
    """Rows to trees and back; by default with a header line, commas and UTF-8."""

    name: ClassVar[str] = "csv"
    content_type: ClassVar[str] = "text/csv"
    suffix: ClassVar[str] = ".csv"

    def __init__(self, options: CsvOptions = _DEFAULT) -> None:
        self.options = options

    def decode(self, stream: Iterable[bytes]) -> Iterator[Tree | Reject]:
        """Yield trees and rejects in the order of the file.

        DecodeError where nothing more can be read: the header line, the encoding, the trailer.
        """
        rows = Reader(stream, self.options).rows()
        if not self.options.group_by:
            yield from map(_single, rows)
            return
        for group in _groups(rows, self.options.group_by):
            yield group.tree(self.options.group_by)

    def encode(self, tree: Any, type: str, numbers: Numbers = UNNUMBERED) -> bytes:
        """The file; RejectedMessage naming the row and column that cannot be written."""
        return write(tree, self.options)


def _single(row: Row) -> Tree | Reject:
    if row.fault is not None:
        return _rejected(row.fault, row.line)
    return Tree(row.values, f"line {row.line}")


def _rejected(fault: Fault, line: int, others: int = 0) -> Reject:
    message = fault.message[0].upper() + fault.message[1:]
    if others:
        message += f" The {others} other row{'' if others == 1 else 's'} that belong with it wait with it."
    return Reject(message, f"line {line}", {"line": line, **fault.where})


@dataclass(slots=True)
class _Group:
    """Rows that follow each other and agree in some columns; `key` is None if that cannot be told."""

    key: tuple[Any, ...] | None
    rows: list[Row] = field(default_factory=list)
    neighbour: Row | None = None
    """A row beside it that may belong to it and cannot be read."""

    def tree(self, names: list[str]) -> Tree | Reject:
        """The rows as one tree, or what is wrong with the first that has a fault."""
        first, last = self.rows[0].line, self.rows[-1].line
        faults = [(row.fault, row.line) for row in self.rows if row.fault is not None]
        if faults:
            return _rejected(*faults[0], others=len(self.rows) - 1)
        if self.neighbour is not None:
            message = f"line {self.neighbour.line}, which cannot be read, may belong to the rows from line {first} on."
            return _rejected(Fault(message), first)
        common = {name: self.rows[0].values[name] for name in names}
        position = f"line {first}" if first == last else f"lines {first}-{last}"
        return Tree({**common, "rows": [row.values for row in self.rows]}, position)


def _groups(rows: Iterable[Row], names: list[str]) -> Iterator[_Group]:
    """Groups in their order; one is complete only when the next begins, or the file has ended well."""
    group: _Group | None = None
    for row in rows:
        key = tuple(row.values[name] for name in names) if all(name in row.values for name in names) else None
        if group is not None and key == group.key:
            group.rows.append(row)
            if len(group.rows) > _MOST_ROWS:
                message = f"More than {_MOST_ROWS} rows agree in {', '.join(names)}, and would be one document."
                raise DecodeError(message, position=f"line {row.line}")
            continue
        following = _Group(key, [row])
        if group is not None:
            if key is None:
                group.neighbour = row
            elif group.key is None:
                following.neighbour = group.rows[-1]
            yield group
        group = following
    if group is not None:
        yield group
