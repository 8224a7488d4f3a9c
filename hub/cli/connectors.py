"""`crossdock connectors`."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.text import Text

from hub.cli.options import Format, FormatOption
from hub.cli.output import Entry, emit, listing, plain
from hub.operations.connectors import ConnectorView, list_connectors

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_(form: FormatOption = Format.TEXT) -> None:
    """List the connectors there are: their type, what they connect to, and what they send and take."""
    emit(list_connectors(), form, _show)


def _show(console: Console, found: list[ConnectorView]) -> None:
    entries = [
        Entry(
            [plain(one.type), plain(one.family), plain(one.title), plain(", ".join(one.directions))],
            [_types("sends", one.emits), _types("takes", one.accepts)],
        )
        for one in found
    ]
    listing(console, ["Type", "Family", "Title", "Direction"], entries)


def _types(what: str, types: list[str]) -> Text:
    words = ", ".join("anything" if name == "*" else name for name in types)
    return plain(f"{what} {words}" if types else None)
