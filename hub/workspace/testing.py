"""Runs the tests that mappings carry: samples in, expected output or error out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import ValidationError

from hub.contract.documents import KINDS
from hub.contract.errors import RejectedMessage
from hub.mapping import CrosswalkMissing, ExpectedError, MappingFailed, MappingTest, compare
from hub.mapping import Mapping as CompiledMapping
from hub.pipelines import refusal
from hub.source import ConfigurationRefused, Location
from hub.workspace.crosswalks import Crosswalk, sole_value
from hub.workspace.files import Files
from hub.workspace.loader import Draft, read_draft
from hub.workspace.samples import SAMPLE_HEADER, as_source, read_sample, sample_path, target_format

DEFAULTS: Mapping[str, Any] = {"effect": "created", "connection": "test", "target": "test", "headers": {}, "order": {}}
"""What a test that gives nothing else is run with."""


@dataclass(frozen=True, slots=True)
class TestResult:
    """How one test went. `location` is that of the test; `differences` are empty if it passed."""

    # Not a test class, whatever pytest makes of its name.
    __test__ = False

    mapping: str
    name: str
    location: Location
    differences: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether there were no differences."""
        return not self.differences


def run_tests(files: Files, keyword: str | None = None, *, library: Files | None = None) -> list[TestResult]:
    """Run the tests of the workspace's own mappings, in the order of their files.

    With `keyword`, only tests whose mapping or name contains it. Raises ConfigurationRefused if
    a mapping or a crosswalk has errors; those of other files do not matter here.
    """
    draft = read_draft(files, library)
    concerned = [problem for problem in draft.problems.errors if _concerns_mappings(problem.location.file)]
    if concerned:
        raise ConfigurationRefused(concerned)
    return [
        TestResult(mapping.name, test.name, test.location, tuple(_differences(mapping, test, draft)))
        for mapping in draft.mappings.values()
        if mapping is not None and mapping.location.file in files
        for test in mapping.tests
        if keyword is None or keyword in f"{mapping.name}: {test.name}"
    ]


def _concerns_mappings(file: str) -> bool:
    return file.startswith(("mappings/", "config/crosswalks/"))


class _TestLookups:
    """What a test gives; crosswalks it does not give are the workspace's, running numbers begin at 1."""

    def __init__(self, test: MappingTest, crosswalks: Mapping[str, Crosswalk | None]) -> None:
        self._given = test.given
        self._crosswalks = crosswalks
        self._numbers: dict[str, int] = {}

    def crosswalk(self, table: str, key: str, *, reverse: bool = False, on: date | None = None) -> str:
        given = self._given.crosswalk.get(table)
        if reverse:
            return self._reverse(table, key, on)
        workspace = self._crosswalks.get(table)
        found = given.get(key) if given is not None else workspace.lookup(key, on) if workspace is not None else None
        if found is None:
            raise CrosswalkMissing(table, key)
        return found

    def _reverse(self, table: str, code: str, on: date | None) -> str:
        given, workspace = self._given.crosswalk.get(table), self._crosswalks.get(table)
        if given is None and workspace is not None:
            return workspace.reverse(code, on)
        return sole_value(table, code, [value for value, target in (given or {}).items() if target == code])

    def xref(self, system: str, kind: str) -> str | None:
        return self._given.xref.get(system, {}).get(kind)

    def sequence(self, name: str) -> int:
        self._numbers[name] = self._numbers.get(name, 0) + 1
        return self._numbers[name]


def _differences(mapping: CompiledMapping, test: MappingTest, draft: Draft) -> list[str]:
    try:
        source = _source(mapping, test, draft.files)
    except RejectedMessage as error:
        return [f"input: {error.message}"]
    try:
        output = _output(mapping, test, source, draft)
    except MappingFailed as error:
        return list(_of_failure(error, test.error))
    except RejectedMessage as error:
        return [error.message]
    if test.error is not None:
        return [f"expected an error{_of_field(test.error)}, but the mapping succeeded"]
    return compare(test.expect, output, test.partial)


def _source(mapping: CompiledMapping, test: MappingTest, files: Files) -> Any:
    if test.file is None:
        return as_source(mapping, test.input)
    path = sample_path(mapping, test.file)
    if path not in files:
        raise RejectedMessage(f"There is no sample {path}.", file=path)
    return read_sample(mapping, path, files[path])


def _output(mapping: CompiledMapping, test: MappingTest, source: Any, draft: Draft) -> Any:
    """What the mapping makes, once the target has been found to take it."""
    variables = {**DEFAULTS, "message": source, **test.given.variables, "source": source}
    output = mapping.run(variables, _TestLookups(test, draft.crosswalks))
    model = KINDS.get(mapping.target_type)
    if model is not None:
        try:
            model.model_validate({**output, "header": SAMPLE_HEADER} if isinstance(output, dict) else output)
        except ValidationError as error:
            raise refusal(mapping, error) from error
        return output
    target = target_format(mapping.target_type)
    if target is not None:
        target.encode(output, mapping.target_type)
    return output


def _of_failure(failure: MappingFailed, expected: ExpectedError | None) -> Iterator[str]:
    """What is unexpected of a failure: all of it, or that none of its errors is the expected one."""
    if expected is None:
        for error in failure.errors:
            yield f"{error.field}: {error.message} ({error.location})"
        return
    if not any(_fits(expected, error.field, error.message) for error in failure.errors):
        found = "; ".join(f"{error.field}: {error.message}" for error in failure.errors)
        wanted = f" that contains {expected.contains!r}" if expected.contains else ""
        yield f"expected an error{_of_field(expected)}{wanted}, found {found}"


def _fits(expected: ExpectedError, field: str, message: str) -> bool:
    return expected.field in (None, field) and expected.contains in message


def _of_field(expected: ExpectedError) -> str:
    return f" of {expected.field}" if expected.field else ""
