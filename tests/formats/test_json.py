"""JSON: every digit kept, what is not JSON refused with its place."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.formats.json import MAX_EXPONENT, JsonFormat
from hub.contract.errors import DecodeError, RejectedMessage
from hub.contract.format import Tree

FORMAT = JsonFormat()


def read(body: bytes):
    (tree,) = FORMAT.decode([body])
    assert isinstance(tree, Tree)
    return tree.data


def test_long_integers_and_decimals_keep_every_digit():
    body = b'{"id": 820982911946154508123, "price": 19.90, "rate": 0.1234567890123456789012345678901234567890}'
    tree = read(body)
    assert tree["id"] == 820982911946154508123
    assert str(tree["price"]) == "19.90"
    assert str(tree["rate"]) == "0.1234567890123456789012345678901234567890"


def test_no_float_ever_comes_out():
    assert type(read(b"1.5")) is Decimal
    assert type(read(b"1e5")) is Decimal
    assert type(read(b"15")) is int


def test_an_array_is_one_tree():
    assert read(b'[{"a": 1}, {"a": 2}]') == [{"a": 1}, {"a": 2}]


def test_a_byte_order_mark_is_tolerated():
    assert read(b'\xef\xbb\xbf{"a": null}') == {"a": None}


def test_a_body_may_come_in_chunks_of_any_size():
    body = '{"name": "größe", "n": 123.45}'.encode()
    for size in range(1, len(body) + 1):
        chunks = [body[start : start + size] for start in range(0, len(body), size)]
        assert [tree.data for tree in FORMAT.decode(chunks)] == [{"name": "größe", "n": Decimal("123.45")}]


@pytest.mark.parametrize(
    ("body", "position"),
    [
        (b"", "1:0"),
        (b'{"a": 1,\n "b": tru}', "2:10"),
        (b'{"a": NaN}', "1:7"),
        (b'{"a": Infinity}', "1:7"),
        (b'{"a": -Infinity}', "1:8"),
        (b'{"a": 01}', "1:8"),
        (b'{"a": 1}\n{"a": 2}', "2:1"),
        (b'{"a": "\xff"}', "1:8"),
        (b'"\\ud800"', "1:8"),
        (b"[" * 100_000, "1:202"),
        (b'{"a": 1', "1:7"),
    ],
)
def test_what_is_not_json_is_refused_at_its_place(body, position):
    with pytest.raises(DecodeError) as refused:
        read(body)
    assert refused.value.position == position
    line, column = position.split(":")
    assert f"line {line}, column {column}" in refused.value.message


def test_a_key_twice_is_reported_by_name():
    with pytest.raises(DecodeError, match='duplicate key "price"'):
        read(b'{"price": 1, "price": 2}')


def test_an_exponent_that_would_fill_the_memory_is_refused():
    with pytest.raises(DecodeError) as refused:
        read(b'{"lines": [{"price": 1e999999999}]}')
    assert refused.value.position == "$.lines[0].price"
    assert read(b'{"sku": "1e999999999"}') == {"sku": "1e999999999"}


def test_a_body_over_the_bound_is_refused_before_it_is_whole():
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield b" " * 1024 * 1024

    with pytest.raises(DecodeError, match="32 MiB"):
        list(FORMAT.decode(endless()))
    assert len(taken) == 33


def test_decimals_are_written_with_their_own_digits_in_fixed_notation():
    tree = {
        "price": Decimal("19.90"),
        "big": Decimal("1E+3"),
        "small": Decimal("1E-10"),
        "zero": Decimal("0E-8"),
        "text": "19.90",
        "id": 820982911946154508123,
    }
    assert FORMAT.encode(tree, "x") == (
        b'{"price":19.90,"big":1000,"small":0.0000000001,"zero":0.00000000,"text":"19.90","id":820982911946154508123}'
    )


def test_text_is_utf8_and_escaped_where_json_wants_it():
    assert FORMAT.encode({"a": 'größe "L"\n\x00'}, "x") == '{"a":"größe \\"L\\"\\n\\u0000"}'.encode()


@pytest.mark.parametrize(
    ("tree", "path"),
    [
        ({"lines": [{"price": 1.5}]}, "$.lines[0].price"),
        ({"a": [1, Decimal("NaN")]}, "$.a[1]"),
        ({"a": Decimal(f"1E+{MAX_EXPONENT + 1}")}, "$.a"),
        ({"a": "\ud800"}, "$.a"),
        ({"a": {1: "x"}}, "$.a"),
        ({"a": {"\ud800": "x"}}, "$.a"),
        ({"a": b"bytes"}, "$.a"),
        (math.nan, "$"),
        ((1, 2), "$"),
    ],
)
def test_what_json_cannot_hold_is_refused_with_its_path(tree, path):
    with pytest.raises(RejectedMessage) as refused:
        FORMAT.encode(tree, "x")
    assert refused.value.where["field"] == path
    assert path in refused.value.message
    json.dumps(refused.value.where)


def test_for_a_time_the_filter_that_makes_text_of_it_is_named():
    with pytest.raises(RejectedMessage, match="JSON has no times; make it text by the filter format_date"):
        FORMAT.encode({"at": datetime(2026, 3, 2, 9, 15, tzinfo=UTC)}, "x")


def test_a_bottomless_tree_is_refused():
    tree: dict = {}
    tree["self"] = tree
    with pytest.raises(RejectedMessage, match="nested too deeply"):
        FORMAT.encode(tree, "x")


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBER = st.decimals(allow_nan=False, allow_infinity=False).filter(lambda number: abs(number.adjusted()) < 100)
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=20,
)


@given(TREES)
def test_what_is_written_is_read_back_the_same(tree):
    written = FORMAT.encode(tree, "x")
    assert read(written) == tree
    assert b"E+" not in written.upper() or b'"' in written
    json.loads(written)


def _outcome(body: bytes):
    """The tree, or the position at which it was refused; text is quoted."""
    try:
        return repr(read(body))
    except DecodeError as refused:
        return refused.position


@given(st.binary(max_size=100))
def test_any_bytes_are_read_or_refused_with_a_position(body):
    assert _outcome(body) != ""
