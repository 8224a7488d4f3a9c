"""`crossdock schema`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from pydantic_core import to_json
from rich.console import Console

from hub.cli.options import Format
from hub.cli.output import emit, plain
from hub.operations.schemas.files import schema_kinds, schema_of, write_schemas


def schema(
    kind: Annotated[
        str | None,
        typer.Argument(metavar="[KIND]", help="A kind of file; without one, they are listed."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Write KIND.json files there.")] = None,
) -> None:
    """JSON Schemas of the files of a workspace, by which editors complete and check them."""
    if out is not None:
        emit(write_schemas(out, [kind] if kind else schema_kinds()), Format.TEXT, _show)
    elif kind is not None:
        typer.echo(to_json(schema_of(kind), indent=2))
    else:
        emit(schema_kinds(), Format.TEXT, _show)


def _show(console: Console, lines: list[str]) -> None:
    for line in lines:
        console.print(plain(line), soft_wrap=True)
