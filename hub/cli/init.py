"""`crossdock init`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from hub.cli.options import Format, FormatOption
from hub.cli.output import emit, plain
from hub.operations.scaffolds import init_workspace


def init(
    directory: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where; by default here.")] = Path(),
    form: FormatOption = Format.TEXT,
) -> None:
    """Make a new workspace that works at once: orders in by webhook, out as files. No file is overwritten."""
    written = [str(directory / path) for path in init_workspace(directory)]
    emit(written, form, _show)


def _show(console: Console, written: list[str]) -> None:
    for path in written:
        console.print(plain(path), soft_wrap=True)
    console.print("Next: `crossdock check`, `crossdock test`, `crossdock run`; the README says more.")
