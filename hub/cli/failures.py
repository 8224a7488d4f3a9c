"""`crossdock failures`."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from hub.cli.options import Format, FormatOption, LimitOption, WorkspaceOption, parse_pairs
from hub.cli.output import Entry, at, emit, facts, indented, listing, one_line, plain, section, state
from hub.cli.session import actor, opened
from hub.operations.failures.listing import Failure, FailureGroup, FailureLine, list_failures, list_groups, show_failure
from hub.operations.failures.settling import Decision, Settled, settle
from hub.operations.ids import short

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_(
    *,
    flat: Annotated[bool, typer.Option("--flat", help="One by one instead of by cause.")] = False,
    group: Annotated[
        str | None, typer.Option(help="Only those of this group: its key, or the id of one of them.")
    ] = None,
    connection: Annotated[str | None, typer.Option(help="Only of this connection.")] = None,
    closed: Annotated[bool, typer.Option("--closed", help="Those that are settled, one by one.")] = False,
    limit: LimitOption = 50,
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """List what stopped and waits for a person, by cause; the cause that struck last comes first."""
    with opened(workspace) as session:
        if flat or closed or group is not None:
            found = list_failures(session.store, group=group, connection_name=connection, closed=closed, limit=limit)
            emit(found, form, _show_flat)
        else:
            emit(list_groups(session.store, connection_name=connection, limit=limit), form, _show_groups)


@app.command()
def show(
    id_: Annotated[
        str, typer.Argument(metavar="ID", help="The end of a failure's id, or of what failed; or a group's key.")
    ],
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Show one failure: what, where, why, and what to do."""
    with opened(workspace) as session:
        emit(show_failure(session.store, id_), form, _show_failure)


@app.command("settle")
def settle_(
    id_: Annotated[str, typer.Argument(metavar="ID", help="The end of the failure's id, or of the delivery's.")],
    decision: Annotated[
        Decision,
        typer.Argument(
            metavar="DECISION",
            help="delivered: it arrived. not-delivered: it did not, send it again. drop: never send it.",
        ),
    ],
    number: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND=VALUE", help="The number the counterpart gave it, if it was delivered: order=4711."),
    ] = None,
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Decide on a delivery that is in doubt or dead."""
    numbers = parse_pairs(number)
    with opened(workspace) as session:
        settled = settle(session.store, id_, decision, numbers=numbers, actor=actor(), clock=session.clock)
    emit(settled, form, _show_settled)


def _show_groups(console: Console, groups: list[FailureGroup]) -> None:
    if not groups:
        console.print("Nothing waits for a person.")
        return
    for one in groups:
        head = Text(f"{one.count:>4}  ", style="bold red") + plain(f"{one.code.replace('_', ' ')} at {one.connection}")
        times = at(one.last_at).plain if one.count == 1 else f"{at(one.first_at).plain} … {at(one.last_at).plain}"
        about = f"  order {one.order}" if one.order else ""
        console.print(head + plain(about) + Text(f"  {times}", style="dim"))
        console.print(indented(one_line(one.text), 6))
        console.print(indented(Text(f"crossdock failures show {short(one.example)}", style="dim"), 6))


def _show_flat(console: Console, found: list[FailureLine]) -> None:
    if not found:
        console.print("There is no such failure.")
        return
    entries = [
        Entry(
            [
                plain(short(one.id)),
                at(one.opened_at),
                state(one.state),
                plain(one.connection),
                plain(one.order or "-"),
            ],
            [one_line(one.text)],
        )
        for one in found
    ]
    listing(console, ["Id", "Since", "State", "Connection", "Order"], entries)


def _show_failure(console: Console, one: Failure) -> None:
    console.print(plain(one.text), style="bold")
    closed = None if one.closed_by is None else f"{at(one.closed_at).plain} by {one.closed_by}"
    pairs = [
        ("Failure", plain(one.id)),
        ("What failed", plain(f"{one.target_kind} {one.target}, ") + state(one.state)),
        ("Connection", plain(one.connection)),
        ("Order", plain(one.order)),
        ("Message", plain(" ".join(part for part in (one.message, one.message_name) if part))),
        ("Since", at(one.opened_at)),
        ("Settled", plain(closed)),
        ("Group", plain(one.group)),
        ("Alike", plain(one.alike if one.alike > 1 else None)),
    ]
    console.print(facts(pairs))
    place = [(name, plain(value)) for name, value in _flat_place(one.place).items()]
    if place:
        section(console, "Where", facts(place))
    if one.detail:
        section(console, "Detail", plain(one.detail))
    if one.remedies:
        section(console, "What to do", plain("\n".join(one.remedies)))


def _flat_place(place: dict[str, Any]) -> dict[str, Any]:
    """The place without the list of all fields that failed, which the detail says in words."""
    shown = {name: value for name, value in place.items() if name not in ("errors", "line")}
    if "file" in shown and "line" in place:
        shown["file"] = f"{shown['file']}:{place['line']}"
    return shown


def _show_settled(console: Console, settled: Settled) -> None:
    console.print(plain(f"The delivery {short(settled.delivery)} to {settled.connection} is ") + state(settled.state))
