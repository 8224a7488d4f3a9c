"""Writes rows as a CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NoReturn

from connectors.formats._columns import shown, write_value
from connectors.formats._csv_options import CsvColumn, CsvOptions, CsvTrailer
from hub.contract.errors import RejectedMessage

_LINE_ENDS = {"crlf": "\r\n", "lf": "\n"}


def write(tree: Any, options: CsvOptions) -> bytes:
    """The file of a tree: `{"rows": [...]}`, a list of rows, or one row."""
    rows = _rows(tree, options)
    columns = options.columns or [CsvColumn.model_construct(name=name) for name in _names(rows)]
    text = io.StringIO(newline="")
    if options.header:
        _write(text, 0, [_title(column, options) for column in columns], columns, options)
    for number, row in enumerate(rows, start=1):
        _write(text, number, _fields(number, row, columns, options), columns, options)
    if options.trailer is not None:
        _write(text, 0, _trailer(options.trailer, len(rows)), columns, options)
    return text.getvalue().encode(options.encoding)


def _rows(tree: Any, options: CsvOptions) -> Sequence[Mapping[str, Any]]:
    """The rows; those of a group have the group's own values too."""
    common: Mapping[str, Any] = {}
    if isinstance(tree, Mapping) and "rows" in tree:
        common = {name: value for name, value in tree.items() if name != "rows"}
        for name in common:
            if name not in options.group_by:
                _refuse(f"{name!r} stands beside `rows`, where only columns of group_by may: put it in each row.", name)
        tree = tree["rows"]
    rows = tree if isinstance(tree, list) else [tree]
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, Mapping):
            _refuse(f"row {number} is a {type(row).__name__}, and must be an object of columns.", "", row)
    return [{**common, **row} for row in rows] if common else rows


def _names(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The columns that the rows have, in the order in which they first occur."""
    return list(dict.fromkeys(name for row in rows for name in row))


def _fields(number: int, row: Mapping[str, Any], columns: list[CsvColumn], options: CsvOptions) -> list[str]:
    unknown = row.keys() - {column.name for column in columns}
    if unknown:
        name = min(unknown)
        _refuse(f"row {number}: there is no column {name!r}; columns are {_listed(columns)}.", name, row[name])
    fields = [_field(f"row {number}", row.get(column.name), column, options) for column in columns]
    if not any(map(str.strip, fields)):
        _refuse(f"row {number} has no value in any column, and would be read as a blank line.", "")
    return fields


def _title(column: CsvColumn, options: CsvOptions) -> str:
    """The column's place in the header line, which must be readable as such."""
    if not column.title or column.title != column.title.strip():
        _refuse(f"'{shown(column.title)}' cannot name a column: it is empty or has spaces around it.", column.name)
    return _field("header line", column.title, CsvColumn.model_construct(name=column.name), options)


def _field(place: str, value: Any, column: CsvColumn, options: CsvOptions) -> str:
    try:
        text = write_value(value, column, decimal_comma=options.decimal_comma)
        text.encode(options.encoding)
    except UnicodeEncodeError:
        _refuse(
            f"{place}, column {column.title}: {_of(value)} cannot be written in {options.encoding}.", column.name, value
        )
    except ValueError as error:
        _refuse(f"{place}, column {column.title}: {_of(value)} {error}.", column.name, value)
    return text


def _write(text: io.StringIO, number: int, fields: list[str], columns: list[CsvColumn], options: CsvOptions) -> None:
    """Write one record. What would be read as a comment is quoted; what would be as the trailer is refused."""
    first = fields[0] if fields else ""
    if number and options.trailer is not None and first.strip() == options.trailer.marker:
        _refuse(f"row {number} begins with '{shown(first)}', which marks the trailing record.", columns[0].name, first)
    comment = bool(options.comment) and first.startswith(options.comment)
    # csv itself leaves a lone carriage return unquoted, which ends a line.
    quoted = comment or any("\r" in field for field in fields)
    needed: Literal[0, 1] = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    quoting: Literal[0, 1, 3] = needed if options.quote else csv.QUOTE_NONE
    writer = csv.writer(
        text,
        delimiter=options.delimiter,
        quotechar=options.quote or None,
        quoting=quoting,
        lineterminator=_LINE_ENDS[options.line_end],
    )
    if not options.quote:
        _refuse_unquoted(number, fields, columns, options, comment)
    writer.writerow(fields)


def _refuse_unquoted(
    number: int, fields: list[str], columns: list[CsvColumn], options: CsvOptions, comment: bool
) -> None:
    """Without quotes a value can hold neither the delimiter nor a line end, and not begin as a comment."""
    for place, field in enumerate(fields):
        if any(sign in field for sign in (options.delimiter, "\r", "\n")) or (comment and place == 0):
            name = columns[place].name if place < len(columns) else str(place + 1)
            _refuse(f"row {number}, column {name}: {_of(field)} would have to be quoted.", name, field)


def _trailer(trailer: CsvTrailer, rows: int) -> list[str]:
    if trailer.count is None:
        return [trailer.marker]
    return [trailer.marker, *[""] * (trailer.count - 2), str(rows)]


def _listed(columns: list[CsvColumn]) -> str:
    return ", ".join(column.name for column in columns)


def _of(value: Any) -> str:
    return f"'{shown(value)}'" if isinstance(value, str) else "it" if value is None else str(value)[:200]


def _refuse(message: str, field: str, value: Any = None) -> NoReturn:
    where = {} if value is None else {"value": shown(str(value))}
    raise RejectedMessage(f"This cannot be written as CSV: {message}", field=field, **where)
