"""What differs between trees, and how differences are kept: whatever the trees are, and however many."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.operations.gate.findings import MOST, OTHERS, Difference, Findings
from hub.operations.gate.report import Example, Kind, Place
from hub.operations.gate.trees import LONGEST, NOTHING, at, differences, json_of, name_of, shown

LEAVES = st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False) | st.text()
TREES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(TREES)
def test_a_tree_does_not_differ_from_itself(tree: Any) -> None:
    assert list(differences(tree, tree)) == []


@given(TREES, TREES)
def test_trees_differ_where_their_json_does(before: Any, after: Any) -> None:
    found = list(differences(before, after))
    assert bool(found) == (json_of(sorted_keys(before)) != json_of(sorted_keys(after)))
    for path, left, right in found:
        assert left is NOTHING or at(before, path) is left
        assert right is NOTHING or at(after, path) is right


def sorted_keys(tree: Any) -> Any:
    """The tree with its keys in one order, since that says nothing."""
    if isinstance(tree, dict):
        return {key: sorted_keys(tree[key]) for key in sorted(tree)}
    return [sorted_keys(item) for item in tree] if isinstance(tree, list) else tree


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": 1}, {"a": Decimal(1)}, []),
        ({"a": Decimal("1.50")}, {"a": Decimal("1.5")}, [("a", "1.50", "1.5")]),
        ({"a": "1"}, {"a": 1}, [("a", '"1"', "1")]),
        ({"a": True}, {"a": 1}, [("a", "true", "1")]),
        ({"a": None}, {}, [("a", "null", None)]),
        ({}, {"a": {"b": [1]}}, [("a", None, '{"b": [1]}')]),
        ({"at": datetime(2026, 1, 2, tzinfo=UTC)}, {"at": None}, [("at", '"2026-01-02T00:00:00+00:00"', "null")]),
        ([1, 2, 3], [1, 3], [("[1]", "2", None)]),
        ([1, 2], [0, 1, 2], [("[0]", None, "0")]),
        ([{"a": 1}, {"a": 2}], [{"a": 1}, {"a": 3}], [("[1].a", "2", "3")]),
    ],
)
def test_differences_as_they_are_shown(before: Any, after: Any, expected: list[tuple[str, Any, Any]]) -> None:
    assert [(name_of(path), shown(left), shown(right)) for path, left, right in differences(before, after)] == expected


def test_what_is_long_is_cut() -> None:
    assert len(shown("x" * 100_000) or "") == LONGEST
    assert len(name_of(("k" * 100_000, 3))) == LONGEST
    assert name_of(("lines", 2, "sku"), places=False) == "lines[].sku"


def test_half_a_surrogate_pair_can_be_shown() -> None:
    assert shown("\ud800") == '"?"'


def changed(field: str, said: str = "") -> Difference:
    return Difference(Kind.CHANGES, Place("erp", "orders", "m", field), said, lambda: Example("message", "#1"))


def test_many_fields_and_many_values_take_bounded_room() -> None:
    findings = Findings(3)
    for number in range(2 * MOST):
        findings.take([changed(f"f{number}", str(number)), changed("f0", str(number))])
    groups = {group.place.field: group for group in findings.groups()}
    assert len(groups) == MOST + 1
    assert groups["f0"].count == 2 * MOST + 1
    assert len(groups["f0"].examples) == 3
    assert groups[OTHERS].count == MOST
    assert findings.counts() == {"would change": 2 * MOST}


def test_the_worst_comes_first_and_frequent_examples_before_rare_ones() -> None:
    findings = Findings(3)
    findings.take([changed("a", "rare"), changed("a", "often"), changed("a", "often")])
    findings.take([Difference(Kind.FAILS, Place("erp"), "", lambda: Example("m", None, note="why"))])
    assert [group.kind for group in findings.groups()] == [Kind.FAILS, Kind.CHANGES]
    assert [one.count for one in findings.groups()[1].examples] == [2, 1]
