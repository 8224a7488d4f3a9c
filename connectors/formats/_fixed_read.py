"""Reads the lines of a fixed-width file, each by its kind of record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from connectors.formats._columns import read_value, shown, unreadable
from connectors.formats._fixed_options import FixedColumn, FixedOptions, FixedRecord
from connectors.formats._lines import Lines


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a line, as it goes on after "Line 7", and the column and value it is about."""

    message: str
    where: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """A line: its kind ("" if it is of none) and its values by column."""

    number: int
    kind: str
    values: dict[str, Any]
    fault: Fault | None = None


def lines_of(stream: Iterable[bytes], options: FixedOptions) -> Iterator[Line]:
    """The lines that are kept; blank ones are passed over."""
    lines = Lines(stream, options.encoding)
    while True:
        lines.begin()
        text = next(lines, None)
        if text is None:
            return
        text = text.rstrip("\r\n")
        if not text.strip():
            continue
        record = next((one for one in options.records if one.fits(text)), None)
        if record is None:
            yield Line(lines.number, "", {}, Fault(" is no record of a known kind.", {"value": shown(text)}))
        elif not record.skip:
            yield _line(lines.number, text, record, options)


def _line(number: int, text: str, record: FixedRecord, options: FixedOptions) -> Line:
    values: dict[str, Any] = {}
    fault = _beyond(text, record)
    for column in record.columns:
        part = text[column.start - 1 : column.end]
        try:
            values[column.name] = _value(part, column, options.encoding)
        except ValueError as error:
            where = {"field": column.name, "value": shown(part)}
            fault = fault or Fault(f", column {column.name}: '{shown(part)}' {error}.", where)
    return Line(number, record.name, values, fault)


def _beyond(text: str, record: FixedRecord) -> Fault | None:
    end = max(column.end for column in record.columns)
    rest = text[max(end, record.at - 1 + len(record.marker)) :].strip()
    return Fault(f" goes on after its last column: '{shown(rest)}'.", {"value": shown(rest)}) if rest else None


def _value(part: str, column: FixedColumn, encoding: str) -> Any:
    if unreadable(part):
        raise ValueError(f"is not {encoding}; set the encoding that the file has")
    text = part.strip()
    if text and len(part) < column.width and column.is_right:
        raise ValueError("is cut off by the end of the line")
    if column.decimals and "." in text:
        raise ValueError("has a point, and its decimals are implied")
    value = read_value(text, column)
    return value.scaleb(-column.decimals) if column.decimals and isinstance(value, Decimal) else value
