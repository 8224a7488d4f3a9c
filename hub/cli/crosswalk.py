"""`crossdock crosswalk`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from hub.cli.options import Format, FormatOption, WorkspaceOption, parse_day
from hub.cli.output import Entry, emit, listing, plain
from hub.cli.session import actor, opened
from hub.operations.crosswalks import (
    AddedCrosswalkRow,
    CrosswalkLine,
    CrosswalkRow,
    RemovedCrosswalkRows,
    add_crosswalk_row,
    list_crosswalks,
    list_rows,
    remove_crosswalk_rows,
)

app = typer.Typer(no_args_is_help=True)

_Name = Annotated[str, typer.Argument(metavar="CROSSWALK", help="The table's name: sap/materials.")]


@app.command("list")
def list_(
    name: Annotated[
        str | None, typer.Argument(metavar="[CROSSWALK]", help="Show this table's rows.", show_default=False)
    ] = None,
    value: Annotated[str | None, typer.Option(help="Only rows for this value.")] = None,
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """List the code tables, or the rows of one in the order in which they count."""
    with opened(workspace) as session:
        if name is None:
            emit(list_crosswalks(session.store, session.in_force), form, _show_tables)
        else:
            emit(list_rows(session.store, session.in_force, name, value=value), form, _show_rows)


@app.command()
def add(
    name: _Name,
    value: Annotated[str, typer.Argument(metavar="FROM", help="The value that is looked up.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="What it is called on the other side.")],
    *,
    valid_from: Annotated[str | None, typer.Option("--from", metavar="DAY", help="The first day it holds.")] = None,
    valid_to: Annotated[str | None, typer.Option("--to", metavar="DAY", help="The last day it holds.")] = None,
    new: Annotated[bool, typer.Option("--new", help="Make the table if there is none of this name.")] = False,
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Add a row; the running hub takes it from its next message on."""
    with opened(workspace) as session:
        added = add_crosswalk_row(
            session.store,
            session.in_force,
            name,
            value,
            target,
            valid_from=parse_day(valid_from),
            valid_to=parse_day(valid_to),
            new=new,
            actor=actor(),
            clock=session.clock,
        )
    emit(added, form, _show_added)


@app.command()
def remove(
    name: _Name,
    value: Annotated[str, typer.Argument(metavar="FROM", help="The value that is looked up.")],
    target: Annotated[
        str | None, typer.Argument(metavar="[TO]", help="Only a row with this code.", show_default=False)
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All rows that were added, not the last alone.")] = False,
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Take back the row that was added last for a value; what was before counts again."""
    with opened(workspace) as session:
        removed = remove_crosswalk_rows(
            session.store,
            session.in_force,
            name,
            value,
            target=target,
            everything=everything,
            clock=session.clock,
        )
    emit(removed, form, _show_removed)


def _show_tables(console: Console, found: list[CrosswalkLine]) -> None:
    cells = [[plain(one.name), plain(one.file_rows), plain(one.added_rows), plain(one.file or "-")] for one in found]
    listing(console, ["Crosswalk", "Rows", "Added", "File"], [Entry(row) for row in cells])


def _show_rows(console: Console, found: list[CrosswalkRow]) -> None:
    rows = [
        [plain(one.value), plain(one.target), plain(one.valid_from), plain(one.valid_to), plain(one.origin)]
        for one in found
    ]
    listing(console, ["From", "To", "First day", "Last day", "Origin"], [Entry(row) for row in rows])


def _show_added(console: Console, added: AddedCrosswalkRow) -> None:
    before = "" if added.instead_of is None else f", instead of {added.instead_of}"
    console.print(plain(f"In {added.crosswalk}, {added.row.value} is {added.row.target}{before}."))


def _show_removed(console: Console, removed: RemovedCrosswalkRows) -> None:
    value = removed.rows[0].value
    codes = ", ".join(row.target for row in removed.rows)
    now = f"{value} is {removed.now}" if removed.now is not None else f"{value} has no entry"
    console.print(plain(f"Removed from {removed.crosswalk}: {codes}. Today {now}."))
