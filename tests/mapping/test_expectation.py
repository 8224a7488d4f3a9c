"""What tests may expect of an output, and what they say when it is something else."""

# ruff: noqa: E501 - a table is read line by line

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract.errors import RejectedMessage
from hub.mapping import Expectation, FieldError, differences, failure_differences, read_expectation
from hub.source import Location, Problems, parse

OUTPUT = {"total": Decimal("3.50"), "lines": [{"sku": "A"}, {"sku": "B"}, {"sku": "C"}]}
SOURCE = {"name": "#1", "items": [1, 2, 3]}


def read(text: str) -> Expectation:
    problems = Problems()
    node = parse(text, "mappings/a.test.yaml", problems)
    assert node is not None
    expectation = read_expectation(node, problems)
    assert expectation is not None, list(map(str, problems))
    return expectation


def found(text: str, output: Any = OUTPUT, files: Mapping[str, Any] | None = None) -> list[str]:
    def read_file(path: str) -> Any:
        if path not in (files or {}):
            raise RejectedMessage(f"There is no sample {path}.")
        return (files or {})[path]

    return differences(read(text), output, source=SOURCE, read_file=read_file)


@pytest.mark.parametrize(
    "text",
    [
        "{total: 3.5, lines: [{sku: A}, {sku: B}, {sku: C}]}",
        "{$partial: {total: '3.50'}}",
        "{$expr: output.lines | length == 3}",
        "{$expr: [output.total > 3, 'output.lines | length == (source.items | length)']}",
        "{$expr: {when: source.name == '#1', message: never said}}",
        "{$file: samples/whole.json}",
    ],
)
def test_what_is_expected_is_found(text: str) -> None:
    assert found(text, files={"samples/whole.json": OUTPUT}) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{$partial: {total: 4}}", "total: expected 4, found 3.50"),
        ("{$expr: output.lines | length == 2}", "output.lines | length == 2 does not hold: output.lines is a list of 3"),
        ("{$expr: [true == true, output.total > 5]}", "output.total > 5 does not hold: output.total is 3.50"),
        ("{$expr: {when: output.total > 5, message: '{output.total} is too little.'}}", "3.50 is too little."),
        ("{$expr: output.total ~ 1 > 2}", "cannot"),
        ("{$file: samples/none.json}", "what is expected: There is no sample samples/none.json."),
        ("{$file: samples/other.json}", "total: expected 4, found 3.50"),
        ("{$error: {field: total, contains: no}}", "expected an error of total that contains 'no', but there is an output"),
    ],
)  # fmt: skip
def test_what_is_not_is_told_with_what_was_found(text: str, expected: str) -> None:
    told = found(text, files={"samples/other.json": {**OUTPUT, "total": 4}})
    assert [one for one in told if expected in one], told


def test_all_conditions_are_looked_at() -> None:
    assert len(found("{$expr: [output.total > 5, output.total == 3.5, output.lines | length > 7]}")) == 2


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{$partail: {}}", "1:2: unknown-construct: what is expected is the whole, or one of {$partial: …}, {$expr: …}"),
        ("{$partial: {}, more: 1}", "1:2: unknown-construct"),
        ("{$file: 3}", "1:9: wrong-type: $file is the path of a file"),
        ("{$file: ''}", "1:9: wrong-type"),
        ("{$expr: outptu.x}", "1:9: "),
        ("{$expr: [output.x, {a: 1}]}", "1:20: "),
        ("{$expr: {wenn: output.x}}", "1:10: "),
        ("{$expr: \"output.x == xref('a', 'b')\"}", "1:9: not-allowed: crosswalks, xref() and sequence() belong to mappings"),
        ("{$expr: \"output.x == (source.y | crosswalk('t'))\"}", "1:9: not-allowed"),
        ("{$error: {feld: a}}", "1:11: unknown-key: unknown key 'feld' (did you mean 'field'?)"),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_their_place(text: str, problem: str) -> None:
    problems = Problems()
    node = parse(text, "mappings/a.test.yaml", problems)
    assert node is not None
    assert read_expectation(node, problems) is None
    told = [str(one).removeprefix("mappings/a.test.yaml:") for one in problems]
    assert any(one.startswith(problem) for one in told), told


ERRORS = [FieldError("lines[0].sku", Location("m.yaml", 1, 1), "line.sku", "source.lines[0].sku found nothing")]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{$error: {}}", []),
        ("{$error: {field: 'lines[0].sku', contains: found nothing}}", []),
        ("{$error: {field: lines}}", ["expected an error of lines, found lines[0].sku: source.lines[0].sku found nothing"]),
        ("{total: 3.5}", ["lines[0].sku: source.lines[0].sku found nothing"]),
        ("{$expr: output.total}", ["lines[0].sku: source.lines[0].sku found nothing"]),
    ],
)  # fmt: skip
def test_a_failure_is_held_against_what_was_expected(text: str, told: list[str]) -> None:
    assert failure_differences(read(text), ERRORS) == told


@given(st.text(max_size=60))
def test_no_condition_does_anything_but_hold_or_not(text: str) -> None:
    problems = Problems()
    node = parse("{$expr: x}", "m.yaml", problems)
    assert node is not None
    node.entries["$expr"][1].value = node.entries["$expr"][1].text = text  # type: ignore[attr-defined]
    expectation = read_expectation(node, problems)
    assert (expectation is None) == bool(problems.errors)
    if expectation is not None:
        told = differences(expectation, OUTPUT, source=SOURCE, read_file=dict)
        assert all(isinstance(one, str) for one in told)
