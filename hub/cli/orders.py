"""`crossdock orders`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from hub.cli.delivery_view import show_deliveries
from hub.cli.options import Format, FormatOption, LimitOption, WorkspaceOption
from hub.cli.output import Entry, amount, at, emit, facts, listing, money, one_line, plain, section, state, table
from hub.cli.session import opened
from hub.operations.documents import Document
from hub.operations.ids import short
from hub.operations.orders.views import Order, OrderLine, find_orders, list_orders, show_order, summarize

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_(
    *,
    status: Annotated[str | None, typer.Option(help="Only in this status: captured, acknowledged …")] = None,
    number: Annotated[str | None, typer.Option(help="Only with this number or SKU.")] = None,
    trouble: Annotated[bool, typer.Option("--trouble", help="Only where something waits for a person.")] = False,
    limit: LimitOption = 50,
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """List orders, the last changed first."""
    with opened(workspace) as session:
        found = list_orders(session.store, status=status, number=number, trouble=trouble, limit=limit)
    emit(found, form, _show_list)


@app.command()
def show(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="Any number of the order, in any system.")],
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Show one order: a row per system, its lines, every event, delivery and attempt."""
    with opened(workspace) as session:
        found = find_orders(session.store, number)
        if len(found) == 1:
            emit(show_order(session.store, found[0], now=session.now), form, _show_order)
        else:
            emit(summarize(session.store, found), form, _show_several)


def _show_several(console: Console, found: list[OrderLine]) -> None:
    console.print(f"{len(found)} orders have this number; give one that only one of them has, or its id.")
    entries = [
        Entry([plain(one.subject), plain(one.number), plain(one.source), plain(one.status), at(one.changed_at)])
        for one in found
    ]
    listing(console, ["Id", "Number", "Source", "Status", "Changed"], entries)


def _show_list(console: Console, found: list[OrderLine]) -> None:
    if not found:
        console.print("No order is like that.")
        return
    entries = [
        Entry(
            [
                plain(one.number),
                plain(one.source),
                state(one.status),
                money(one.total, one.currency),
                at(one.changed_at),
                Text(", ".join(one.disagree), style="yellow"),
            ]
        )
        for one in found
    ]
    listing(console, ["Number", "Source", "Status", "Total", "Changed", "Not as expected"], entries)


def _show_order(console: Console, order: Order) -> None:
    console.print(Text("Order ", style="bold") + plain(order.number) + Text("  ") + state(order.status))
    known = [f"{number.system} {number.kind} {number.value}" for number in order.numbers]
    pairs = [
        ("Source", plain(order.source)),
        ("Total", money(order.total, order.currency)),
        ("Ordered", at(order.ordered_at)),
        ("Changed", at(order.changed_at)),
        ("Shipments", plain(", ".join(order.shipments))),
        ("Invoices", plain(", ".join(order.invoices))),
        ("Credits", plain(", ".join(order.credits))),
        ("Known as", plain("\n".join(known))),
        ("Id", plain(order.subject)),
    ]
    console.print(facts(pairs))
    _show_state(console, order)
    _show_progress(console, order)
    _show_documents(console, order)
    if order.deliveries:
        console.print()
        console.print(Text("Deliveries", style="bold underline"))
        show_deliveries(console, order.deliveries)
    _show_timeline(console, order)


def _show_state(console: Console, order: Order) -> None:
    if order.systems:
        rows = [
            [
                plain(one.system),
                plain(one.number or "-"),
                plain(one.expected),
                state(one.actual),
                Text("✓", style="green") if one.agrees else Text("✗", style="bold red"),
                one_line(one.note),
            ]
            for one in order.systems
        ]
        section(console, "Systems", table(["System", "Number", "Expected", "Actual", "", "Note"], rows, wrap=["Note"]))
    if order.items:
        items = [
            [
                plain(one.line),
                plain(one.sku or "-"),
                amount(one.quantity, one.unit),
                amount(one.confirmed, one.unit),
                plain(one.promised_on),
                amount(one.shipped or None, one.unit),
                amount(one.returned or None, one.unit),
                state(one.status),
            ]
            for one in order.items
        ]
        heads = ["Line", "SKU", "Ordered", "Confirmed", "Promised", "Shipped", "Returned", "Status"]
        section(console, "Lines", table(heads, items))


def _show_progress(console: Console, order: Order) -> None:
    """What nodes were asked for, where parcels are, and what came back."""
    rows = [
        *(_progress("request", one.number, one.node, one.stage, None) for one in order.requests),
        *(_progress("parcel", one.tracking, one.carrier, one.stage, one.detail) for one in order.parcels),
        *(_progress("return", one.number, None, one.stage, one.reason) for one in order.returns),
    ]
    if rows:
        section(console, "Fulfilment", table(["", "Number", "Where", "Stage", "Note"], rows, wrap=["Note"]))


def _progress(what: str, number: str, where: str | None, stage: str, note: str | None) -> list[Text]:
    return [plain(what), plain(number), plain(where or "-"), state(stage), one_line(note)]


def _show_documents(console: Console, order: Order) -> None:
    """What was said of the order, and by which message; what still waits comes first."""
    rows = [
        [
            plain(short(one.message)),
            plain(one.kind or "-"),
            plain(one.source),
            state(one.state),
            one_line(" · ".join(part for part in (_failure(one), one.reason or one.effect) if part)),
        ]
        for one in order.documents
    ]
    if rows:
        section(console, "Documents", table(["Message", "Kind", "From", "State", "Remarks"], rows, wrap=["Remarks"]))


def _failure(one: Document) -> str:
    return "" if one.failure is None else f"crossdock failures show {short(one.failure)}"


def _show_timeline(console: Console, order: Order) -> None:
    rows = [[at(one.at), one_line(one.text), plain("" if one.actor == "hub" else one.actor)] for one in order.timeline]
    if rows:
        section(console, "Timeline", table(["When", "What", "Who"], rows, wrap=["What"]))
