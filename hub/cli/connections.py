"""`crossdock connections`."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from hub.cli.app import FINDINGS
from hub.cli.options import Format, FormatOption, WorkspaceOption
from hub.cli.output import Entry, at, emit, listing, one_line, plain
from hub.cli.session import Session, actor, opened
from hub.operations.connections.health import ConnectionTest, ConnectionView, check_connection, list_connections
from hub.operations.connections.host_keys import HostKey, Offer, offered_host_keys, trust_host_keys
from hub.operations.connections.pauses import Paused, Resumed, pause_connection, resume_connection
from hub.operations.connections.shadow import Resent, resend_shadowed
from hub.operations.errors import BadInput, OperationRefused
from hub.operations.ids import short
from hub.operations.previews import escape

app = typer.Typer(no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The connection's name.")]


@app.command("list")
def list_(workspace: WorkspaceOption = None, form: FormatOption = Format.TEXT) -> None:
    """List the connections: whether they are paused, what they turned away, what is left to deliver."""
    with opened(workspace) as session:
        emit(list_connections(session.store, session.in_force), form, _show)


@app.command("test")
def check(name: NameArgument, workspace: WorkspaceOption = None, form: FormatOption = Format.TEXT) -> None:
    """Ask a connection's counterpart whether all is well; a pause for refused credentials ends if it is."""
    with opened(workspace) as session:
        result = asyncio.run(check_connection(session.store, session.written, name, clock=session.clock))
    _end_test(result, form)


@app.command()
def pause(
    name: NameArgument,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for whoever sees what waits.")] = "",
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Let a connection neither pull nor send until it is resumed; what is due waits."""
    with opened(workspace) as session:
        result = pause_connection(
            session.store, session.in_force, name, reason=reason, actor=actor(), clock=session.clock
        )
    emit(result, form, _show_paused)


@app.command()
def resume(name: NameArgument, workspace: WorkspaceOption = None, form: FormatOption = Format.TEXT) -> None:
    """Let a connection that was paused run again."""
    with opened(workspace) as session:
        result = resume_connection(session.store, session.in_force, name, actor=actor(), clock=session.clock)
    emit(result, form, _show_resumed)


@app.command()
def trust(
    name: NameArgument,
    fingerprint: Annotated[
        str,
        typer.Option(
            "--fingerprint", metavar="SHA256:…", help="The fingerprint that the server must have; nobody is asked then."
        ),
    ] = "",
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Show the host key that a connection's SFTP server offers, and keep it once it is confirmed."""
    with opened(workspace) as session:
        offer = asyncio.run(offered_host_keys(session.store, session.written, name, clock=session.clock))
        if offer.keys:
            confirmed = [key for key in offer.keys if _is_confirmed(key, fingerprint)]
            result = asyncio.run(_trusted(session, name, confirmed))
        else:
            result = _without_offer(offer, fingerprint)
    _end_test(result, form)


def _without_offer(offer: Offer, fingerprint: str) -> ConnectionTest:
    """There is nothing to confirm; OperationRefused if that leaves a fingerprint unconfirmed."""
    if fingerprint and fingerprint.rstrip("=") not in offer.trusted:
        known = f"It trusts {', '.join(offer.trusted)}." if offer.trusted else "No key was confirmed before."
        raise OperationRefused(
            f"{offer.name} was offered no host key that is not trusted: {' '.join(offer.test.findings)} {known}",
            connection=offer.name,
        )
    return offer.test


async def _trusted(session: Session, name: str, keys: list[HostKey]) -> ConnectionTest:
    return await trust_host_keys(session.store, session.written, name, keys, actor=actor(), clock=session.clock)


def _is_confirmed(key: HostKey, fingerprint: str) -> bool:
    """Whether a person wants it; OperationRefused if not."""
    said = f"{key.server} offers {key.type} {key.fingerprint}"
    if fingerprint:
        if fingerprint.rstrip("=") != key.fingerprint:
            raise OperationRefused(f"{said}, and not {fingerprint}. It is not trusted, and nothing was sent to it.")
        return True
    if key.expected is not None:
        said = f"{said}, and no longer {key.expected}"
    if not sys.stdin.isatty():
        raise OperationRefused(
            f"{said}. Nobody can be asked here: if the server's operator confirms it, say "
            f"--fingerprint {key.fingerprint}."
        )
    typer.echo(escape(f"{said}."), err=True)
    if not typer.confirm("Does the server's operator confirm this fingerprint?", err=True):
        raise OperationRefused("It is not trusted, and nothing was sent to it.")
    return True


@app.command()
def resend(
    name: NameArgument,
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[DELIVERY]...", help="Deliveries by the end of their ids.")
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All that shadow kept back.")] = False,
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Send what was kept back while a connection was in shadow: the same bytes, of some deliveries or all."""
    if bool(ids) == everything:
        raise BadInput("Name deliveries, or say --all.")
    with opened(workspace) as session:
        result = resend_shadowed(session.store, session.active, name, ids or (), actor=actor(), clock=session.clock)
    emit(result, form, _show_resent)


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
        Text() if one.paused is None else _paused(one.paused, since=at(one.paused_at)),
        Text("in shadow: ", style="bold yellow") + plain("what is due is rendered and kept, and not sent")
        if one.shadow
        else Text(),
        plain(f"callers turned away: {turned_away}" if turned_away else None),
    ]


def _paused(why: str, *, since: Text) -> Text:
    head = f"paused since {since.plain}: " if since.plain else "paused: "
    return Text(head, style="bold yellow") + one_line(why)


def _end_test(result: ConnectionTest, form: Format) -> None:
    emit(result, form, _show_test)
    if not result.ok:
        raise typer.Exit(FINDINGS)


def _show_test(console: Console, result: ConnectionTest) -> None:
    head = Text("✓ ", style="green") if result.ok else Text("✗ ", style="bold red")
    console.print(head + plain(f"{result.name} {'is well' if result.ok else 'is not well'}"))
    for finding in result.findings:
        console.print(Text("  ") + plain(finding))
    if result.resumed:
        console.print("  It was paused, and runs again.")


def _show_paused(console: Console, result: Paused) -> None:
    console.print(plain(f"{result.name} is paused. {result.reason}"))
    if result.was_paused is not None:
        console.print(plain(f"It was paused before: {result.was_paused}"))


def _show_resumed(console: Console, result: Resumed) -> None:
    if result.was_paused is None:
        console.print(plain(f"{result.name} was not paused."))
    else:
        console.print(plain(f"{result.name} runs again. It was paused: {result.was_paused}"))


def _show_resent(console: Console, result: Resent) -> None:
    count = len(result.deliveries)
    console.print(plain(f"{count} deliver{'y' if count == 1 else 'ies'} to {result.name} will be sent."))
    for id_ in result.deliveries:
        console.print(plain(f"  {short(id_)}"))
