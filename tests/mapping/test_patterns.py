"""Regular expressions in mappings: linear in time, checked when the mapping is compiled."""

from __future__ import annotations

import pytest

from hub.mapping import ExpressionFailed

BACKTRACKING = [
    ("source | matches('(a+)+')", False),
    ("source | extract('((a*)*)*b(c)') | default('none')", "none"),
    ("source | replace_pattern('(a|aa)+c', '')", "a" * 5_000 + "b"),
]


@pytest.mark.parametrize(("text", "expected"), BACKTRACKING)
def test_what_an_engine_that_tracks_back_would_never_answer(value, text, expected):
    assert value(text, "a" * 5_000 + "b") == expected


def test_the_whole_text_must_match(value):
    assert value("source | matches('[0-9]{5}')", "04101") is True
    assert value("source | matches('[0-9]{5}')", "04101\n") is False
    assert value("source | matches('[0-9]{5}')", 10115) is True


def test_an_extract_is_the_first_group_or_all(value):
    assert value("source | extract('PO *([0-9]+)')", "your PO 77, PO 78") == "77"
    assert value("source | extract('PO *[0-9]+')", "your PO 77, PO 78") == "PO 77"


def test_an_extract_that_finds_nothing_is_a_missing_value(value):
    with pytest.raises(ExpressionFailed, match="yields nothing"):
        value("source.v | extract('([0-9]+)')", {"v": "none"})


def test_a_replacement_stands_as_it_is(value):
    assert value(r"source | replace_pattern('(a)', '\\1')", "cat") == r"c\1t"


def test_a_broken_pattern_is_found_when_the_mapping_is_compiled(problems_of):
    found = problems_of("fields:\n  zip: source.zip | matches('[0-9')\n")
    assert "map.yaml:5:8: wrong-arguments" in found[0]
    assert "'[0-9' is no regular expression of RE2: missing ]" in found[0]


@pytest.mark.parametrize("pattern", ["(?=a)b", r"(a)\\\\1", "(?<=a)b"])
def test_what_needs_tracking_back_is_no_pattern(problems_of, pattern):
    found = problems_of(f"fields:\n  zip: \"source.zip | extract('{pattern}')\"\n")
    assert "is no regular expression of RE2" in found[0]


def test_a_pattern_may_come_with_the_data(value):
    assert value("source.v | matches(source.p)", {"v": "a.c", "p": "a.c"}) is True
    with pytest.raises(ExpressionFailed, match="is no regular expression of RE2"):
        value("source.v | matches(source.p)", {"v": "a", "p": "("})
    with pytest.raises(ExpressionFailed, match="a pattern is a text of 1 to 500 characters"):
        value("source.v | matches(source.p)", {"v": "a", "p": "a" * 501})


def test_replacing_is_bounded(value):
    with pytest.raises(ExpressionFailed, match="more than a million characters"):
        value("source.v | replace_pattern('a', source.v)", {"v": "a" * 2_000})


def test_a_backslash_stands_twice(value, problems_of):
    assert value(r"source | matches('\\d+')", "12") is True
    found = problems_of(r"fields: {po: source.v | extract('\bPO')}")
    assert r"write its backslash twice: '\\b'" in found[0]


def test_half_a_character_is_refused(value):
    with pytest.raises(ExpressionFailed, match="holds half a character"):
        value("source.v | matches('a')", {"v": "\ud800"})
