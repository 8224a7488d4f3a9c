"""`crossdock config`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic_core import to_json
from rich.console import Console
from rich.text import Text

from hub.cli.options import Format, FormatOption, LimitOption, WorkspaceOption
from hub.cli.output import Entry, at, emit, facts, listing, plain, section, size
from hub.cli.session import actor, opened
from hub.operations.access import find_root
from hub.operations.configuration.activating import Applied, apply_directory, roll_back
from hub.operations.configuration.diffs import Diff, diff_directory, diff_versions
from hub.operations.configuration.versions import (
    Overview,
    ProcessLine,
    Version,
    VersionLine,
    overview,
    show_file,
    show_version,
)
from hub.workspace.versions import short_version

app = typer.Typer(no_args_is_help=True)

_NAMED = "A version by its first characters, or 'active'."
_STYLES = {"+": "green", "-": "red", "@": "cyan"}


@app.command()
def versions(workspace: WorkspaceOption = None, limit: LimitOption = 50, form: FormatOption = Format.TEXT) -> None:
    """List the versions of the configuration, who made each active and when, and what each process runs."""
    with opened(workspace) as session:
        emit(overview(session.store, limit=limit), form, _show_overview)


@app.command()
def show(
    version: Annotated[str, typer.Argument(metavar="[VERSION]", help=_NAMED)] = "active",
    path: Annotated[str | None, typer.Argument(metavar="[PATH]", help="A file of it, written as it is.")] = None,
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Show the files of a version, or one of them."""
    with opened(workspace) as session:
        if path is None:
            emit(show_version(session.store, version), form, _show_version)
            return
        found = show_file(session.store, version, path)
    if form is Format.JSON:
        sys.stdout.write(to_json(found.file, indent=2).decode() + "\n")
    else:
        sys.stdout.buffer.write(found.content)


@app.command()
def diff(
    before: Annotated[str, typer.Argument(metavar="[A]", help=_NAMED)] = "active",
    after: Annotated[
        str | None, typer.Argument(metavar="[B]", help="Another one; by default the files of the directory.")
    ] = None,
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Show what differs between two versions, or between one and the directory's files."""
    with opened(workspace) as session:
        if after is None:
            found = diff_directory(session.store, before, session.root)
        else:
            found = diff_versions(session.store, before, after)
    emit(found, form, _show_diff)


@app.command()
def rollback(
    version: Annotated[str, typer.Argument(metavar="VERSION", help="A version by its first characters.")],
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Make a version active that was active before, if it can still be used."""
    with opened(workspace) as session:
        emit(roll_back(session.store, version, actor=actor(), clock=session.clock), form, _show_taken_back)


@app.command()
def apply(
    directory: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="The directory whose files are applied.", show_default=False)
    ] = None,
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Check a directory like a start does, and make it what the running hub does, without a restart."""
    with opened(workspace or directory) as session:
        root = session.root if directory is None else find_root(directory)
        emit(apply_directory(session.store, root, actor=actor(), clock=session.clock), form, _show_applied)


def _show_overview(console: Console, found: Overview) -> None:
    if not found.versions:
        console.print("There is no version yet; `crossdock run` makes the first.")
        return
    listing(
        console, ["Version", "", "Came", "By", "Last active by", "At", "Who"], [_entry(one) for one in found.versions]
    )
    columns = ["Process", "Kind", "Runs", "Since"]
    if found.processes:
        console.print()
        listing(console, columns, [_process(one) for one in found.processes])
    else:
        console.print("No process is at work.", style="dim")


def _entry(one: VersionLine) -> Entry:
    last = one.activations[0] if one.activations else None
    made = [Text(), Text(), Text()] if last is None else [plain(last.purpose), at(last.at), plain(last.actor)]
    marked = Text("active" if one.active else "", style="green")
    return Entry([plain(short_version(one.version)), marked, at(one.created_at), plain(one.actor), *made])


def _process(one: ProcessLine) -> Entry:
    cells = [plain(one.process), plain(one.kind), plain(short_version(one.version)), at(one.since)]
    return Entry(cells, [Text.assemble((plain(one.note).plain, "yellow"))])


def _show_version(console: Console, one: Version) -> None:
    console.print(
        facts(
            [
                ("version", plain(one.version)),
                ("active", Text("yes" if one.active else "no")),
                ("came", at(one.created_at)),
                ("by", plain(one.actor)),
            ]
        )
    )
    if one.activations:
        history = [Entry([at(act.at), plain(act.purpose), plain(act.actor)]) for act in one.activations]
        section(console, "Made active", Text())
        listing(console, ["At", "By", "Who"], history)
    section(console, "Files", Text())
    listing(console, ["Path", "Size"], [Entry([plain(file.path), size(file.size)]) for file in one.files])


def _show_diff(console: Console, found: Diff) -> None:
    if not found.files:
        console.print("Nothing differs.")
    for file in found.files:
        for line in file.text.splitlines():
            console.print(Text(plain(line).plain, style=_STYLES.get(line[:1], "")), soft_wrap=True)


def _show_applied(console: Console, applied: Applied) -> None:
    name = short_version(applied.version)
    if applied.version == applied.before:
        console.print(f"{name} is active already; nothing differs.")
        return
    before = "" if applied.before is None else f" instead of {short_version(applied.before)}"
    console.print(f"{name} is active{before}. A running hub takes it up within about a second.")
    for path in applied.files:
        console.print(plain(f"  {path}"), soft_wrap=True)
    if applied.restart:
        console.print(f"Start the hub again for {', '.join(applied.restart)} of config/hub.yaml.", style="yellow")


def _show_taken_back(console: Console, applied: Applied) -> None:
    _show_applied(console, applied)
    console.print("The next `crossdock run` begins with the files of its directory: take the change back there, too.")
