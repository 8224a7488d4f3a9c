"""`crossdock map`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic_core import to_json
from rich.console import Console
from rich.text import Text

from hub.cli.app import FINDINGS, UNREADABLE
from hub.cli.options import Format, FormatOption, WorkspaceOption
from hub.cli.output import emit, one_line, plain
from hub.mapping import FieldError, MappingFailed
from hub.operations.access import find_root
from hub.operations.errors import BadInput
from hub.operations.mapping_runs import UNNAMED, FieldView, Mapped, MappingBench, RoundTrip, Sample


def map_file(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The file to map, or - for standard input.")],
    *,
    mapping: Annotated[str, typer.Option("--mapping", metavar="NAME", help="The mapping, such as shopify/order.")],
    explain: Annotated[bool, typer.Option("--explain", help="Show how each field comes about instead.")] = False,
    given: Annotated[
        Path | None, typer.Option("--given", metavar="YAML", help="Variables, xref and crosswalk, as in a test.")
    ] = None,
    round_trip: Annotated[bool, typer.Option("--round-trip", help="Map there and back, and compare.")] = False,
    back: Annotated[
        str | None, typer.Option("--back", metavar="NAME", help="The mapping that leads back; implies --round-trip.")
    ] = None,
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Map one file and show what comes of it; no hub and no database is needed."""
    if explain and (round_trip or back):
        raise BadInput("Say either --explain or --round-trip.")
    sample = _read(file)
    bench = MappingBench(find_root(workspace), None if given is None else _read(str(given)))
    try:
        if explain:
            _explain(bench.explain(mapping, sample), form)
        elif round_trip or back:
            _compare(bench.round_trip(mapping, sample, back), form)
        else:
            _write(bench.run(mapping, sample), form)
    except MappingFailed as failed:
        _fail(failed, form)


def _read(file: str) -> Sample:
    if file == "-":
        return Sample(UNNAMED, sys.stdin.buffer.read())
    try:
        return Sample(file, Path(file).read_bytes())
    except OSError as error:
        typer.echo(f"{file} cannot be read: {error.strerror or error}.", err=True)
        raise typer.Exit(UNREADABLE) from error


def _write(mapped: Mapped, form: Format) -> None:
    """The target's own bytes as they are, or the tree."""
    if form is Format.JSON:
        emit(mapped.output, form, _nothing)
    else:
        typer.echo(mapped.content, nl=not mapped.content.endswith(b"\n"))


def _nothing(console: Console, result: Any) -> None:
    """What is not JSON is written as bytes."""


def _explain(fields: list[FieldView], form: Format) -> None:
    emit(fields, form, _show_fields)
    if any(field.error for field in fields):
        raise typer.Exit(FINDINGS)


def _show_fields(console: Console, fields: list[FieldView]) -> None:
    for one in fields:
        outcome = Text(" ✗ ", style="bold red") + plain(one.error) if one.error else Text(" = ") + _value(one.value)
        console.print(Text(one.field or "the output", style="bold") + outcome, soft_wrap=True)
        _beneath(console, plain(f"{one.expression or 'constant'}  ({one.file}:{one.line})"))
        for read in one.reads:
            _beneath(console, plain(f"{read.path}: ") + _value(read.value))
        for row in one.crosswalks:
            _beneath(console, plain(f"crosswalk {row.table}: {row.value} → {row.target}"))


def _beneath(console: Console, text: Text) -> None:
    """A line that belongs to the one above, whole however long it is."""
    console.print(Text("    ") + text, soft_wrap=True)


def _value(value: Any) -> Text:
    """A value on one line; nothing is said to be nothing."""
    return one_line("nothing" if value is None else to_json(value).decode(), 200)


def _compare(result: RoundTrip, form: Format) -> None:
    emit(result, form, _show_differences)
    if result.differences:
        raise typer.Exit(FINDINGS)


def _show_differences(console: Console, result: RoundTrip) -> None:
    way = f"{result.mapping} and back by {result.back}"
    count = len(result.differences)
    if not count:
        console.print(plain(f"Nothing differs: {way}."), soft_wrap=True)
        return
    console.print(plain(f"{count} {'difference' if count == 1 else 'differences'}: {way}."), soft_wrap=True)
    for difference in result.differences:
        _beneath(console, plain(difference))


def _fail(failed: MappingFailed, form: Format) -> None:
    """Every field that could not be made; the errors stand where they do not mix with an output."""
    if form is Format.JSON:
        emit({"errors": [error.as_dict() for error in failed.errors]}, form, _nothing)
    for error in failed.errors if form is Format.TEXT else ():
        typer.echo(str(plain(_in_words(error))), err=True)
    raise typer.Exit(FINDINGS) from failed


def _in_words(error: FieldError) -> str:
    lines = [f"{error.location.file}:{error.location.line}: {error.field}: {error.message}"]
    if error.expression:
        lines.append(f"    expression: {error.expression}")
    if error.source:
        lines.append(f"    {error.source}: {'nothing' if error.value is None else error.value}")
    elif error.value is not None:
        lines.append(f"    value: {error.value}")
    if error.fix:
        lines.append(f"    fix: {error.fix}")
    return "\n".join(lines)
