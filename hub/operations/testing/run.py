"""Runs the tests of a workspace, and says how they went."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from hub.operations.testing.coverage import MappingCoverage, cover
from hub.operations.testing.suite import read_suite, run_suite
from hub.operations.testing.update import Written, bring_up_to_date
from hub.workspace import read_directory
from hub.workspace.testing import TestResult


@dataclass(frozen=True, slots=True)
class TestView:
    """How one test went; `differences` are empty if it passed. `seconds` is how long it took."""

    # Not a test class, whatever pytest makes of its name.
    __test__ = False

    subject: str
    name: str
    file: str
    line: int
    passed: bool
    seconds: float
    differences: list[str]


@dataclass(frozen=True, slots=True)
class TestRun:
    """How all tests went. `written` tells what was brought up to date; `coverage` is empty if it was not asked for."""

    __test__ = False

    tests: list[TestView]
    written: list[Written] = field(default_factory=list)
    coverage: list[MappingCoverage] = field(default_factory=list)

    @property
    def failed(self) -> list[TestView]:
        """The tests that did not pass."""
        return [test for test in self.tests if not test.passed]


def run_workspace_tests(
    root: Path, keyword: str | None = None, *, update: bool = False, coverage: bool = False
) -> TestRun:
    """Run the tests of the workspace's own mappings and pipelines, in the order of files and lines.

    With `keyword` only those whose subject or name contains it. With `update` the tests that fail
    and expect all of an output expect from then on what is made now. Raises ConfigurationRefused
    if what is tested has errors, OperationRefused if an expectation cannot be written.
    """
    suite = read_suite(read_directory(root), keyword)
    results = run_suite(suite)
    written: list[Written] = []
    if update and not all(result.passed for result in results):
        suite, results, written = bring_up_to_date(root, suite, results)
    covered = cover(suite) if coverage else []
    return TestRun([_view(result) for result in results], written, covered)


def _view(result: TestResult) -> TestView:
    return TestView(
        subject=result.subject,
        name=result.name,
        file=result.location.file,
        line=result.location.line,
        passed=result.passed,
        seconds=round(result.seconds, 6),
        differences=list(result.differences),
    )
