"""What a test expects of an output, and what differs from it.

expect: …                                            the whole output
expect: {$partial: …}                                what must be found in it
expect: {$expr: output.lines | length == 2}          conditions on it, as in `$require`
expect: {$file: samples/expected.json}               the whole output, as a file
expect: {$error: {field: …, contains: …}}            there is none: it cannot be made
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from pydantic import BaseModel, ConfigDict

from hub.contract.errors import RejectedMessage
from hub.mapping.build import Builder
from hub.mapping.compare import compare
from hub.mapping.interpret import Interpreter
from hub.mapping.lookups import NoLookups
from hub.mapping.plan import Plan
from hub.source import Location, Mapping, Node, Problems, Scalar, nearest, plain, validate


@dataclass(frozen=True, slots=True)
class ExpectedValue:
    """The whole output, or with `partial` what must be found in it."""

    location: Location
    value: Any
    partial: bool = False


@dataclass(frozen=True, slots=True)
class ExpectedConditions:
    """Conditions on `output` and `source`, compiled as the `$require` of a mapping that makes nothing."""

    location: Location
    conditions: Plan


@dataclass(frozen=True, slots=True)
class ExpectedFile:
    """The whole output, as it stands in a file. The path is as it is written."""

    location: Location
    path: str


@dataclass(frozen=True, slots=True)
class ExpectedError:
    """There is no output: at this field if one is named, with these words somewhere in the message."""

    location: Location
    field: str | None = None
    contains: str = ""

    def __str__(self) -> str:
        """The error in words: `an error of lines that contains 'no item'`."""
        of_field = f" of {self.field}" if self.field else ""
        return f"an error{of_field}" + (f" that contains {self.contains!r}" if self.contains else "")


Expectation = ExpectedValue | ExpectedConditions | ExpectedFile | ExpectedError

ReadFile = Callable[[str], Any]
"""Reads an expected file as the output was read; raises RejectedMessage where it cannot."""


class Failed(Protocol):
    """A field that could not be made, and why."""

    @property
    def field(self) -> str: ...
    @property
    def message(self) -> str: ...


class _ErrorModel(BaseModel):
    model_config = ConfigDict(extra="forbid")

    field: str | None = None
    contains: str = ""


_NAMES: Final = frozenset(("output", "source"))
_KINDS: Final = ("$partial", "$expr", "$file", "$error")


def read_expectation(node: Node, problems: Problems) -> Expectation | None:
    """The expectation of a node, or None with what is wrong added to `problems`."""
    special = [key for key in node.entries if key.startswith("$")] if isinstance(node, Mapping) else []
    if not special or not isinstance(node, Mapping):
        return ExpectedValue(node.location, plain(node))
    key = special[0]
    location, value = node.entries[key]
    if key not in _KINDS or len(node.entries) > 1:
        message = f"what is expected is the whole, or one of {', '.join(f'{{{kind}: …}}' for kind in _KINDS)}"
        problems.error("unknown-construct", message, location, nearest(key, _KINDS))
        return None
    if key == "$partial":
        return ExpectedValue(node.location, plain(value), partial=True)
    return {"$expr": _read_conditions, "$file": _read_file, "$error": _read_error}[key](value, problems)


def _read_conditions(node: Node, problems: Problems) -> ExpectedConditions | None:
    nothing = Scalar(node.location, None, "null", plain=True)
    asked = Mapping(node.location, {"$require": (node.location, node), "$const": (node.location, nothing)})
    builder = Builder(_NAMES, problems)
    plan = builder.build(asked)
    if builder.use.crosswalks or builder.use.functions:
        message = "crosswalks, xref() and sequence() belong to mappings; here are output and source"
        problems.error("not-allowed", message, node.location)
        return None
    return ExpectedConditions(node.location, plan) if plan else None


def _read_file(node: Node, problems: Problems) -> ExpectedFile | None:
    if isinstance(node, Scalar) and isinstance(node.value, str) and node.value:
        return ExpectedFile(node.location, node.value)
    problems.error("wrong-type", "$file is the path of a file", node.location)
    return None


def _read_error(node: Node, problems: Problems) -> ExpectedError | None:
    model = validate(_ErrorModel, node, problems)
    return ExpectedError(node.location, model.field, model.contains) if model else None


def differences(expectation: Expectation, output: Any, *, source: Any, read_file: ReadFile) -> list[str]:
    """What differs of an output, each with its path, with what was expected and what was found.

    `source` is what `$expr` may read beside `output`; `read_file` reads what `$file` names.
    """
    if isinstance(expectation, ExpectedValue):
        return compare(expectation.value, output, expectation.partial)
    if isinstance(expectation, ExpectedConditions):
        return list(_unmet(expectation, output, source))
    if isinstance(expectation, ExpectedError):
        return [f"expected {expectation}, but there is an output"]
    try:
        return compare(read_file(expectation.path), output, partial=False)
    except RejectedMessage as error:
        return [f"what is expected: {error.message}"]


def failure_differences(expectation: Expectation, failed: Sequence[Failed]) -> list[str]:
    """What is unexpected where there is no output: all errors, or that none of them is the expected one."""
    said = [f"{error.field}: {error.message}" for error in failed]
    if not isinstance(expectation, ExpectedError):
        return said
    if any(_is_expected(error, expectation) for error in failed):
        return []
    return [f"expected {expectation}, found {'; '.join(said)}"]


def _is_expected(error: Failed, expected: ExpectedError) -> bool:
    return expected.field in (None, error.field) and expected.contains in error.message


def _unmet(expectation: ExpectedConditions, output: Any, source: Any) -> Iterator[str]:
    interpreter = Interpreter(NoLookups())
    interpreter.run(expectation.conditions, {"output": output, "source": source})
    for error in interpreter.errors:
        yield error.message
