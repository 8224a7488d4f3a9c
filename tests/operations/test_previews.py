"""A preview of any bytes is bounded and cannot speak to a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.operations.previews import BYTES, CHARACTERS, escape, preview


@given(st.binary(max_size=200))
def test_any_bytes_have_a_safe_preview(content: bytes) -> None:
    shown = preview(content, len(content))
    assert all(char == "\n" or char == "\t" or char.isprintable() for char in shown.text)
    shown.text.encode()


@given(st.text(alphabet=st.characters(exclude_categories=["C", "Zl", "Zp", "Zs"]), max_size=200))
def test_readable_text_is_shown_as_it_is(text: str) -> None:
    shown = preview(text.encode(), len(text.encode()))
    assert (shown.text, shown.encoding, shown.truncated) == (text, "utf-8", False)


@pytest.mark.parametrize(
    ("content", "text", "encoding"),
    [
        (b"", "", "utf-8"),
        ("Köln ☃".encode(), "Köln ☃", "utf-8"),
        (b"\xef\xbb\xbfwith a mark", "with a mark", "utf-8"),
        ("Köln".encode("latin-1"), "Köln", "latin-1"),
        ("Köln".encode("utf-16"), "Köln", "utf-16"),
        (b"\x1b[31mred\x07", "\\x1b[31mred\\x07", "utf-8"),
        (b"a\r\nb\tc", "a\nb\tc", "utf-8"),
        ("\u202egnp.exe".encode(), "\\u202egnp.exe", "utf-8"),
        (b"PK\x03\x04\x00\xff", "000000  50 4b 03 04 00 ff                                PK....", "hex"),
    ],
)
def test_bytes_are_shown_as_they_were_meant(content: bytes, text: str, encoding: str) -> None:
    shown = preview(content, len(content))
    assert (shown.text, shown.encoding) == (text, encoding)


def test_a_long_body_is_cut_and_says_so() -> None:
    shown = preview(b"x" * BYTES, 10_000_000)
    assert (len(shown.text), shown.truncated) == (CHARACTERS, True)


def test_a_body_may_be_cut_inside_a_character() -> None:
    content = ("x" * (BYTES - 1) + "☃").encode()
    assert preview(content, len(content)).encoding == "utf-8"


def test_what_may_stay_is_chosen() -> None:
    assert escape("a\nb\tc", keep="\n") == "a\nb\\tc"
