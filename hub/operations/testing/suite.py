"""Suites: all tests of a workspace, read once, and run by as many processes as are worth it."""

from __future__ import annotations

import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Final

from hub.mapping import Mapping as CompiledMapping
from hub.operations.trials import pipeline_cases
from hub.workspace import Files, standard_library
from hub.workspace.loader import read_draft
from hub.workspace.testing import Case, TestResult, mapping_cases, run_case, select

ALONE: Final = 5.0
"""Seconds for which one process runs tests; a second one takes about two to begin."""


@dataclass(frozen=True, slots=True)
class Suite:
    """The chosen tests of a workspace, in the order of files and lines, and the mappings that are its own."""

    files: Files
    keyword: str | None
    cases: list[Case]
    mappings: list[CompiledMapping]


def read_suite(files: Files, keyword: str | None = None) -> Suite:
    """The tests whose subject or name contains the keyword; ConfigurationRefused if what they need has errors."""
    draft = read_draft(files, standard_library(), environ={})
    cases: list[Case] = [*mapping_cases(draft, files), *pipeline_cases(draft, files)]
    mappings = [mapping for mapping in draft.mappings.values() if mapping and mapping.location.file in files]
    return Suite(files, keyword, select(cases, keyword), mappings)


def run_suite(suite: Suite, alone: float = ALONE) -> list[TestResult]:
    """Run the tests of a suite; after `alone` seconds several processes share what is left, if that is much."""
    results: list[TestResult] = []
    began = time.monotonic()
    for case in suite.cases:
        if time.monotonic() - began >= alone and _is_much(len(suite.cases) - len(results), len(results)):
            return [*results, *_share(suite, len(results))]
        results.append(run_case(case))
    return results


def _is_much(left: int, done: int) -> bool:
    return 2 * left > done and (os.cpu_count() or 1) > 1


def _share(suite: Suite, first: int) -> list[TestResult]:
    """Run the tests from number `first` on in other processes, each of which reads the suite once."""
    numbers = range(first, len(suite.cases))
    processes = min(os.cpu_count() or 1, len(numbers))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        processes, mp_context=context, initializer=_read, initargs=(dict(suite.files), suite.keyword)
    ) as pool:
        return list(pool.map(_run, numbers))


_SHARED: list[Suite] = []
"""The suite of a process that helps."""


def _read(files: Files, keyword: str | None) -> None:
    _SHARED[:] = [read_suite(files, keyword)]


def _run(number: int) -> TestResult:
    return run_case(_SHARED[0].cases[number])
