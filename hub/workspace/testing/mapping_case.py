"""A test of a mapping: a sample in, the expected output or error out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.contract.errors import RejectedMessage
from hub.mapping import ExpectedFile, ExpectedValue, MappingFailed, MappingTest, differences, failure_differences
from hub.mapping import Mapping as CompiledMapping
from hub.mapping.lookups import Lookups
from hub.source import Location
from hub.workspace.crosswalks import Crosswalk
from hub.workspace.files import Files
from hub.workspace.loader import Draft
from hub.workspace.samples import (
    as_source,
    check_document,
    read_output,
    read_sample,
    sample_path,
    target_format,
    write_output,
)
from hub.workspace.testing.case import Rewrite
from hub.workspace.testing.given import DEFAULTS, Answers


class MappingCase:
    """One test of one mapping, with the workspace's samples and code tables."""

    def __init__(self, mapping: CompiledMapping, test: MappingTest, draft: Draft) -> None:
        self.mapping = mapping
        self._test = test
        self._files: Files = draft.files
        self._crosswalks: Mapping[str, Crosswalk | None] = draft.crosswalks

    @property
    def subject(self) -> str:
        """`mapping shop/order`."""
        return f"mapping {self.mapping.name}"

    @property
    def name(self) -> str:
        """As the test says."""
        return self._test.name

    @property
    def location(self) -> Location:
        """That of the test."""
        return self._test.location

    def run(self) -> list[str]:
        """What differs from what is expected of the mapping."""
        try:
            source = self._source()
        except RejectedMessage as error:
            return [f"input: {error.message}"]
        expect = self._test.expect
        try:
            output = self._output(source)
            if isinstance(expect, ExpectedFile):
                output = self._as_read(output, expect)
        except MappingFailed as error:
            return failure_differences(expect, error.errors)
        except RejectedMessage as error:
            return [error.message]
        return differences(expect, output, source=source, read_file=self._read_expected)

    def rewrite(self) -> Rewrite | None:
        """What the mapping makes now, where the test expects all of an output and there is one."""
        expect = self._test.expect
        try:
            if isinstance(expect, ExpectedValue) and not expect.partial:
                return Rewrite(expect.location, self._output(self._source()))
            if isinstance(expect, ExpectedFile):
                path = sample_path(self._test, expect.path)
                content = write_output(self.mapping.target_type, self._output(self._source()), path)
                return Rewrite(expect.location, path=path, content=content)
        except RejectedMessage:
            pass  # There is no output: that is what the test says.
        return None

    def inputs(self) -> tuple[dict[str, Any], Lookups]:
        """The variables and lookups that the mapping is run with; RejectedMessage if the input cannot be read."""
        return self._variables(self._source())

    def _variables(self, source: Any) -> tuple[dict[str, Any], Lookups]:
        given = self._test.given
        variables = {**DEFAULTS, "message": source, **given.variables, "source": source}
        return variables, Answers(given.xref, given.crosswalk, self._crosswalks)

    def _source(self) -> Any:
        if self._test.file is None:
            return as_source(self.mapping, self._test.input)
        path = sample_path(self._test, self._test.file)
        return read_sample(self.mapping, path, self._content(path))

    def _content(self, path: str) -> bytes:
        if path not in self._files:
            raise RejectedMessage(f"There is no sample {path}.", file=path)
        return self._files[path]

    def _output(self, source: Any) -> Any:
        """What the mapping makes, once the target has been found to take it."""
        output = self.mapping.run(*self._variables(source))
        check_document(self.mapping, output)
        target = target_format(self.mapping.target_type)
        if target is not None:
            target.encode(output, self.mapping.target_type)
        return output

    def _read_expected(self, named: str) -> Any:
        path = sample_path(self._test, named)
        return read_output(self.mapping.target_type, self._content(path), path)

    def _as_read(self, output: Any, expect: ExpectedFile) -> Any:
        """The output as it reads back from a file like the expected one: what a format does to values is no fault."""
        path = sample_path(self._test, expect.path)
        return read_output(self.mapping.target_type, write_output(self.mapping.target_type, output, path), path)
