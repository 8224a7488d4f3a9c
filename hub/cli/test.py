"""`crossdock test`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from hub.cli.app import FINDINGS
from hub.cli.options import Format, FormatOption, WorkspaceOption
from hub.cli.output import emit, plain
from hub.operations.access import find_root
from hub.operations.configuration import MappingResult, run_mapping_tests


def run_mappings(
    keyword: Annotated[
        str | None, typer.Option("--keyword", "-k", help="Only tests whose mapping or name contains this.")
    ] = None,
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Run the tests that the workspace's mappings carry."""
    results = run_mapping_tests(find_root(workspace), keyword)
    emit(results, form, _show)
    if any(not result.passed for result in results):
        raise typer.Exit(FINDINGS)


def _show(console: Console, results: list[MappingResult]) -> None:
    for result in results:
        if not result.passed:
            _show_failed(console, result)
    failed = sum(1 for result in results if not result.passed)
    if failed:
        console.print(f"{failed} of {len(results)} tests failed.", style="bold red")
    else:
        count = "1 test" if len(results) == 1 else f"{len(results)} tests"
        console.print(f"{count} passed." if results else "There are no such tests.")


def _show_failed(console: Console, result: MappingResult) -> None:
    head = Text("✗ ", style="bold red") + plain(f"{result.file}:{result.line}: {result.mapping}: {result.name}")
    console.print(head, soft_wrap=True)
    for difference in result.differences:
        console.print(Text("    ") + plain(difference), soft_wrap=True)
