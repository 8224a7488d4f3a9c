"""`crossdock reconcile`."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from hub.cli.options import Format, FormatOption, WorkspaceOption
from hub.cli.output import emit
from hub.cli.session import opened
from hub.operations.connections.reconcile import Reconciled
from hub.operations.connections.reconcile import reconcile as pull_now


def reconcile(
    name: Annotated[str, typer.Argument(metavar="CONNECTION", help="The connection to pull from.")],
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Pull from a connection now: what its webhooks missed, or a file that cannot wait for its time."""
    with opened(workspace) as session:
        emit(asyncio.run(pull_now(session.store, session.active, name, clock=session.clock)), form, _show)


def _show(console: Console, result: Reconciled) -> None:
    console.print(f"{result.stored} new from {result.connection}.")
