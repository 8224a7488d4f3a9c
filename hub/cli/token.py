"""`crossdock token`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from hub.cli.options import Format, FormatOption, WorkspaceOption
from hub.cli.output import Entry, at, emit, listing, plain
from hub.cli.session import actor, opened
from hub.operations.tokens import NewToken, Token, add_token, list_tokens, remove_token

app = typer.Typer(no_args_is_help=True)

_Name = Annotated[str, typer.Argument(metavar="NAME", help="The token's name, which is kept with all it does.")]


@app.command()
def add(
    name: _Name,
    *,
    read_only: Annotated[bool, typer.Option("--read-only", help="It may look, and change nothing.")] = False,
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Make a token for the admin API and the metrics; it is shown once, and kept nowhere."""
    with opened(workspace) as session:
        made = add_token(session.store, name, read_only=read_only, actor=actor(), clock=session.clock)
    emit(made, form, _show_made)


@app.command("list")
def list_(workspace: WorkspaceOption = None, form: FormatOption = Format.TEXT) -> None:
    """List the tokens: what each may do, who made it, and when."""
    with opened(workspace) as session:
        emit(list_tokens(session.store), form, _show_list)


@app.command()
def remove(name: _Name, workspace: WorkspaceOption = None, form: FormatOption = Format.TEXT) -> None:
    """Remove a token; the running hub knows it no more from the next request on."""
    with opened(workspace) as session:
        emit(remove_token(session.store, name), form, _show_removed)


def _show_made(console: Console, made: NewToken) -> None:
    console.print(plain(made.secret), soft_wrap=True)
    console.print(f"Keep it now: it cannot be shown again. It may {_may(made.token)}.", style="dim")


def _show_list(console: Console, found: list[Token]) -> None:
    if not found:
        console.print("There is no token; `crossdock token add NAME` makes one.")
        return
    entries = [Entry([plain(one.name), plain(_may(one)), at(one.made_at), plain(one.made_by)]) for one in found]
    listing(console, ["Name", "May", "Made", "By"], entries)


def _show_removed(console: Console, token: Token) -> None:
    console.print(plain(f"{token.name} is known no more."))


def _may(token: Token) -> str:
    return "look only" if token.read_only else "look and change"
