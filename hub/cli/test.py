"""`crossdock test`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from hub.cli.app import FINDINGS
from hub.cli.options import Format, FormatOption, WorkspaceOption
from hub.cli.output import emit, plain
from hub.operations.access import find_root
from hub.operations.errors import BadInput
from hub.operations.testing import MappingCoverage, TestRun, TestView, junit_xml, run_workspace_tests


def run_tests(
    *,
    keyword: Annotated[
        str | None, typer.Option("--keyword", "-k", help="Only tests whose subject or name contains this.")
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Let tests that fail expect what is made now, if they expect all of it.")
    ] = False,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Tell which fields and branches of mappings no test reaches.")
    ] = False,
    junit: Annotated[
        Path | None,
        typer.Option("--junit", metavar="FILE", help="Write the results to this file for a build server."),
    ] = None,
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Run the tests of the workspace's mappings and pipelines."""
    run = run_workspace_tests(find_root(workspace), keyword, update=update, coverage=coverage)
    if keyword is not None and not run.tests:
        raise BadInput(f"There is no test whose subject or name contains {keyword!r}.", value=keyword)
    emit(run, form, _show)
    if junit is not None:
        _write(junit, junit_xml(run.tests))
    if run.failed:
        raise typer.Exit(FINDINGS)


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror or error}.", value=str(path)) from error


def _show(console: Console, run: TestRun) -> None:
    for test in run.failed:
        _show_failed(console, test)
    for one in run.written:
        line = f"{one.file}:{one.line}: {one.subject}: {one.name}: now expects what is made, in {one.written}"
        console.print(Text("✎ ", style="bold yellow") + plain(line), soft_wrap=True)
    for covered in run.coverage:
        _show_coverage(console, covered)
    if run.failed:
        console.print(f"{len(run.failed)} of {_tests(len(run.tests))} failed.", style="bold red")
    else:
        console.print(f"{_tests(len(run.tests))} passed." if run.tests else "There are no tests.")


def _tests(count: int) -> str:
    return "1 test" if count == 1 else f"{count} tests"


def _show_failed(console: Console, test: TestView) -> None:
    head = Text("✗ ", style="bold red") + plain(f"{test.file}:{test.line}: {test.subject}: {test.name}")
    console.print(head, soft_wrap=True)
    for difference in test.differences:
        console.print(Text("    ") + plain(difference), soft_wrap=True)


def _show_coverage(console: Console, covered: MappingCoverage) -> None:
    head = f"mapping {covered.mapping}: {covered.reached} of {covered.total} fields and branches reached"
    console.print(plain(head), style="" if covered.gaps else "dim", soft_wrap=True)
    for gap in covered.gaps:
        console.print(Text("    ") + plain(f"{gap.file}:{gap.line}: {gap.field}: {gap.lack}"), soft_wrap=True)
