"""Brings tests up to date: what they expect becomes what is made now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from hub.operations.errors import OperationRefused
from hub.operations.testing.expected_yaml import Unwritable, with_expected
from hub.operations.testing.suite import Suite, read_suite, run_suite
from hub.operations.whole_files import write_whole
from hub.source import Location
from hub.workspace.files import Files, is_sample
from hub.workspace.testing import Case, Rewrite, TestResult, run_case


@dataclass(frozen=True, slots=True)
class Written:
    """A test that was brought up to date, and the file in which what it expects was written."""

    subject: str
    name: str
    file: str
    line: int
    written: str


def bring_up_to_date(
    root: Path, suite: Suite, results: Sequence[TestResult]
) -> tuple[Suite, list[TestResult], list[Written]]:
    """Write what the failed tests should expect, where they expect all of an output.

    Everything is run anew with what would be written, before it is. Returns the suite as it is
    then, with its results. Raises OperationRefused, and writes nothing, if an expectation cannot
    be written, would not hold, or would make another test fail.
    """
    pairs = zip(suite.cases, results, strict=True)
    rewrites = [(case, rewrite) for case, result in pairs if not result.passed and (rewrite := case.rewrite())]
    if not rewrites:
        return suite, list(results), []
    changed = _changed(suite.files, rewrites)
    new = read_suite({**suite.files, **changed}, suite.keyword)
    outcome = run_suite(new)
    written = [_written(case, rewrite) for case, rewrite in rewrites]
    passed = {(result.location.file, result.subject, result.name) for result in outcome if result.passed}
    for one in written:
        if (one.file, one.subject, one.name) not in passed:
            raise _refused(one.file, one.line, one.name, "it would fail all the same; change it by hand")
    _require_unharmed(suite, changed)
    write_whole(root, changed)
    return new, outcome, written


def _require_unharmed(suite: Suite, changed: Files) -> None:
    """Raise OperationRefused if a test that passes, chosen or not, would fail: it may read what another expects."""
    if not any(path in suite.files for path in changed if is_sample(PurePosixPath(path))):
        return
    before, after = read_suite(suite.files), read_suite({**suite.files, **changed})
    for case, result in zip(before.cases, run_suite(after), strict=True):
        if not result.passed and run_case(case).passed:
            place, reason = case.location, "it passes, and reads a file that would change; give each test its own"
            raise _refused(place.file, place.line, case.name, reason)


def _changed(files: Files, rewrites: Sequence[tuple[Case, Rewrite]]) -> dict[str, bytes]:
    """The files to be written, with their contents."""
    changed: dict[str, bytes] = {}
    values: dict[str, dict[Location, Any]] = defaultdict(dict)
    for case, rewrite in rewrites:
        if rewrite.path is None:
            values[case.location.file][rewrite.location] = rewrite.output
        elif is_sample(PurePosixPath(rewrite.path)):
            changed[rewrite.path] = rewrite.content
        else:
            reason = f"{rewrite.path} is in no folder named samples of the workspace"
            raise _refused(case.location.file, case.location.line, case.name, reason)
    return {**changed, **{path: _rewritten(files[path], path, outputs) for path, outputs in values.items()}}


def _rewritten(content: bytes, path: str, outputs: dict[Location, Any]) -> bytes:
    text = content.decode("utf-8-sig")
    mark = content[: len(content) - len(text.encode())]
    try:
        return mark + with_expected(text, path, outputs).encode()
    except Unwritable as error:
        place = error.location or min(outputs)
        raise _refused(path, place.line, "what is expected", f"{error}; change it by hand") from error


def _written(case: Case, rewrite: Rewrite) -> Written:
    place = case.location
    return Written(case.subject, case.name, place.file, place.line, rewrite.path or place.file)


def _refused(file: str, line: int, name: str, reason: str) -> OperationRefused:
    return OperationRefused(f"{file}:{line}: {name}: nothing is written: {reason}.", file=file, line=line)
