"""`crossdock gate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from hub.cli.app import FINDINGS
from hub.cli.options import Format, FormatOption, WorkspaceOption, parse_since
from hub.cli.output import emit, one_line, plain
from hub.cli.session import opened
from hub.operations.errors import BadInput, OperationRefused
from hub.operations.gate import Example, Group, Kind, Report, Selection, page_of, run_gate
from hub.operations.gate.words import HEADINGS, REMARKS, place_words
from hub.operations.ids import short

_LAST = 500
"""Messages that are looked at where nothing says which."""


def gate(
    new: Annotated[Path, typer.Argument(metavar="NEW_DIR", help="The directory with the new configuration.")],
    *,
    workspace: WorkspaceOption = None,
    last: Annotated[int | None, typer.Option("--last", min=1, metavar="N", help="The latest N messages.")] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="All messages since: 2026-03-31 or 7d.")
    ] = None,
    connection: Annotated[
        str | None, typer.Option("--connection", metavar="NAME", help="Only messages from this connection.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page for people there, too.")
    ] = None,
    examples: Annotated[
        int, typer.Option("--examples", min=1, max=100, metavar="N", help="Examples of each difference at most.")
    ] = 3,
    form: FormatOption = Format.TEXT,
) -> None:
    """Say what a new configuration would make otherwise of messages that came, without any effect.

    Status 1 if there is a difference.
    """
    which = _selection(last, since, connection)
    with opened(workspace) as session:
        report = run_gate(session.store, new, which, examples=examples)
    emit(report, form, _show)
    if html is not None:
        _write(html, page_of(report))
    if report.differs:
        raise typer.Exit(FINDINGS)


def _selection(last: int | None, since: str | None, connection: str | None) -> Selection:
    if last is not None and since is not None:
        raise BadInput("Say either --last or --since.")
    return Selection(last or (None if since else _LAST), parse_since(since), connection)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OperationRefused(f"{path} cannot be written: {error.strerror or error}.", file=str(path)) from error


def _show(console: Console, report: Report) -> None:
    console.print(plain(report.summary), soft_wrap=True)
    for note in report.notes:
        console.print(plain(note), soft_wrap=True)
    told: Kind | None = None
    for group in report.groups:
        if group.kind is not told:
            _show_heading(console, group.kind)
            told = group.kind
        _show_group(console, group)


def _show_heading(console: Console, kind: Kind) -> None:
    console.print()
    console.print(Text(HEADINGS[kind], style="bold underline"))
    if kind in REMARKS:
        console.print(plain(REMARKS[kind]), soft_wrap=True)


def _show_group(console: Console, group: Group) -> None:
    where = f" ({group.place.line})" if group.place.line else ""
    field = f": {group.place.field}" if group.place.field else ""
    line = one_line(f"{place_words(group)}{field}{where}") + Text(f"  {_times(group.count)}", style="bold")
    _line(console, 2, line)
    for example in group.examples:
        _line(console, 6, _example(example))
    more = group.count - sum(example.count for example in group.examples)
    if more:
        _line(console, 6, Text(f"and {more} more", style="dim"))


def _line(console: Console, columns: int, line: Text) -> None:
    """A line that is not broken where no terminal does it: it is looked for in logs."""
    console.print(Text(" " * columns) + line, soft_wrap=True)


def _example(example: Example) -> Text:
    """What is otherwise, how often, and one message in which it is."""
    before, after = ("nothing" if value is None else value for value in (example.before, example.after))
    said = example.note or f"{before} → {after}"
    masked = " (masked)" if example.masked else ""
    times = f"{_times(example.count)}, first " if example.count > 1 else ""
    order = f"{example.order}, " if example.order else ""
    return (
        one_line(f"{said}{masked}", most=1000)
        + Text("; ", style="dim")
        + one_line(f"{times}{order}{short(example.message)}")
    )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
