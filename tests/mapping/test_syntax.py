"""What Jinja2's lexer and the quick reading of usual texts find is the same."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import TemplateSyntaxError
from jinja2.lexer import Lexer

from hub.mapping import syntax

PARTS = (
    *("source", "a", "_b", "é", ".", "|", "(", ")", "[", "]", "{", "}", ":", ",", "~", "%", " ", "\t", "\n"),
    *("0", "7", "12", "007", "1.5", ".5", "1e3", "0x1f", "1_000", "'x y'", '"é"', "'a\\n'", "'", "not ", "in", "is"),
    *("=", "==", "!", "!=", "<", "<=", ">", ">=", "*", "**", "/", "//", "+", "-", "true", "none"),
)


def _of_jinja(text: str) -> list[tuple[str, object]] | None:
    lexer = syntax._LEXER
    try:
        return [(token.type, token.value) for token in Lexer.wrap(lexer, lexer.tokeniter(text, None, None, "variable"))]
    except TemplateSyntaxError:
        return None


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=8).map("".join) | st.text(max_size=12))
def test_usual_texts_are_read_as_jinja_reads_them(text):
    quick = syntax._usual_tokens(text)
    known = _of_jinja(text)

    if quick is not None and known is not None:
        assert [(token.type, token.value) for token in quick] == known


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(("source", "not", "true", "in", "is", "None", "self", "a1")), min_size=1, max_size=3))
def test_a_plain_path_has_the_tree_of_the_parser(words):
    text = ".".join(words)
    quick = syntax._plain_path(text)

    assert quick is None or quick == syntax._parsed(text)
