"""`crossdock check`."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.text import Text

from hub.cli.app import FINDINGS, UNREADABLE
from hub.cli.options import Format, FormatOption, WorkspaceOption
from hub.cli.output import emit, plain
from hub.contract.errors import ConfigError
from hub.operations.access import find_root
from hub.operations.configuration import Finding, check_workspace


def check(workspace: WorkspaceOption = None, form: FormatOption = Format.TEXT) -> None:
    """Say everything that is wrong with the configuration, with file, line and what would be right.

    Needs no network, no database, no variables and no secrets.
    """
    root = find_root(workspace)
    try:
        findings = check_workspace(root)
    except ConfigError as error:
        typer.echo(error.message, err=True)
        raise typer.Exit(UNREADABLE) from error
    emit(findings, form, _show)
    if any(finding.severity == "error" for finding in findings):
        raise typer.Exit(FINDINGS)


def _show(console: Console, findings: list[Finding]) -> None:
    for finding in findings:
        line = Text("warning: ", style="yellow") if finding.severity == "warning" else Text()
        console.print(line + plain(finding), soft_wrap=True)
    if not findings:
        console.print("Nothing is wrong.")
