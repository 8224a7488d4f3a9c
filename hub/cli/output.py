"""Writing results: one JSON document, or text for people.

What came from outside is shown with control characters escaped and never read as markup.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from pydantic_core import to_json
from rich import box
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hub.cli.options import Format
from hub.contract.values import fixed
from hub.operations.previews import escape
from hub.operations.rows import money_words

R = TypeVar("R")

_WIDTH = 100
"""Columns where no terminal says how many."""

_ONE_LINE = 40
"""Characters of a cell that are kept on one line, so that no number is broken in two."""

_STYLES = {
    "dead": "bold red",
    "error": "bold red",
    "failed": "bold red",
    "refused": "red",
    "unauthorised": "red",
    "in_doubt": "bold magenta",
    "in doubt": "bold magenta",
    "quarantined": "bold red",
    "waiting": "yellow",
    "received": "cyan",
    "planned": "cyan",
    "sending": "cyan",
    "open": "cyan",
    "delivered": "green",
    "applied": "green",
    "acknowledged": "green",
    "dropped": "dim",
    "shadowed": "dim",
    "superseded": "dim",
    "filtered": "dim",
    "duplicate": "dim",
}


def emit(result: R, form: Format, show: Callable[[Console, R], None]) -> None:
    """Write a result: as it is in JSON, or as `show` writes it for people."""
    if form is Format.JSON:
        sys.stdout.write(to_json(result, indent=2).decode() + "\n")
        return
    show(make_console(), result)


def make_console() -> Console:
    """Standard output; as wide as the terminal, or 100 columns where there is none."""
    width = None if sys.stdout.isatty() else _WIDTH
    return Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False)


def plain(value: object) -> Text:
    """A value as text; nothing for None."""
    return Text("" if value is None else escape(str(value), keep="\n"))


def one_line(value: object, most: int = 400) -> Text:
    """A value on one line, cut where it is very long."""
    text = "" if value is None else " ".join(str(value).split())
    return Text(escape(text if len(text) <= most else f"{text[: most - 1]}…"))


def state(word: str) -> Text:
    """A state in its colour."""
    return Text(escape(word.replace("_", " ")), style=_STYLES.get(word, ""))


def at(moment: datetime | None) -> Text:
    """A time in the local zone, with its offset."""
    return Text("" if moment is None else moment.astimezone().isoformat(" ", "seconds"))


def amount(value: Decimal | None, unit: str = "") -> Text:
    """A number in fixed notation, with its currency or unit."""
    return Text("" if value is None else f"{fixed(value)} {unit}".strip())


def money(value: Decimal | None, currency: str) -> Text:
    """An amount of money, with two decimals or more."""
    return Text("" if value is None else money_words(value, currency))


def size(count: int) -> Text:
    """A number of bytes for people."""
    for unit, divisor in (("MiB", 1024 * 1024), ("KiB", 1024)):
        if count >= divisor:
            return Text(f"{count / divisor:.1f} {unit}")
    return Text(f"{count} B")


def table(columns: Sequence[str], rows: Sequence[Sequence[Text]], *, wrap: Sequence[str] = ()) -> Table:
    """A table. Columns named in `wrap` share what room is left; the others keep one line up to 40 characters."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold", expand=bool(wrap))
    for place, name in enumerate(columns):
        if name in wrap:
            made.add_column(name, overflow="fold", ratio=1, min_width=12)
        else:
            longest = max((row[place].cell_len for row in rows), default=0)
            made.add_column(name, overflow="fold", min_width=max(cell_len(name), min(longest, _ONE_LINE)))
    for row in rows:
        made.add_row(*row)
    return made


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of a listing, and what is to be said about it below it."""

    cells: Sequence[Text]
    remarks: Sequence[Text] = ()


def listing(console: Console, columns: Sequence[str], entries: Sequence[Entry]) -> None:
    """Rows of short values that are never cut, in columns as wide as they need, with remarks below in full width."""
    widths = [
        max(cell_len(name), *(entry.cells[place].cell_len for entry in entries)) for place, name in enumerate(columns)
    ]
    _print_row(console, [Text(name, style="bold") for name in columns], widths)
    for entry in entries:
        _print_row(console, entry.cells, widths)
        for remark in entry.remarks:
            if remark.plain:
                console.print(indented(remark, 4))


def _print_row(console: Console, cells: Sequence[Text], widths: Sequence[int]) -> None:
    line = Text()
    for cell, width in zip(cells, widths, strict=True):
        line += cell + Text(" " * (width - cell.cell_len + 2))
    line.rstrip()
    console.print(line, soft_wrap=True)


def indented(content: RenderableType, columns: int) -> Padding:
    """Content moved to the right, with nothing behind it."""
    return Padding(content, (0, 0, 0, columns), expand=False)


def section(console: Console, title: str, content: RenderableType) -> None:
    """A part of a page under its heading."""
    console.print()
    console.print(Text(title, style="bold underline"))
    console.print(indented(content, 2))


def facts(pairs: Iterable[tuple[str, Text]]) -> Table:
    """Names and values below each other; those without a value are left out."""
    made = Table.grid(padding=(0, 2))
    made.add_column(style="dim", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in pairs:
        if value.plain:
            made.add_row(name, value)
    return made
