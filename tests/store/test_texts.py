"""Texts from outside fit their columns, or are refused with what is wrong about them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.store.texts import NUMBER, misfit, shown, shown_tree

ANY_TEXT = st.text(st.characters(exclude_categories=()) | st.sampled_from("\0\ud800\udfff🍵"))
"""Halves of surrogate pairs included, which Python keeps and UTF-8 does not."""


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("plain", None, "plain"),
        ("Größe 🍵", None, "Größe 🍵"),
        ("a\0b", None, "a\ufffdb"),
        ("\ud83c alone", None, "? alone"),
        ("x" * 10, 10, "x" * 10),
        ("x" * 11, 10, "x" * 9 + "…"),
        ("", 10, ""),
    ],
)
def test_text_for_people_is_mended(text: str, limit: int | None, expected: str) -> None:
    assert shown(text, limit) == expected


@given(ANY_TEXT, st.integers(1, 20))
def test_text_for_people_fits_any_column(text: str, limit: int) -> None:
    fit = shown(text, limit)
    assert len(fit) <= limit
    assert "\0" not in fit
    fit.encode("utf-8")
    assert shown(fit, limit) == fit


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1001", None),
        ("Größe 🍵", None),
        ("x" * NUMBER, None),
        ("x" * (NUMBER + 1), "has 201 characters; at most 200 are kept"),
        ("", "is empty"),
        ("a\0b", "contains the character U+0000, which no database keeps"),
        ("a\udc00b", "contains half of a surrogate pair, which is no character"),
    ],
)
def test_a_number_is_kept_as_it_is_or_refused(text: str, why: str | None) -> None:
    assert misfit(text) == why


@given(ANY_TEXT)
def test_what_is_not_refused_needs_no_mending(text: str) -> None:
    if misfit(text) is None:
        assert shown(text, NUMBER) == text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a\0": ["\0", 1, None, True, {"b": "\ud800"}]}, {"a\ufffd": ["\ufffd", 1, None, True, {"b": "?"}]}),
        ((1, "x"), [1, "x"]),
        (Decimal("1.10"), Decimal("1.10")),
        (date(2026, 3, 2), "2026-03-02"),
        (1.5, "1.5"),
        ({1: ValueError("no")}, {"1": "no"}),
    ],
)
def test_what_is_not_plain_becomes_its_text(value: Any, expected: Any) -> None:
    assert shown_tree(value) == expected
