"""The configuration of a directory: checked, its mappings tested, and ready to be started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hub.contract.errors import ConfigError
from hub.source import Problem, Problems
from hub.workspace import Workspace, load, read_directory, standard_library
from hub.workspace.checks import check
from hub.workspace.testing import TestResult, run_tests


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem with its place. `severity` is `error` or `warning`; `suggestion` may be empty."""

    severity: str
    kind: str
    message: str
    file: str
    line: int
    column: int
    suggestion: str

    def __str__(self) -> str:
        suggestion = f" ({self.suggestion})" if self.suggestion else ""
        return f"{self.file}:{self.line}:{self.column}: {self.kind}: {self.message}{suggestion}"


@dataclass(frozen=True, slots=True)
class MappingResult:
    """How one test of a mapping went; `differences` are empty if it passed."""

    mapping: str
    name: str
    file: str
    line: int
    passed: bool
    differences: list[str]


def findings_of(problems: Sequence[Problem] | Problems) -> list[Finding]:
    """Problems as plain results, in the order of files and lines."""
    return [
        Finding(
            severity=problem.severity.value,
            kind=problem.kind,
            message=problem.message,
            file=problem.location.file,
            line=problem.location.line,
            column=problem.location.column,
            suggestion=problem.suggestion,
        )
        for problem in sorted(problems, key=lambda problem: problem.location)
    ]


def check_workspace(root: Path) -> list[Finding]:
    """Everything that is wrong with the workspace at `root`; ConfigError if it cannot be read."""
    return findings_of(check(read_directory(root), library=standard_library()))


def run_mapping_tests(root: Path, keyword: str | None = None) -> list[MappingResult]:
    """Run the tests of the workspace's mappings; ConfigurationRefused if a mapping has errors.

    With `keyword` only those whose mapping or name contains it.
    """
    results = run_tests(read_directory(root), keyword, library=standard_library())
    return [_outcome(result) for result in results]


def _outcome(result: TestResult) -> MappingResult:
    return MappingResult(
        mapping=result.mapping,
        name=result.name,
        file=result.location.file,
        line=result.location.line,
        passed=result.passed,
        differences=list(result.differences),
    )


def load_workspace(root: Path) -> Workspace:
    """The workspace at `root` as its files say; ConfigurationRefused if it has errors."""
    loaded = load(read_directory(root), library=standard_library())
    loaded.problems.raise_if_errors()
    if loaded.workspace is None:
        raise ConfigError(f"The workspace {root} cannot be loaded.", file=str(root))
    return loaded.workspace


def startable_workspace(root: Path) -> Workspace:
    """The workspace at `root`, checked whole and with every outside value resolved, so that a hub can run it.

    Raises ConfigurationRefused with all that is wrong.
    """
    check(read_directory(root), library=standard_library()).raise_if_errors()
    workspace = load_workspace(root)
    for name in workspace.connections:
        workspace.connector_config(name)
    return workspace
