"""YAML as configuration reads it: what values mean, where they stand, what is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hub.source import Location, Mapping, Problems, Scalar, Sequence, parse, plain


def read(text: str | bytes):
    problems = Problems()
    node = parse(text, "config/x.yaml", problems)
    assert not list(problems), list(map(str, problems))
    assert node is not None
    return node


def refusal(text: str | bytes) -> str:
    problems = Problems()
    assert parse(text, "config/x.yaml", problems) is None
    assert len(problems) == 1
    return str(next(iter(problems)))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("yes", "yes"),
        ("12:30", "12:30"),
        ("0049", "0049"),
        ("1_000", "1_000"),
        ("2024-01-31", "2024-01-31"),
        ("1.10", Decimal("1.10")),
        ("1.2.3", "1.2.3"),
        ("-7", -7),
        ("0", 0),
        ("0o17", 15),
        ("0x1F", 31),
        ("1e3", Decimal("1e3")),
        (".5", Decimal("0.5")),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("null", None),
        ("", None),
        ("'12'", "12"),
        ('"true"', "true"),
        ("!!str 12", "12"),
        ("! 12", "12"),
        ("!!float 12", 12),
        ("<<", "<<"),
        ("=", "="),
        ("123456789012345678901234567890", 123456789012345678901234567890),
    ],
)
def test_values_follow_the_core_schema_and_keep_every_digit(text, value):
    found = plain(read(f"a: {text}"))["a"]

    assert repr(found) == repr(value)


def test_a_scalar_tells_its_text_and_whether_it_was_quoted():
    node = read("a: 1.10\nb: '1.10'")

    a, b = node.get("a"), node.get("b")
    assert isinstance(a, Scalar)
    assert isinstance(b, Scalar)
    assert (a.text, a.plain, b.text, b.plain) == ("1.10", True, "1.10", False)


def test_every_key_and_value_has_its_place():
    node = read("a: 1\nlist:\n  - x\n  - {k: v}\n")

    assert isinstance(node, Mapping)
    key, value = node.entries["list"]
    assert isinstance(value, Sequence)
    item = value.items[1]
    assert isinstance(item, Mapping)
    inner_key, inner = item.entries["k"]
    assert str(key) == "config/x.yaml:2:1"
    assert value.items[0].location == Location("config/x.yaml", 3, 5)
    assert (inner_key.line, inner_key.column, inner.location.column) == (4, 6, 9)


def test_keys_are_texts_as_they_stand():
    assert list(plain(read("NO: 1\n1.10: 2\ntrue: 3\n"))) == ["NO", "1.10", "true"]


def test_an_alias_stands_for_its_anchor_everywhere():
    assert plain(read("a: &x [1, {b: 2}]\nc: *x\nd: *x")) == {
        "a": [1, {"b": 2}],
        "c": [1, {"b": 2}],
        "d": [1, {"b": 2}],
    }


def test_an_empty_file_is_nothing():
    assert plain(read("")) is None
    assert plain(read("# only a comment\n")) is None


def test_a_byte_order_mark_is_passed_over():
    node = read(b"\xef\xbb\xbfa: 1")

    assert node.location.column == 1
    assert plain(node) == {"a": 1}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: 2\na: 3\n", "config/x.yaml:3:1: duplicate-key: the key 'a' stands here and in line 1"),
        ("a: [1,\n", "config/x.yaml:2:1: syntax: "),
        ("a:\n\t- b", "config/x.yaml:2:1: syntax: "),
        ("a: b: c", "config/x.yaml:1:5: syntax: mapping values are not allowed in this context"),
        ("a: .nan", "config/x.yaml:1:4: syntax: .nan is not a finite number"),
        ("a: -.inf", "config/x.yaml:1:4: syntax: -.inf is not a finite number"),
        ("a: *b", "config/x.yaml:1:4: syntax: *b names no anchor"),
        ("a: &b [*b]", "config/x.yaml:1:8: syntax: *b stands inside what it names"),
        ("a: !secret x", "config/x.yaml:1:4: syntax: the tag !secret is not taken"),
        ("a: !!python/object:os.system x", "config/x.yaml:1:4: syntax: the tag !!python/object:os.system"),
        ("a: !!set {x}", "config/x.yaml:1:4: syntax: the tag !!set"),
        ("a: !!int x", "config/x.yaml:1:4: syntax: 'x' is not what its tag !!int says"),
        ("a: 1\n---\nb: 2", "config/x.yaml:2:1: syntax: a second document begins here"),
        ("? [a]\n: 1", "config/x.yaml:1:3: syntax: a key must be a single text"),
        ("a: \x07", "config/x.yaml:1:4: syntax: the character U+0007"),
        (b"ok: 1\na: \xff", "config/x.yaml:2:4: syntax: byte 0xFF is not UTF-8"),
        ("a: 1e999999999", "config/x.yaml:1:4: limit: a number of more than"),
        ("a: " + "9" * 5000, "config/x.yaml:1:4: limit: a number of more than"),
        ("a: " + "[" * 70 + "]" * 70, "config/x.yaml:1:64: limit: nested deeper than 60 levels"),
    ],
)
def test_what_is_refused_is_named_with_its_place(text, problem):
    assert refusal(text).startswith(problem)


def test_very_deep_nesting_is_refused_and_not_a_crash():
    assert "config/x.yaml:1:" in refusal("a: " + "[" * 200_000)
    assert "config/x.yaml:" in refusal("- " * 100_000)


def test_aliases_of_aliases_do_not_explode():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]

    assert "limit: more than 200000 values" in refusal("\n".join(lines))


@given(st.text(max_size=200) | st.text(alphabet="-?:,[]{}#&*!|>'\"%@` \n\tab1.~", max_size=60))
def test_no_text_makes_the_reader_raise(text):
    problems = Problems()

    node = parse(text, "f", problems)

    assert (node is None) == bool(problems.errors)


@given(st.binary(max_size=80))
def test_no_bytes_make_the_reader_raise(text):
    problems = Problems()

    node = parse(text, "f", problems)

    assert (node is None) == bool(problems.errors)


DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(DATA)
def test_what_another_writer_quoted_is_read_back(data):
    text = yaml.safe_dump(data, default_style='"', allow_unicode=True)
    # That writer quotes everything and tags what is no text: !!int "1".
    problems = Problems()

    node = parse(text, "f", problems)

    assert not problems.errors, list(map(str, problems))
    assert node is not None
    assert plain(node) == data
