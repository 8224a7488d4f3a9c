"""The configuration of a directory: checked, and ready to be started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hub.source import Problem, Problems
from hub.workspace import Files, Workspace, load, read_directory, standard_library
from hub.workspace.checking import check
from hub.workspace.files import without_tests


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


def load_workspace(root: Path) -> Workspace:
    """The workspace at `root` as its files say; ConfigurationRefused if it has errors."""
    return load(read_directory(root), library=standard_library()).usable()


def startable_workspace(root: Path) -> Workspace:
    """The workspace at `root`, checked whole and with every outside value resolved, so that a hub can run it.

    Raises ConfigurationRefused with all that is wrong.
    """
    return startable(read_directory(root), standard_library())


def startable(files: Files, library: Files | None = None) -> Workspace:
    """The workspace of these files, checked like at a start; those of a kept version need no library."""
    check(without_tests(files), library=library).raise_if_errors()
    workspace = load(files, library=library).usable()
    for name in workspace.connections:
        workspace.connector_config(name)
    return workspace
