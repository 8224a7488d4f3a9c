"""`crossdock connectors`."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from pydantic_core import to_json
from rich.console import Console
from rich.text import Text

from hub.cli.options import Format, FormatOption
from hub.cli.output import Entry, emit, facts, listing, plain, section
from hub.operations.connectors import (
    ConnectorDescription,
    ConnectorView,
    Setting,
    describe_connector,
    list_connectors,
)

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_(form: FormatOption = Format.TEXT) -> None:
    """List the connectors there are: their type, what they connect to, and what they send and take."""
    emit(list_connectors(), form, _show)


@app.command()
def describe(
    type_: Annotated[str, typer.Argument(metavar="TYPE", help="The connector's type, as in YAML.")],
    form: FormatOption = Format.TEXT,
) -> None:
    """Describe a connector: its qualities, its payload types, and each key of a connection; in JSON with a schema."""
    emit(describe_connector(type_), form, _show_description)


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
    return plain(f"{what} {_names(types)}" if types else None)


def _names(types: list[str]) -> str:
    return ", ".join("anything" if name == "*" else name for name in types)


def _show_description(console: Console, one: ConnectorDescription) -> None:
    console.print(Text(one.title, style="bold"))
    pairs = [
        ("Type", plain(one.type)),
        ("Family", plain(one.family)),
        ("Direction", plain(", ".join(one.directions))),
        ("Sends", plain(_names(one.emits))),
        ("Takes", plain(_names(one.accepts))),
    ]
    console.print(facts(pairs))
    qualities = [(one.name, plain(f"{one.support}. {one.how}")) for one in one.qualities]
    section(console, "Qualities", facts(qualities))
    console.print()
    listing(console, ["Key", "Value", "Default"], [_setting(one) for one in one.settings])


def _setting(one: Setting) -> Entry:
    default = "required" if one.required else _default(one.default)
    type_ = f"{one.type}, secret" if one.secret else one.type
    return Entry([plain(one.key), plain(type_), plain(default)], [plain(one.description)])


def _default(value: Any) -> str:
    if value is None or value == "":
        return ""
    return value if isinstance(value, str) else to_json(value).decode()
