"""Writes records as lines of a fixed-width file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NoReturn

from connectors.formats._columns import shown, write_value
from connectors.formats._fixed_options import FixedColumn, FixedOptions, FixedRecord
from hub.contract.errors import RejectedMessage

_LINE_ENDS = {"crlf": "\r\n", "lf": "\n"}


def write(tree: Any, options: FixedOptions) -> bytes:
    """The file of one tree or of several."""
    kept = options.kept
    lines: list[str] = []
    for number, one in enumerate(_trees(tree, len(kept) == 1), start=1):
        if len(kept) == 1:
            lines.append(_line(f"row {number}", one, kept[0], options.encoding))
        else:
            lines += _document(one, kept, options.encoding)
    end = _LINE_ENDS[options.line_end]
    return "".join(line + end for line in lines).encode(options.encoding)


def _trees(tree: Any, is_table: bool) -> list[Any]:
    if is_table and isinstance(tree, Mapping) and set(tree) == {"rows"}:
        tree = tree["rows"]
    return tree if isinstance(tree, list) else [tree]


def _document(tree: Any, kept: list[FixedRecord], encoding: str) -> Iterator[str]:
    """The lines of one document: its first record, then the others kind by kind."""
    names = [record.name for record in kept]
    if not isinstance(tree, Mapping) or not isinstance(tree.get(names[0]), Mapping):
        _refuse(f"a document is an object with one {names[0]}.", names[0])
    unknown = tree.keys() - set(names)
    if unknown:
        _refuse(f"there is no record {min(unknown)!r}; records are {', '.join(names)}.", min(unknown))
    for record in kept:
        found = tree.get(record.name) or []
        for number, values in enumerate(found if isinstance(found, list) else [found], start=1):
            yield _line(f"{record.name} {number}", values, record, encoding)


def _line(place: str, values: Any, record: FixedRecord, encoding: str) -> str:
    if not isinstance(values, Mapping):
        _refuse(f"{place} is a {type(values).__name__}, and must be an object of columns.", record.name)
    unknown = values.keys() - {column.name for column in record.columns}
    if unknown:
        names = ", ".join(column.name for column in record.columns)
        _refuse(f"{place}: there is no column {min(unknown)!r}; columns are {names}.", min(unknown))
    parts = [(record.at, record.marker)]
    parts += [(column.start, _part(place, values.get(column.name), column, encoding)) for column in record.columns]
    line = ""
    for start, text in sorted(parts):
        line = line.ljust(start - 1) + text if text else line
    if not line.strip():
        _refuse(f"{place} has no value in any column, and would be read as a blank line.", record.name)
    return line


def _part(place: str, value: Any, column: FixedColumn, encoding: str) -> str:
    """A value as wide as its column."""
    try:
        text = _text(value, column)
        text.encode(encoding)
    except UnicodeEncodeError:
        _refuse(f"{place}, column {column.name}: {_of(value)} cannot be written in {encoding}.", column.name, value)
    except ValueError as error:
        _refuse(f"{place}, column {column.name}: {_of(value)} {error}.", column.name, value)
    if text and column.pad == "0":
        return text.zfill(column.width)
    return text.rjust(column.width) if column.is_right else text.ljust(column.width)


def _text(value: Any, column: FixedColumn) -> str:
    text = write_value(value, column)
    if column.decimals and text:
        scaled = Decimal(text).scaleb(column.decimals)
        if scaled != int(scaled):
            raise ValueError(f"has more than {column.decimals} decimals")
        text = str(int(scaled))
    if not text.isprintable():
        raise ValueError("holds what a line cannot, such as a line end")
    if len(text) > column.width:
        raise ValueError(f"is longer than its column, which has {column.width} characters")
    return text


def _of(value: Any) -> str:
    return f"'{shown(value)}'" if isinstance(value, str) else "it" if value is None else str(value)[:200]


def _refuse(message: str, field: str, value: Any = None) -> NoReturn:
    where = {} if value is None else {"value": shown(str(value))}
    raise RejectedMessage(f"This cannot be written at fixed widths: {message}", field=field, **where)
