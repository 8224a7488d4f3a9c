"""Addresses and conditions of expectations."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.runtime.sandbox.address import MISSING, Address, look_up, parse_address
from hub.runtime.sandbox.expectation import Expectation, holds, same

KEYS = st.text(min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("", ()),
        ("systems.acme-sap.actual", ("systems", "acme-sap", "actual")),
        ("documents.#1001.orders", ("documents", "#1001", "orders")),
        ("/documents/acme.example/a~1b/m~0n", ("documents", "acme.example", "a/b", "m~n")),
        (["documents", "acme.example", 0], ("documents", "acme.example", 0)),
    ],
)
def test_ways_to_write_an_address(written: Any, parts: Address) -> None:
    assert parse_address(written) == parts


@given(st.lists(KEYS, min_size=1, max_size=5))
def test_a_pointer_reaches_any_key(keys: list[str]) -> None:
    document: Any = "here"
    for key in reversed(keys):
        document = {key: document}
    pointer = "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys)
    assert look_up(document, parse_address(pointer)) == "here"
    assert look_up(document, parse_address(list(keys))) == "here"


@given(
    st.recursive(st.none() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner)), st.lists(KEYS)
)
def test_looking_never_fails(document: Any, keys: list[str]) -> None:
    look_up(document, tuple(keys))


def test_indexes_count_from_both_ends() -> None:
    assert look_up({"lines": ["a", "b"]}, ("lines", "0")) == "a"
    assert look_up({"lines": ["a", "b"]}, ("lines", "-1")) == "b"
    assert look_up({"lines": ["a", "b"]}, ("lines", "2")) is MISSING
    assert look_up({"lines": ["a", "b"]}, ("lines", "sku")) is MISSING
    assert look_up({"0": "key"}, (0,)) == "key"
    assert look_up("text", ("0",)) is MISSING


@pytest.mark.parametrize(
    ("expected", "found", "equal"),
    [
        (Decimal("12.50"), 12.5, True),
        (1, 1, True),
        (1, True, False),
        (True, 1, False),
        (1, "1", False),
        ("1", 1, False),
        (None, None, True),
        (None, MISSING, False),
        ({"a": [Decimal("1.0")]}, {"a": [1]}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ([1], [1, 2], False),
    ],
)
def test_values_are_equal(expected: Any, found: Any, equal: bool) -> None:
    assert same(expected, found) is equal


@pytest.mark.parametrize(
    ("found", "part", "held"),
    [
        ("erp-confirmed, new", "confirmed", True),
        (["erp-confirmed"], "confirmed", False),
        (["erp-confirmed"], "erp-confirmed", True),
        ([{"sku": "A", "quantity": 2}], {"sku": "A"}, True),
        ([{"sku": "B"}], {"sku": "A"}, False),
        ({"#1001": {}}, "#1001", True),
        (MISSING, "x", False),
        (5, 5, False),
        ("5", 5, False),
    ],
)
def test_a_part_is_held(found: Any, part: Any, held: bool) -> None:
    assert holds(found, part) is held


@pytest.mark.parametrize(
    ("condition", "document", "held"),
    [
        ({"absent": True}, None, True),
        ({"absent": True}, {"a": None}, True),
        ({"absent": True}, {"a": 0}, False),
        ({"absent": False}, {"a": 0}, True),
        ({"absent": False}, {}, False),
        ({"count": 2}, {"a": [1, 2]}, True),
        ({"count": 2}, {"a": {"b": 1, "c": 2}}, True),
        ({"count": 2}, {"a": "ab"}, False),
        ({"count": 0}, {}, False),
        ({"equals": None}, {"a": None}, True),
        ({"equals": None}, {}, False),
        ({"equals": []}, {"a": []}, True),
    ],
)
def test_conditions(condition: dict[str, Any], document: Any, held: bool) -> None:
    assert Expectation.model_validate({"order": "#1", "path": "a", **condition}).holds(document) is held
