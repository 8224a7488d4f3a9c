"""Problems: what is wrong with the configuration, each with its place and what would be right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from hub.contract.errors import ConfigError
from hub.source.location import Location


class Severity(StrEnum):
    """What a problem leads to."""

    ERROR = "error"
    """The configuration is refused."""
    WARNING = "warning"
    """It is shown, and the configuration is taken."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding. `kind` is a stable name in kebab-case, `suggestion` says what would be right."""

    severity: Severity
    kind: str
    message: str
    location: Location
    suggestion: str = ""

    def __str__(self) -> str:
        suggestion = f" ({self.suggestion})" if self.suggestion else ""
        return f"{self.location}: {self.kind}: {self.message}{suggestion}"


class ConfigurationRefused(ConfigError):
    """The configuration has errors. `problems` holds all of them; the message lists one a line."""

    code = "configuration_refused"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        place = self.problems[0].location
        super().__init__(
            "\n".join(str(problem) for problem in self.problems),
            file=place.file,
            line=place.line,
            column=place.column,
            problems=[str(problem) for problem in self.problems],
        )


class Problems:
    """Collects problems, so that a person sees all of them at once."""

    def __init__(self) -> None:
        self._found: list[Problem] = []

    def error(self, kind: str, message: str, location: Location, suggestion: str = "") -> None:
        """Add an error."""
        self._add(Severity.ERROR, kind, message, location, suggestion)

    def warning(self, kind: str, message: str, location: Location, suggestion: str = "") -> None:
        """Add a warning."""
        self._add(Severity.WARNING, kind, message, location, suggestion)

    def _add(self, severity: Severity, kind: str, message: str, location: Location, suggestion: str) -> None:
        # `nearest` begins with "; " for use inside a sentence; here it stands alone.
        self._found.append(Problem(severity, kind, message, location, suggestion.removeprefix("; ")))

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    @property
    def errors(self) -> list[Problem]:
        """The errors among them, in the order they were found."""
        return [problem for problem in self._found if problem.severity is Severity.ERROR]

    def raise_if_errors(self) -> None:
        """Raise ConfigurationRefused if there is an error."""
        if errors := self.errors:
            raise ConfigurationRefused(errors)
