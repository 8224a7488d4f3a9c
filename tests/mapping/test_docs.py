"""The reference is true: its examples run, and it names everything there is."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from hub.mapping import VARIABLES, MappingFailed, MappingTest, differences, failure_differences, filter_names, limits
from hub.mapping.check import FUNCTIONS, TESTS
from hub.mapping.constructs import CONSTRUCTS

PAGES = [Path(__file__).parents[2] / "docs" / "reference" / name for name in ("mapping.md", "filters.md")]
TEXT, FILTERS = (page.read_text(encoding="utf-8") for page in PAGES)
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", TEXT + FILTERS, re.MULTILINE | re.DOTALL)
BASES = {"shop/order": EXAMPLES[0]}
"""What examples extend: the first one on the page."""


def outcome(mapping, test: MappingTest, answers) -> list[str]:
    """What differs from what a test expects."""
    lookups = answers(xref=test.given.xref, crosswalk=test.given.crosswalk)
    try:
        made = mapping.run({"source": test.input, **test.given.variables}, lookups)
    except MappingFailed as failed:
        errors = [replace(error, message=f"{error.message}; {error.fix}") for error in failed.errors]
        return failure_differences(test.expect, errors)
    return differences(test.expect, made, source=test.input, read_file=Path)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_examples_run(compiled, answers, example):
    mapping = compiled(example, BASES)

    assert mapping.tests
    for test in mapping.tests:
        assert outcome(mapping, test, answers) == [], test.name


def test_there_are_examples_of_every_construct_and_filter():
    code = "\n".join(EXAMPLES)

    assert [name for name in CONSTRUCTS if name not in code] == []
    assert [name for name in filter_names() if f"| {name}" not in code] == []
    assert [name for name in FUNCTIONS if f"{name}(" not in code] == []


def test_every_name_is_documented():
    assert [name for name in (*CONSTRUCTS, *VARIABLES) if f"`{name}`" not in TEXT] == []
    assert [name for name in filter_names() if not re.search(rf"`{name}[`(]", FILTERS)] == []
    assert [name for name in TESTS if f"`is {name}`" not in TEXT] == []


def test_every_bound_is_documented():
    numbers = {int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", TEXT.partition("## Bounds")[2])}
    bounds = {name: value for name, value in vars(limits).items() if name.startswith("MAX_") and name != "MAX_ERRORS"}

    assert {name: value for name, value in bounds.items() if value not in numbers} == {}
