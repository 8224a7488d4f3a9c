"""Crosswalks: code tables, `config/crosswalks/**/*.csv`.

    from,to,valid_from,valid_to
    MUG-BLUE,100-204,,
    MUG-RED,100-201,2026-01-01,2026-06-30
    MUG-RED,100-205,2026-07-01,
    *,100-999,,

UTF-8, comma, quotes as in RFC 4180; the two dates are optional, inclusive, ISO 8601. Spaces
around a value do not count. A fifth column `one_way` holds `yes` for rows that are not read from
right to left, so that several values may have one code. The row of `*` is for values that have none
on that day; `*,*` lets them stay as they are. A crosswalk is named by its path: `sap/materials` for
`config/crosswalks/sap/materials.csv`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from hub.mapping import ValueRefused
from hub.source import Location, Problems, nearest

COLUMNS: Final = ("from", "to", "valid_from", "valid_to", "one_way")
MAX_VALUE: Final = 500
DEFAULT: Final = "*"
"""The value of the row for all that have none; as what it stands for, the value itself."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table; without dates it is always valid. If `one_way`, its target leads to no value."""

    value: str
    target: str
    valid_from: date
    valid_to: date
    location: Location
    one_way: bool = False

    def is_valid(self, at: date) -> bool:
        """Whether it holds on that day."""
        return self.valid_from <= at <= self.valid_to

    def overlaps(self, other: Row) -> bool:
        """Whether there is a day on which both hold."""
        return self.valid_from <= other.valid_to and other.valid_from <= self.valid_to


class Crosswalk:
    """A table from one system's codes to another's."""

    def __init__(self, name: str, rows: Iterable[Row]) -> None:
        self.name = name
        self._rows: dict[str, list[Row]] = {}
        for row in rows:
            self._rows.setdefault(row.value, []).append(row)
        for same in self._rows.values():
            same.sort(key=lambda row: row.valid_from)
        self._by_target: dict[str, list[Row]] = {}
        for row in self:
            if not row.one_way and row.value != DEFAULT:
                self._by_target.setdefault(row.target, []).append(row)

    def lookup(self, value: str, at: date | None = None) -> str | None:
        """What `value` stands for on the day `at`, without a day by its latest row; None if nothing."""
        found = self._target(value, at)
        if found is None:
            found = self._target(DEFAULT, at)
            return value if found == DEFAULT else found
        return found

    def _target(self, value: str, at: date | None) -> str | None:
        rows = self._rows.get(value, ())
        if at is None:
            return rows[-1].target if rows else None
        return next((row.target for row in rows if row.is_valid(at)), None)

    def reverse(self, code: str, at: date | None = None) -> str:
        """The value that has the code on the day; ValueRefused if none or several have."""
        return sole_value(self.name, code, self.values_of(code, at), stays=self.lets_stay(at))

    def values_of(self, code: str, at: date | None = None) -> set[str]:
        """The values that stand for a code on the day, without a day by their latest rows."""
        rows = self._by_target.get(code, ())
        return {row.value for row in rows if (row is self._rows[row.value][-1] if at is None else row.is_valid(at))}

    def lets_stay(self, at: date | None = None) -> bool:
        """Whether what has no row stays as it is."""
        return self._target(DEFAULT, at) == DEFAULT

    def __iter__(self) -> Iterator[Row]:
        for rows in self._rows.values():
            yield from rows

    def __len__(self) -> int:
        return sum(map(len, self._rows.values()))


def sole_value(table: str, code: str, values: Collection[str], *, stays: bool = False) -> str:
    """The one value that has a code; the code itself if none has and it `stays`. ValueRefused otherwise."""
    if len(values) > 1:
        names = " and ".join(repr(value) for value in sorted(values)[:5])
        raise ValueRefused(
            f"in the crosswalk {table!r} {code!r} is the code of {names}; mark all but one `one_way` in its file", code
        )
    if not values and not stays:
        raise ValueRefused(
            f"the crosswalk {table!r} has no value whose code is {code!r}; "
            f"add one with `crossdock crosswalk add {table} VALUE {code}`, then replay",
            code,
        )
    return next(iter(values), code)


