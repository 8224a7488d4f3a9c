"""`crossdock messages`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hub.cli.delivery_view import show_deliveries
from hub.cli.lineage import show_lineage
from hub.cli.options import Format, FormatOption, LimitOption, WorkspaceOption, parse_since
from hub.cli.output import Entry, at, emit, facts, listing, one_line, plain, section, size, state, table
from hub.cli.session import opened
from hub.operations.documents import Document
from hub.operations.ids import short
from hub.operations.lineage.tracing import trace_message
from hub.operations.messages import Message, MessageFilter, MessagePage, list_messages, show_message

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_(
    *,
    find: Annotated[
        str | None,
        typer.Option(help="Any business number, SKU, file name, webhook id, idempotency key or id."),
    ] = None,
    connection: Annotated[str | None, typer.Option(help="Only from this connection.")] = None,
    state: Annotated[str | None, typer.Option(help="Only those whose worst state is this one: dead, waiting …")] = None,
    since: Annotated[
        str | None, typer.Option(help="Only those that came since then: 2026-03-31, 2026-03-31T14:30, 2h, 3d.")
    ] = None,
    limit: LimitOption = 50,
    after: Annotated[str | None, typer.Option(help="The page after this one, as the page before said.")] = None,
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """List what arrived, the latest first, each with the worst state of everything made of it."""
    which = MessageFilter(connection=connection, state=state, find=find, since=parse_since(since))
    with opened(workspace) as session:
        emit(list_messages(session.store, which, limit=limit, after=after), form, _show_page)


@app.command()
def show(
    id_: Annotated[str, typer.Argument(metavar="ID", help="The message's id, or the end of it.")],
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Show one message: headers, the beginning of its body, its documents and their deliveries."""
    with opened(workspace) as session:
        emit(show_message(session.store, id_, now=session.now), form, _show_message)


@app.command()
def lineage(
    id_: Annotated[str, typer.Argument(metavar="ID", help="The message's id, or the end of it.")],
    *,
    field: Annotated[
        str | None, typer.Option(help="Only what is at or below this path: buyer.email, lines[2].sku, lines.sku.")
    ] = None,
    delivery: Annotated[
        str | None, typer.Option(help="What this delivery carries, instead of the message's documents.")
    ] = None,
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Tell where each field came from: expression and place, what was read in the source, what was looked up."""
    with opened(workspace) as session:
        emit(trace_message(session.store, id_, field=field, delivery=delivery), form, show_lineage)


def _show_page(console: Console, page: MessagePage) -> None:
    if not page.messages:
        console.print("No message is like that.")
        return
    entries = [
        Entry(
            [
                plain(short(one.id)),
                at(one.received_at),
                state(one.state),
                plain(one.connection),
                plain(one.type),
                plain(", ".join(one.orders)),
            ],
            [one_line(one.name, most=160), one_line(one.reason)],
        )
        for one in page.messages
    ]
    listing(console, ["Id", "Received", "State", "From", "Type", "Orders"], entries)
    if page.next is not None:
        console.print(Text(f"There are more: --after {page.next}", style="dim"))


def _show_message(console: Console, message: Message) -> None:
    console.print(Text("Message ", style="bold") + plain(message.id) + Text("  ") + state(message.state))
    pairs = [
        ("From", plain(message.connection)),
        ("Type", plain(message.type)),
        ("Name", plain(message.name)),
        ("Received", at(message.received_at)),
        ("Read", at(message.drained_at)),
        ("Size", size(message.size)),
        ("Content type", plain(message.content_type)),
        ("Key", plain(message.transport_key)),
        ("SHA-256", plain(message.sha256)),
        ("Reason", plain(message.reason)),
        ("Failure", plain(None if message.failure is None else short(message.failure))),
    ]
    console.print(facts(pairs))
    if message.headers:
        section(console, "Headers", facts((name, plain(value)) for name, value in message.headers.items()))
    shown = message.preview
    cut = ", cut" if shown.truncated else ""
    section(console, f"Body ({shown.encoding}{cut})", plain(shown.text))
    if message.document_count:
        more = message.document_count - len(message.documents)
        section(console, "Documents", _documents(message.documents))
        if more > 0:
            console.print(f"  … and {more} more, all settled or like these.")
    for document in message.documents:
        if document.deliveries:
            about = document.order or document.position or short(document.id)
            console.print()
            console.print(plain(f"Deliveries of {document.kind} {about}"), style="bold underline")
            show_deliveries(console, document.deliveries)


def _documents(documents: list[Document]) -> Table:
    rows = [
        [
            plain(short(one.id)),
            plain(one.kind or "-"),
            plain(one.order or "-"),
            state(one.state),
            plain(one.effect or ""),
            one_line(" · ".join(part for part in (one.position, one.reason) if part)),
        ]
        for one in documents
    ]
    return table(["Id", "Kind", "Order", "State", "Effect", "Remarks"], rows, wrap=["Remarks"])
