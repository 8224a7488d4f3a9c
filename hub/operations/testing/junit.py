"""Test results as build servers read them: JUnit's XML, as Jenkins, GitLab and GitHub's actions take it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from hub.operations.testing.run import TestView

_FORBIDDEN: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold in any form."""


def junit_xml(tests: Sequence[TestView]) -> bytes:
    """`testsuites` with a `testsuite` for each file, a `testcase` for each test, a `failure` in those that failed."""
    root = ET.Element("testsuites", _totals("crossdock test", tests))
    for file, group in groupby(tests, key=lambda test: test.file):
        suite = list(group)
        element = ET.SubElement(root, "testsuite", _totals(file, suite))
        for test in suite:
            _add_case(element, test)
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _totals(name: str, tests: Sequence[TestView]) -> dict[str, str]:
    return {
        "name": _clean(name),
        "tests": str(len(tests)),
        "failures": str(sum(1 for test in tests if not test.passed)),
        "errors": "0",
        "time": _seconds(sum(test.seconds for test in tests)),
    }


def _add_case(suite: Any, test: TestView) -> None:
    attributes = {
        "name": _clean(test.name),
        "classname": _clean(test.subject),
        "file": _clean(test.file),
        "line": str(test.line),
        "time": _seconds(test.seconds),
    }
    case = ET.SubElement(suite, "testcase", attributes)
    if not test.passed:
        failure = ET.SubElement(case, "failure", {"message": _clean(test.differences[0]), "type": "difference"})
        failure.text = _clean("\n".join([f"{test.file}:{test.line}", *test.differences]))


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"
