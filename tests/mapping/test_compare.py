"""What a mapping's test says when the output is not what was expected."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from hub.mapping import compare


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ({"a": [1, "x", None]}, {"a": [1, "x", None]}),
        (Decimal("1.10"), Decimal("1.1")),
        (1, Decimal("1.00")),
        ("1.10", Decimal("1.1")),
        ("2024-01-02T01:00:00+01:00", datetime(2024, 1, 2, tzinfo=UTC)),
        ("2024-01-02", date(2024, 1, 2)),
    ],
)
def test_equal_by_value(expected, actual):
    assert compare(expected, actual, partial=False) == []


@pytest.mark.parametrize(
    ("expected", "actual", "difference"),
    [
        ({"a": 1}, {"a": 2}, "a: expected 1, found 2"),
        ({"a": 1}, {}, "a: expected 1, found nothing"),
        ({}, {"a": {"b": 2}}, "a: not expected, found an object with b"),
        ({"a": {"b": [{"c": 1}]}}, {"a": {"b": [{"c": 1, "d": 2}]}}, "a.b[0].d: not expected, found 2"),
        ([1], [1, 2], "the output: expected 1 items, found 2"),
        ("1.10", "1.1", "the output: expected the text '1.10', found the text '1.1'"),
        (1, "1", "the output: expected 1, found the text '1'"),
        (1, True, "the output: expected 1, found true"),
        (True, 1, "the output: expected true, found 1"),
        ("x", Decimal(1), "the output: expected the text 'x', found 1"),
        (
            "2024-01-02",
            datetime(2024, 1, 2, tzinfo=UTC),
            "the output: expected the text '2024-01-02', found 2024-01-02 00:00:00+00:00",
        ),
        ("2024-01-03", date(2024, 1, 2), "the output: expected the text '2024-01-03', found 2024-01-02"),
        ("soon", date(2024, 1, 2), "the output: expected the text 'soon', found 2024-01-02"),
        ({"a": None}, {"a": 0}, "a: expected nothing, found 0"),
        ([1], {"a": 1}, "the output: expected a list of 1, found an object with a"),
    ],
)
def test_differences_have_their_path(expected, actual, difference):
    assert compare(expected, actual, partial=False) == [difference]


def test_partial_leaves_out_keys_but_not_items():
    assert compare({"a": [{"x": 1}]}, {"a": [{"x": 1, "y": 2}], "b": 3}, partial=True) == []
    assert compare({"a": [{"x": 1}]}, {"a": [{"x": 1}, {}]}, partial=True) == ["a: expected 1 items, found 2"]
    assert compare({"a": 1}, {}, partial=True) == ["a: expected 1, found nothing"]
