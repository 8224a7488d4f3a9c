"""`crossdock check`."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from hub.cli.app import FINDINGS, UNREADABLE
from hub.cli.options import Format, WorkspaceOption
from hub.cli.output import emit, plain
from hub.contract.errors import ConfigError
from hub.operations.access import find_root
from hub.operations.configuration.checking import Finding, check_workspace


class CheckFormat(StrEnum):
    """How findings are written."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    """Workflow commands, which GitHub shows beside the lines of a pull request."""


_FormatOption = Annotated[
    CheckFormat,
    typer.Option("--format", help="text for people, json for programs, github for the checks of a pull request."),
]


def check(
    workspace: WorkspaceOption = None,
    *,
    strict: Annotated[bool, typer.Option("--strict", help="Let warnings end it with status 1, too.")] = False,
    form: _FormatOption = CheckFormat.TEXT,
) -> None:
    """Say everything that is wrong with the configuration, with file, line and what would be right.

    Needs no network, no database, no variables and no secrets.
    """
    root = find_root(workspace)
    try:
        findings = check_workspace(root)
    except ConfigError as error:
        typer.echo(error.message, err=True)
        raise typer.Exit(UNREADABLE) from error
    if form is CheckFormat.GITHUB:
        for finding in findings:
            typer.echo(_workflow_command(finding, root))
    else:
        emit(findings, Format(form.value), _show)
    if any(strict or finding.severity == "error" for finding in findings):
        raise typer.Exit(FINDINGS)


def _show(console: Console, findings: list[Finding]) -> None:
    for finding in findings:
        line = Text("warning: ", style="yellow") if finding.severity == "warning" else Text()
        console.print(line + plain(finding), soft_wrap=True)
    if not findings:
        console.print("Nothing is wrong.")


def _workflow_command(finding: Finding, root: Path) -> str:
    """`::error file=…,line=…,col=…,title=…::message`, the file as seen from the current directory.

    https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """
    file = Path(os.path.relpath(root / finding.file)).as_posix()
    where = {"file": file, "line": finding.line, "col": finding.column, "title": finding.kind}
    properties = ",".join(f"{key}={_escaped(str(value), ':,')}" for key, value in where.items())
    suggestion = f" ({finding.suggestion})" if finding.suggestion else ""
    return f"::{finding.severity} {properties}::{_escaped(finding.message + suggestion)}"


def _escaped(text: str, more: str = "") -> str:
    """The text with what would end a command, or part two of its properties, written as `%0A`."""
    return "".join(f"%{ord(char):02X}" if char in "%\r\n" + more else char for char in text)
