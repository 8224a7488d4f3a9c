"""Reads records and rows of a CSV file, a piece at a time, each with its place.

Records are read by Python's csv module in strict mode.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from connectors.formats._columns import read_value, shown, unreadable
from connectors.formats._csv_options import CsvColumn, CsvOptions
from connectors.formats._lines import Lines, stopped


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a row: a sentence, and the column and value it is about, if about one."""

    message: str
    where: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """A row that begins in line `line`: its values by column, with those that could be read if it has a fault."""

    line: int
    values: dict[str, Any]
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class _Record:
    """The fields of a record; none of one that csv cannot tell apart, with its reason."""

    line: int
    fields: list[str]
    error: str = ""


class Reader:
    """The rows of one file. After the last, `count` is how many there were."""

    def __init__(self, stream: Iterable[bytes], options: CsvOptions) -> None:
        self._options = options
        self._lines = Lines(stream, options.encoding, options.comment)
        self._columns = options.columns
        self.count = 0

    def rows(self) -> Iterator[Row]:
        """Rows in their order; DecodeError where nothing more can be read, or the trailer does not fit."""
        records = self._records()
        if self._options.header:
            header = next(records, None)
            if header is not None:
                self._columns = _columns_of(header, self._options)
        for record in records:
            if self._is_trailer(record):
                self._check_end(record, next(records, None))
                return
            self.count += 1
            yield self._row(record)
        self._check_whole()

    def _records(self) -> Iterator[_Record]:
        """Records with something in them, also in quotes."""
        options = self._options
        quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if options.quote else csv.QUOTE_NONE
        reader = csv.reader(
            self._lines, delimiter=options.delimiter, quotechar=options.quote or None, quoting=quoting, strict=True
        )
        while True:
            self._lines.begin()
            try:
                fields = next(reader, None)
            except csv.Error as error:
                yield _Record(self._lines.first, [], str(error))
                continue
            if fields is None:
                return
            if any(map(str.strip, fields)):
                yield _Record(self._lines.first, fields)

    def _row(self, record: _Record) -> Row:
        if record.error:
            last = self._lines.number
            lines = f"lines {record.line} to {last} are" if last > record.line else f"line {last} is"
            return Row(record.line, {}, Fault(f"{lines} no record of a CSV file: {record.error}."))
        if len(record.fields) != len(self._columns):
            return Row(record.line, {}, self._wrong_size(record))
        values: dict[str, Any] = {}
        fault = None
        for column, text in zip(self._columns, record.fields, strict=True):
            try:
                values.update(self._value(column, text))
            except ValueError as error:
                fault = fault or _of_value(record.line, column, text, str(error))
        return Row(record.line, values, fault)

    def _value(self, column: CsvColumn, text: str) -> dict[str, Any]:
        if unreadable(text):
            raise ValueError(f"is not {self._options.encoding}; set the encoding that the file has")
        if column.name:
            return {column.name: read_value(text, column, decimal_comma=self._options.decimal_comma)}
        if text:
            raise ValueError("stands in a column without a name")
        return {}

    def _wrong_size(self, record: _Record) -> Fault:
        given, wanted = len(record.fields), len(self._columns)
        message = f"line {record.line} has {given} value{'' if given == 1 else 's'} for {wanted} columns."
        return Fault(message, {"value": shown(self._options.delimiter.join(record.fields))})

    def _is_trailer(self, record: _Record) -> bool:
        trailer = self._options.trailer
        return trailer is not None and bool(record.fields) and record.fields[0].strip() == trailer.marker

    def _check_end(self, trailer: _Record, more: _Record | None) -> None:
        """What the trailer counts is what was read, and nothing follows it."""
        if more is not None:
            raise stopped(more.line, "something follows the trailing record")
        place = self._options.trailer.count if self._options.trailer else None
        if place is None:
            return
        counted = trailer.fields[place - 1].strip() if len(trailer.fields) >= place else ""
        if not (counted.isascii() and counted.isdigit() and int(counted) == self.count):
            raise stopped(trailer.line, f"its trailing record counts '{shown(counted)}' rows, and {self.count} came")

    def _check_whole(self) -> None:
        if self._options.trailer is not None:
            marker = self._options.trailer.marker
            raise stopped(self._lines.number, f"it ends without its trailing record {marker!r}: it was cut off")


def _columns_of(header: _Record, options: CsvOptions) -> list[CsvColumn]:
    """The columns in the file's order: those that are declared, and any others as text."""
    if header.error:
        raise stopped(header.line, f"its header line is no record of a CSV file: {header.error}")
    titles = [title.strip() for title in header.fields]
    for title in titles:
        if unreadable(title):
            raise stopped(header.line, f"its header line is not {options.encoding}; set the encoding it has")
        if title and titles.count(title) > 1:
            raise stopped(header.line, f"its header line names '{shown(title)}' twice")
    declared = {column.title: column for column in options.columns}
    needed = [column.title for column in options.columns if column.required or column.name in options.group_by]
    missing = [title for title in needed or options.group_by if title not in titles]
    if missing:
        raise stopped(header.line, f"its header line lacks {', '.join(map(repr, missing))}")
    return [declared.get(title) or CsvColumn.model_construct(name=title) for title in titles]


def _of_value(line: int, column: CsvColumn, text: str, reason: str) -> Fault:
    value, title = shown(text), column.title or "without a name"
    return Fault(
        f"line {line}, column {title}: '{value}' {reason}." if text else f"line {line}, column {title}: {reason}.",
        {"field": title, "value": value},
    )
