"""`crossdock deliveries`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from hub.cli.delivery_view import show_deliveries
from hub.cli.options import Format, FormatOption, WorkspaceOption
from hub.cli.output import at, emit, facts, plain, section
from hub.cli.session import opened
from hub.operations.deliveries import Sent, show_delivery

app = typer.Typer(no_args_is_help=True)


@app.command()
def show(
    id_: Annotated[str, typer.Argument(metavar="ID", help="The delivery's id, or the end of it.")],
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Show one delivery: what it waits for, each attempt, and the beginning of the bytes that were sent."""
    with opened(workspace) as session:
        emit(show_delivery(session.store, id_, now=session.now), form, _show)


def _show(console: Console, sent: Sent) -> None:
    show_deliveries(console, [sent.delivery])
    pairs = [
        ("Delivery", plain(sent.delivery.id)),
        ("Order", plain(sent.order)),
        ("Route", plain(sent.delivery.route)),
        ("Mapping", plain(sent.delivery.mapping)),
        ("Planned", at(sent.delivery.created_at)),
        ("Settled", at(sent.delivery.settled_at)),
        ("Transmission", plain(sent.delivery.transmission)),
        ("Idempotency key", plain(sent.delivery.idempotency_key)),
        ("Type", plain(sent.type)),
        ("Name", plain(sent.name)),
        ("SHA-256", plain(sent.sha256)),
    ]
    console.print()
    console.print(facts(pairs))
    if sent.body is not None:
        cut = ", cut" if sent.body.truncated else ""
        section(console, f"Bytes sent ({sent.body.encoding}{cut})", plain(sent.body.text))
