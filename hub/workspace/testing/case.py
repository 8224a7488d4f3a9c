"""Test cases and their results: the frame of whatever a workspace's tests are about."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from hub.source import Location


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What a test should expect from now on, as the thing under test makes it today.

    `output` takes the place of the value that stands at `location`; with `path` and `content` it
    is a file of the workspace that is written instead.
    """

    location: Location
    output: Any = None
    path: str | None = None
    content: bytes = b""


class Case(Protocol):
    """One test of a mapping or a pipeline. The same files make the same cases in the same order.

    `subject` names what is tested, `mapping shop/order` or `pipeline orders`.
    """

    @property
    def subject(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def location(self) -> Location: ...

    def run(self) -> list[str]:
        """What differs from what is expected, a line each with its place; nothing if the test passes."""
        ...

    def rewrite(self) -> Rewrite | None:
        """What the test should expect instead; None where that is for a person to say."""
        ...


@dataclass(frozen=True, slots=True)
class TestResult:
    """How one test went. `location` is that of the test; `differences` are empty if it passed."""

    # Not a test class, whatever pytest makes of its name.
    __test__ = False

    subject: str
    name: str
    location: Location
    differences: tuple[str, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether there were no differences."""
        return not self.differences


def select(cases: Iterable[Case], keyword: str | None) -> list[Case]:
    """The cases whose subject or name contains the keyword, in the order of files and lines."""
    found = [case for case in cases if keyword is None or keyword in f"{case.subject}: {case.name}"]
    return sorted(found, key=lambda case: case.location)


def run_case(case: Case) -> TestResult:
    """Run one case, and see how long it takes."""
    began = time.perf_counter()
    differences = tuple(case.run())
    return TestResult(case.subject, case.name, case.location, differences, time.perf_counter() - began)