def read_crosswalk(name: str, content: bytes, file: str, problems: Problems) -> Crosswalk | None:
    """The table of one file; None, and the reasons in `problems`, if it has an error.

    Kinds of problem: `syntax`, `unknown-column`, `missing-column`, `wrong-value`,
    `duplicate-key`.
    """
    found = Problems()
    rows = list(_rows(content, file, found))
    _report_overlaps(rows, found)
    for problem in found:
        problems.error(problem.kind, problem.message, problem.location, problem.suggestion)
    return None if len(found) else Crosswalk(name, rows)


def _rows(content: bytes, file: str, problems: Problems) -> Iterator[Row]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        message = f"byte 0x{content[error.start]:02X} is not UTF-8"
        problems.error("syntax", message, Location(file, line, 1), "save the file as UTF-8")
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    columns: list[str] | None = None
    start = Location(file, 1, 1)
    try:
        for cells in reader:
            if columns is None:
                columns = _columns(cells, start, problems)
            elif columns and cells and (row := _row(dict(zip(columns, cells, strict=False)), start, problems)):
                _report_width(cells, columns, start, problems)
                yield row
            start = Location(file, reader.line_num + 1, 1)
    except csv.Error as error:
        problems.error("syntax", str(error), start, "put a quote inside a quoted value twice")
    if columns is None:
        problems.error("missing-column", "the file is empty", start, f"begin with {','.join(COLUMNS[:2])}")


def _columns(cells: list[str], location: Location, problems: Problems) -> list[str]:
    """The header's names; empty if it is wrong."""
    names = [cell.strip() for cell in cells]
    before = len(problems)
    for name in names:
        if name not in COLUMNS:
            suggestion = nearest(name, COLUMNS) or f"the columns are {','.join(COLUMNS)}"
            problems.error("unknown-column", f"unknown column {name!r}", location, suggestion)
        elif names.count(name) > 1:
            problems.error("duplicate-key", f"the column {name!r} stands twice", location)
    for name in COLUMNS[:2]:
        if name not in names and len(problems) == before:
            problems.error("missing-column", f"missing column {name!r}", location, "begin with from,to")
    return names if len(problems) == before else []


def _report_width(cells: list[str], columns: list[str], location: Location, problems: Problems) -> None:
    if len(cells) > len(columns):
        message = f"{len(cells)} values in a table of {len(columns)} columns"
        problems.error("syntax", message, location, "put a value that holds a comma in quotes")


def _row(cells: dict[str, str], location: Location, problems: Problems) -> Row | None:
    value, target = cells.get("from", "").strip(), cells.get("to", "").strip()
    for column, text in (("from", value), ("to", target)):
        if not text or len(text) > MAX_VALUE:
            what = f"is longer than {MAX_VALUE} characters" if text else "is empty"
            problems.error("wrong-value", f"{column!r} {what}", location)
            return None
    first = _date(cells, "valid_from", date.min, location, problems)
    last = _date(cells, "valid_to", date.max, location, problems)
    if first is None or last is None:
        return None
    if last < first:
        problems.error("wrong-value", f"'valid_to' {last} is before 'valid_from' {first}", location)
        return None
    one_way = cells.get("one_way", "").strip()
    if one_way not in ("", "yes"):
        problems.error("wrong-value", f"'one_way' is {one_way!r}", location, "write yes, or nothing")
        return None
    return Row(value, target, first, last, location, bool(one_way))


def _date(cells: dict[str, str], column: str, open_end: date, location: Location, problems: Problems) -> date | None:
    text = cells.get(column, "").strip()
    if not text:
        return open_end
    try:
        return date.fromisoformat(text)
    except ValueError:
        problems.error("wrong-value", f"{column!r} is no date: {text!r}", location, "write it as 2026-12-31")
        return None


def _report_overlaps(rows: list[Row], problems: Problems) -> None:
    earlier: dict[str, list[Row]] = {}
    for row in rows:
        same = earlier.setdefault(row.value, [])
        clash = next((other for other in same if row.overlaps(other)), None)
        if clash is not None:
            message = f"{row.value!r} stands here and in line {clash.location.line}"
            suggestion = "give them valid_from and valid_to that do not overlap"
            problems.error("duplicate-key", message, row.location, suggestion)
        same.append(row)
