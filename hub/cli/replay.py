"""`crossdock replay`."""

from __future__ import annotations

import os
import socket
import sys
from typing import Annotated, Any

import typer
from rich.console import Console

from hub.cli.app import FINDINGS
from hub.cli.options import Format, FormatOption, LimitOption, WorkspaceOption
from hub.cli.output import Entry, at, emit, facts, listing, make_console, one_line, plain, state
from hub.cli.session import Session, actor, opened
from hub.operations.errors import BadInput, OperationRefused
from hub.operations.failures.replays import (
    Plan,
    PlanLine,
    Selection,
    cancel_replay,
    list_replays,
    plan_replay,
    run_replay,
    show_replay,
)
from hub.operations.ids import short
from hub.runtime.replay import ItemState, Mode

app = typer.Typer(no_args_is_help=True)

_Group = Annotated[
    str | None, typer.Option("--group", help="All failures of this cause: its key, or the id of one of them.")
]
_Order = Annotated[str | None, typer.Option("--order", help="What failed of this order, by any number.")]
_Connection = Annotated[str | None, typer.Option("--connection", help="What failed at this connection.")]
_All = Annotated[bool, typer.Option("--all", help="Everything that failed.")]
_Mode = Annotated[
    Mode, typer.Option("--mode", help="reprocess makes new bytes; resend sends the same ones, with the same key.")
]
_Plan = Annotated[str, typer.Argument(metavar="PLAN", help="The plan's id, or the end of it.")]


@app.command()
def plan(
    failures: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FAILURE]...", help="Failures by the end of their ids.", show_default=False),
    ] = None,
    *,
    group: _Group = None,
    order: _Order = None,
    connection: _Connection = None,
    everything: _All = False,
    mode: _Mode = Mode.REPROCESS,
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Plan a replay: store which failures it takes, and say what would happen to each."""
    selection = Selection(tuple(failures or ()), group, order, connection, everything)
    with opened(workspace) as session:
        made = plan_replay(session.store, selection, mode, actor=actor(), clock=session.clock)
    emit(made, form, _show_plan)


@app.command()
def run(
    id_: Annotated[
        str | None,
        typer.Argument(metavar="[PLAN]", help="A plan by the end of its id; or select what to replay at once."),
    ] = None,
    *,
    group: _Group = None,
    order: _Order = None,
    connection: _Connection = None,
    everything: _All = False,
    mode: _Mode = Mode.REPROCESS,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before what is selected here is run.")] = False,
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Run a plan, or plan and run in one step. Deliveries go out as soon as the hub takes them up."""
    selection = Selection((), group, order, connection, everything)
    is_selected = selection != Selection()
    if is_selected == (id_ is not None):
        raise BadInput("Name a plan, or select what to replay: --group, --order, --connection or --all.")
    with opened(workspace) as session:
        if id_ is None:
            id_ = _confirmed(session, selection, mode, yes=yes)
        done = run_replay(session.store, session.active, id_, actor=actor(), owner=_owner(), clock=session.clock)
    emit(done, form, _show_plan)
    if done.counts.get(ItemState.ERROR):
        raise typer.Exit(FINDINGS)


def _confirmed(session: Session, selection: Selection, mode: Mode, *, yes: bool) -> str:
    """The id of a new plan that is to be run."""
    if not yes and not sys.stdin.isatty():
        raise OperationRefused("Nobody can be asked here: plan first (`crossdock replay plan`), or say --yes.")
    made = plan_replay(session.store, selection, mode, actor=actor(), clock=session.clock)
    if not yes:
        _show_plan(make_console(), made)
        if not typer.confirm("Run it?", err=True):
            cancel_replay(session.store, made.id)
            raise OperationRefused("Nothing was done; the plan is cancelled.")
    return made.id


@app.command()
def cancel(id_: _Plan, workspace: WorkspaceOption = None, form: FormatOption = Format.TEXT) -> None:
    """Cancel a plan; one that is running stops after what it has under way."""
    with opened(workspace) as session:
        emit(cancel_replay(session.store, id_), form, _show_plan)


@app.command()
def show(id_: _Plan, workspace: WorkspaceOption = None, form: FormatOption = Format.TEXT) -> None:
    """Show a plan and what became of each item."""
    with opened(workspace) as session:
        emit(show_replay(session.store, id_), form, _show_plan)


@app.command("list")
def list_(limit: LimitOption = 50, workspace: WorkspaceOption = None, form: FormatOption = Format.TEXT) -> None:
    """List plans: who replayed what, when, and what came of it."""
    with opened(workspace) as session:
        emit(list_replays(session.store, limit=limit), form, _show_list)


def _owner() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:replay"


def _show_plan(console: Console, made: Plan) -> None:
    pairs = [
        ("Plan", plain(made.id)),
        ("State", plain(made.state)),
        ("Mode", plain(made.mode)),
        ("Of", plain(_selected(made.selection))),
        ("By", plain(made.actor)),
        ("Items", plain(_counted(made.counts))),
    ]
    console.print(facts(pairs))
    entries = [
        Entry(
            [
                plain(short(item.failure)),
                plain(item.target_kind),
                plain(item.connection),
                plain(item.order or "-"),
                state(item.state),
            ],
            [one_line(item.note or item.text)],
        )
        for item in made.items
    ]
    listing(console, ["Failure", "What", "Connection", "Order", "State"], entries)
    more = sum(made.counts.values()) - len(made.items)
    if more > 0:
        console.print(f"… and {more} more.")
    if made.state == "planned":
        console.print(f"Nothing was done yet: crossdock replay run {short(made.id)}")


def _show_list(console: Console, found: list[PlanLine]) -> None:
    if not found:
        console.print("Nothing was ever replayed.")
        return
    entries = [
        Entry(
            [plain(short(one.id)), at(one.created_at), plain(one.state), plain(one.mode), plain(one.actor)],
            [one_line(f"{_selected(one.selection)}: {_counted(one.counts)}")],
        )
        for one in found
    ]
    listing(console, ["Plan", "Made", "State", "Mode", "By"], entries)


def _selected(selection: dict[str, Any]) -> str:
    words = {"everything": "all"}
    return ", ".join(
        words.get(name, f"{name} {' '.join(value) if isinstance(value, list) else value}")
        for name, value in selection.items()
    )


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {word}" for word, count in counts.items())
