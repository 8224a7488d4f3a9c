"""Expressions in Jinja2's syntax, read by Jinja2's own parser.

Nothing of Jinja2 runs: its syntax tree is checked against what the language has (`check`)
and becomes Python text (`emit`). Literals with a point become Decimal with all their digits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.lexer import Lexer, Token
from jinja2.parser import Parser

from hub.mapping.limits import MAX_EXPRESSION
from hub.source import Problems, Scalar


class _Lexer(Lexer):
    """Jinja2's lexer, but a float's token carries the Decimal of its text."""

    def wrap(
        self, stream: Iterable[tuple[int, str, str]], name: str | None = None, filename: str | None = None
    ) -> Iterator[Token]:
        texts: deque[str] = deque()
        for token in super().wrap(_note_floats(stream, texts), name, filename):
            if token.type == "float":
                # The type of Token.value is Any there, and the parser puts it into a Const as it is.
                yield Token(token.lineno, token.type, Decimal(texts.popleft()))  # type: ignore[arg-type]
            else:
                yield token


def _note_floats(stream: Iterable[tuple[int, str, str]], texts: deque[str]) -> Iterator[tuple[int, str, str]]:
    for line, kind, text in stream:
        if kind == "float":
            texts.append(text)
        yield line, kind, text


class _Environment(Environment):
    @property
    def lexer(self) -> Lexer:
        return _LEXER


_ENVIRONMENT: Final = _Environment(autoescape=True)
_LEXER: Final = _Lexer(_ENVIRONMENT)


def parse_expression(scalar: Scalar, problems: Problems) -> nodes.Expr | None:
    """The syntax tree of a scalar's text, or None with a `syntax` or `limit` problem at its place."""
    if len(scalar.text) > MAX_EXPRESSION:
        message = f"an expression of {len(scalar.text)} characters; at most {MAX_EXPRESSION} are taken"
        problems.error("limit", message, scalar.location, "split it with $let")
        return None
    try:
        return _parse(scalar.text)
    except TemplateSyntaxError as error:
        message = f"{scalar.text!r} is no expression: {error.message}"
        problems.error("syntax", message, scalar.location, _advice(scalar.text))
    except RecursionError:
        problems.error("limit", "an expression nested too deeply", scalar.location, "split it with $let")
    except ValueError as error:
        problems.error("limit", f"{scalar.text[:60]!r} holds a number that is too long: {error}", scalar.location)
    return None


def _parse(text: str) -> nodes.Expr:
    parser = Parser(_ENVIRONMENT, text, state="variable")
    expression = parser.parse_expression()
    if not parser.stream.eos:
        rest = parser.stream.current
        raise TemplateSyntaxError(f"{rest.value!r} is not expected there", rest.lineno)
    assert isinstance(expression, nodes.Expr)
    return expression


def _advice(text: str) -> str:
    if "{{" in text or "{%" in text:
        return "an expression stands without braces"
    return f"if it is text, write {{$const: {text}}}" if len(text) <= 40 else "if it is text, write it as $const"
