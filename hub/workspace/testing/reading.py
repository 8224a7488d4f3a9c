"""The tests of mappings: those that stand in them, and those of `mappings/**/*.test.yaml`.

mapping: sap/orders05
tests:
  - {name: …, input: …, expect: …}
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from pydantic import BaseModel, ConfigDict, Field

from hub.mapping import VARIABLES, ExpectedFile, MappingTest
from hub.mapping import Mapping as CompiledMapping
from hub.mapping.cases import read_tests
from hub.source import Location, Mapping, Problems, nearest, parse, validate
from hub.workspace.files import Files, is_sample, is_test_file
from hub.workspace.loader import Draft
from hub.workspace.samples import sample_path

Tested = tuple[CompiledMapping, MappingTest]


class MappingTestsFile(BaseModel):
    """A file of tests of one mapping."""

    model_config = ConfigDict(extra="forbid")

    mapping: str = Field(description="The mapping that is tested.")
    tests: list[object] = Field(min_length=1, description="Tests as in the mapping's own file.")


def read_mapping_tests(draft: Draft, problems: Problems) -> list[Tested]:
    """All tests of the mappings that could be read; what is wrong in files of tests is added to `problems`."""
    own = [(mapping, test) for mapping in draft.mappings.values() if mapping for test in mapping.tests]
    paths = [path for path in sorted(draft.files) if path.startswith("mappings/") and is_test_file(PurePosixPath(path))]
    return own + [tested for path in paths for tested in _read_file(path, draft, problems)]


def check_mapping_tests(draft: Draft, problems: Problems) -> None:
    """Add what is wrong with files of tests, and the samples that are not there, to `problems`."""
    for _, test in read_mapping_tests(draft, problems):
        expected = test.expect.path if isinstance(test.expect, ExpectedFile) else None
        for named in (test.file, expected):
            if named is not None:
                check_sample(sample_path(test, named), test.location, draft.files, problems)


def check_sample(path: str, where: Location, files: Files, problems: Problems) -> None:
    """Report a file that a test names and that is not there."""
    if path in files:
        return
    samples = [other for other in files if is_sample(PurePosixPath(other))]
    suggestion = nearest(path, samples) or "samples lie in a folder named samples beside the file that names them"
    problems.error("missing-file", f"there is no sample {path!r}", where, suggestion)


def _read_file(path: str, draft: Draft, problems: Problems) -> Iterator[Tested]:
    node = parse(draft.files[path], path, problems)
    model = None if node is None else validate(MappingTestsFile, node, problems)
    if model is None or not isinstance(node, Mapping):
        return
    if model.mapping not in draft.mappings:
        _report_unknown(model.mapping, node, draft.mappings, problems)
        return
    mapping = draft.mappings[model.mapping]
    tests = read_tests(node.get("tests"), problems, VARIABLES)
    if mapping is not None:
        yield from ((mapping, test) for test in tests)


def _report_unknown(name: str, node: Mapping, known: Iterable[str], problems: Problems) -> None:
    where = node.entries["mapping"][1].location
    suggestion = nearest(name, known) or "it is the path of a file below mappings/ without .yaml"
    problems.error("unknown-mapping", f"there is no mapping {name!r}", where, suggestion)
