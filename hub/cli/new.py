"""`crossdock new`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from hub.cli.options import Format, FormatOption, WorkspaceOption
from hub.cli.output import emit, plain
from hub.cli.session import opened
from hub.contract.connector import Family
from hub.operations import scaffolds
from hub.operations.access import find_root
from hub.operations.fixtures.making import Fixture, make_fixture

app = typer.Typer(no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME")]


@app.command()
def connection(
    name: Name,
    type_: Annotated[str | None, typer.Option("--type", metavar="TYPE", help="The connector.")] = None,
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Write a connection with the keys that its connector requires."""
    emit(scaffolds.new_connection(find_root(workspace), name, type_), form, _show)


@app.command()
def mapping(
    name: Name,
    source: Annotated[str | None, typer.Option("--from", metavar="TYPE", help="What it reads.")] = None,
    target: Annotated[str | None, typer.Option("--to", metavar="TYPE", help="What it makes.")] = None,
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Write a mapping with the fields that its document requires, and a test that passes."""
    emit(scaffolds.new_mapping(find_root(workspace), name, source, target), form, _show)


@app.command()
def pipeline(
    name: Name,
    *,
    source: Annotated[str | None, typer.Option("--from", metavar="CONNECTION", help="Whose payloads.")] = None,
    payload: Annotated[str | None, typer.Option("--type", metavar="PAYLOAD", help="Which of them.")] = None,
    target: Annotated[str | None, typer.Option("--to", metavar="CONNECTION", help="Where they go.")] = None,
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Write a pipeline between two connections, with the mappings that are there."""
    emit(scaffolds.new_pipeline(find_root(workspace), name, source, target, payload), form, _show)


@app.command()
def connector(
    name: Name,
    family: Annotated[Family, typer.Option("--type", metavar="FAMILY", help="What kind of system it is.")],
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Write a connector with its simulator and tests, in a checkout of Crossdock; it passes the contract suite."""
    emit(scaffolds.new_connector(find_root(workspace), name, family), form, _show)


@app.command()
def fixture(
    message: Annotated[str, typer.Argument(metavar="MESSAGE", help="The message's id, or the end of it.")],
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Write a masked test of the mapping that a message failed in, beside that mapping."""
    with opened(workspace) as session:
        emit(make_fixture(session.store, session.root, message), form, _show_fixture)


def _show(console: Console, written: list[str]) -> None:
    for path in written:
        console.print(plain(path), soft_wrap=True)


def _show_fixture(console: Console, made: Fixture) -> None:
    expected = "a result" if made.error is None else f"an error of {made.error}"
    console.print(plain(f"{made.mapping}: {made.name}, which expects {expected}."), soft_wrap=True)
    if not made.as_then:
        console.print("It does not go as the message went: the files here, or the masking, make a difference.")
    if made.written:
        for path in (made.file, made.sample):
            if path is not None:
                console.print(plain(path), soft_wrap=True)
        return
    console.print(plain(f"Nothing is written. This would stand under tests in {made.file}:"), soft_wrap=True)
    console.print(plain(made.test), soft_wrap=True)
    if made.sample is not None:
        console.print(plain(f"{made.sample}:\n{made.content}"), soft_wrap=True)
