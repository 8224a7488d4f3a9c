"""`crossdock ledger`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from hub.cli.options import Format, FormatOption, WorkspaceOption
from hub.cli.output import Entry, emit, listing, plain
from hub.cli.session import opened
from hub.operations.ledger import Rebuilt, rebuild
from hub.operations.orders.views import find_orders

app = typer.Typer(no_args_is_help=True)


@app.command("rebuild")
def rebuild_(
    numbers: Annotated[
        list[str] | None, typer.Argument(metavar="[ORDER]...", help="Only these, by any number.", show_default=False)
    ] = None,
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Fold the events of all orders and stocks again, and rewrite what does not say the same."""
    with opened(workspace) as session:
        subjects = [one for number in numbers for one in find_orders(session.store, number)] if numbers else None
        emit(rebuild(session.store, subjects), form, _show)


def _show(console: Console, rebuilt: Rebuilt) -> None:
    if rebuilt.differences:
        entries = [Entry([plain(one.number), plain(", ".join(one.tables))]) for one in rebuilt.differences]
        listing(console, ["Order", "Rewritten"], entries)
    folded = f"{rebuilt.orders} orders and {rebuilt.stocks} stocks folded from their events"
    console.print(f"{folded}; {len(rebuilt.differences)} differed.")
