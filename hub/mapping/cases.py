"""Tests that a mapping carries: what comes in, what is given, what is expected.

Running them (reading files, decoding) is not done here; see `expectation` for what differs.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from hub.mapping.expectation import Expectation, read_expectation
from hub.source import Location, Mapping, Node, Problems, Sequence, nearest, plain, validate


@dataclass(frozen=True, slots=True)
class Given:
    """What stands in for the hub: variables beside `source`, cross-references, code tables.

    `xref` is by system and kind, `crosswalk` by table and key; a table that is not given is
    the workspace's own.
    """

    variables: dict[str, Any] = field(default_factory=dict)
    xref: dict[str, dict[str, str]] = field(default_factory=dict)
    crosswalk: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MappingTest:
    """One test. The input is plain data, or a file if `file` is set, named from the folder of the test's own file."""

    name: str
    location: Location
    input: Any
    file: str | None
    given: Given
    expect: Expectation


class _TestModel(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1)
    input: Any
    given: dict[str, Any] = Field(default_factory=dict)
    expect: Any


class _GivenModel(BaseModel):
    xref: dict[str, dict[str, str]] = Field(default_factory=dict)
    crosswalk: dict[str, dict[str, str]] = Field(default_factory=dict)


def read_tests(node: Node | None, problems: Problems, names: Set[str]) -> list[MappingTest]:
    """The tests under a mapping's `tests`; what is wrong with them is added to `problems`."""
    if node is None:
        return []
    if not isinstance(node, Sequence):
        problems.error("wrong-type", "'tests' must be a list", node.location)
        return []
    found = [_read_test(item, problems, names) for item in node.items]
    _check_names(node, found, problems)
    return [test for test in found if test is not None]


def _check_names(node: Sequence, tests: list[MappingTest | None], problems: Problems) -> None:
    seen: set[str] = set()
    for item, test in zip(node.items, tests, strict=True):
        if test and test.name in seen:
            problems.error("duplicate-name", f"two tests are called {test.name!r}", item.location)
        if test:
            seen.add(test.name)


def _read_test(node: Node, problems: Problems, names: Set[str]) -> MappingTest | None:
    model = validate(_TestModel, node, problems)
    if model is None or not isinstance(node, Mapping):
        return None
    before = len(problems.errors)
    given = _read_given(node.get("given"), problems, names)
    expect = read_expectation(node.entries["expect"][1], problems)
    file = _file(node.entries["input"][1], problems)
    if expect is None or len(problems.errors) > before:
        return None
    return MappingTest(model.name, node.location, None if file else model.input, file, given, expect)


def _file(node: Node, problems: Problems) -> str | None:
    """The path of `{$file: path}`, or None if the input stands there itself."""
    if not isinstance(node, Mapping) or "$file" not in node.entries:
        return None
    path = plain(node.entries["$file"][1])
    if len(node.entries) > 1 or not isinstance(path, str) or not path:
        problems.error("wrong-type", "an input from a file is {$file: path}", node.location)
        return None
    return path


def _read_given(node: Node | None, problems: Problems, names: Set[str]) -> Given:
    if not isinstance(node, Mapping):
        return Given()
    model = validate(_GivenModel, node, problems)
    known = {*names, "xref", "crosswalk"} - {"source"}
    variables = {key: plain(value) for key, (_, value) in node.entries.items() if key not in ("xref", "crosswalk")}
    for key in variables.keys() - known:
        suggestion = nearest(key, known) or f"known are {', '.join(sorted(known))}"
        problems.error("unknown-key", f"unknown key {key!r}", node.entries[key][0], suggestion)
    return Given(variables, model.xref, model.crosswalk) if model else Given()
