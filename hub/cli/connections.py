"""`crossdock connections`."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from hub.cli.app import FINDINGS
from hub.cli.options import Format, FormatOption, WorkspaceOption
from hub.cli.output import Entry, at, emit, listing, one_line, plain
from hub.cli.session import opened
from hub.operations.connections import (
    ConnectionTest,
    ConnectionView,
    Resumed,
    check_connection,
    list_connections,
    resume_connection,
)

app = typer.Typer(no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The connection's name.")]


@app.command("list")
def list_(workspace: WorkspaceOption = None, form: FormatOption = Format.TEXT) -> None:
    """List the connections: whether they are paused, what they turned away, what is left to deliver."""
    with opened(workspace) as session:
        emit(list_connections(session.store, session.written), form, _show)


@app.command("test")
def check(name: NameArgument, workspace: WorkspaceOption = None, form: FormatOption = Format.TEXT) -> None:
    """Ask a connection's counterpart whether all is well; a pause for refused credentials ends if it is."""
    with opened(workspace) as session:
        result = asyncio.run(check_connection(session.store, session.written, name, clock=session.clock))
    emit(result, form, _show_test)
    if not result.ok:
        raise typer.Exit(FINDINGS)


@app.command()
def resume(name: NameArgument, workspace: WorkspaceOption = None, form: FormatOption = Format.TEXT) -> None:
    """Let a connection that the hub paused run again."""
    with opened(workspace) as session:
        result = resume_connection(session.store, session.written, name, clock=session.clock)
    emit(result, form, _show_resumed)


def _show(console: Console, found: list[ConnectionView]) -> None:
    entries = [
        Entry(
            [
                plain(one.name),
                plain(one.type or "-"),
                plain(one.system),
                plain(one.failures or ""),
                at(one.pulled_at),
                _counts(one.deliveries),
            ],
            _remarks(one),
        )
        for one in found
    ]
    listing(console, ["Name", "Type", "System", "Failures", "Last pulled", "To deliver"], entries)


def _counts(counts: dict[str, int]) -> Text:
    return plain(", ".join(f"{count} {state.replace('_', ' ')}" for state, count in counts.items()))


def _remarks(one: ConnectionView) -> list[Text]:
    turned_away = ", ".join(f"{count} {code}" for code, count in one.refused.items())
    return [
        Text() if one.paused is None else Text("paused: ", style="bold yellow") + one_line(one.paused),
        plain(f"callers turned away: {turned_away}" if turned_away else None),
    ]


def _show_test(console: Console, result: ConnectionTest) -> None:
    head = Text("✓ ", style="green") if result.ok else Text("✗ ", style="bold red")
    console.print(head + plain(f"{result.name} {'is well' if result.ok else 'is not well'}"))
    for finding in result.findings:
        console.print(Text("  ") + plain(finding))
    if result.resumed:
        console.print("  It was paused, and runs again.")


def _show_resumed(console: Console, result: Resumed) -> None:
    if result.was_paused is None:
        console.print(plain(f"{result.name} was not paused."))
    else:
        console.print(plain(f"{result.name} runs again. It was paused: {result.was_paused}"))
