"""Tests of a workspace: the frame for all of them, and those of its mappings."""

from __future__ import annotations

from hub.source import ConfigurationRefused, Problems
from hub.workspace.files import Files
from hub.workspace.loader import Draft, read_draft
from hub.workspace.testing.case import Case, Rewrite, TestResult, run_case, select
from hub.workspace.testing.given import DEFAULTS, Answers
from hub.workspace.testing.mapping_case import MappingCase
from hub.workspace.testing.reading import read_mapping_tests

__all__ = [
    "DEFAULTS",
    "Answers",
    "Case",
    "MappingCase",
    "Rewrite",
    "TestResult",
    "mapping_cases",
    "run_case",
    "run_tests",
    "select",
]


def mapping_cases(draft: Draft, own: Files) -> list[MappingCase]:
    """The tests of mappings that stand in the workspace's own files, not in those of the library beneath them.

    Raises ConfigurationRefused if a mapping, a crosswalk or a file of tests has errors; those of
    other files do not matter here.
    """
    problems = Problems()
    tests = read_mapping_tests(draft, problems)
    concerned = [problem for problem in draft.problems.errors if _concerns_mappings(problem.location.file)]
    if concerned or problems.errors:
        raise ConfigurationRefused([*concerned, *problems.errors])
    return [MappingCase(mapping, test, draft) for mapping, test in tests if test.location.file in own]


def run_tests(files: Files, keyword: str | None = None, *, library: Files | None = None) -> list[TestResult]:
    """Run the tests of the workspace's own mappings, in the order of their files and lines.

    With `keyword`, only tests whose subject or name contains it. Raises ConfigurationRefused as
    `mapping_cases` does.
    """
    cases = mapping_cases(read_draft(files, library), files)
    return [run_case(case) for case in select(cases, keyword)]


def _concerns_mappings(file: str) -> bool:
    return file.startswith(("mappings/", "config/crosswalks/"))
