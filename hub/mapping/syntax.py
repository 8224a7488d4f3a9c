"""Expressions in Jinja2's syntax, read by Jinja2's own parser.

Nothing of Jinja2 runs: its syntax tree is checked against what the language has (`check`)
and becomes Python text (`emit`). Literals with a point become Decimal with all their digits.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any, Final

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.lexer import Lexer, Token, TokenStream, operators
from jinja2.parser import Parser

from hub.mapping.limits import MAX_EXPRESSION
from hub.source import Problems, Scalar

_USUAL: Final = re.compile(
    r"[ \t]*(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<integer>0|[1-9][0-9]*)(?![A-Za-z0-9_.])"
    r"|(?P<string>'[^'\\\r\n]*'|\"[^\"\\\r\n]*\")|(?P<operator>[=!<>]=|\*\*|//|[|.,()\[\]~<>=+*/-]))"
)
"""A token of a kind that nearly all are of."""


class _Lexer(Lexer):
    """Jinja2's lexer, but a float's token carries the Decimal of its text, and usual texts are read quickly."""

    def tokenize(
        self, source: str, name: str | None = None, filename: str | None = None, state: str | None = None
    ) -> TokenStream:
        tokens = _usual_tokens(source)
        if tokens is None:
            return super().tokenize(source, name, filename, state)
        return TokenStream(iter(tokens), name, filename)

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


def _usual_tokens(text: str) -> list[Token] | None:
    """The tokens that Jinja2's lexer finds, if there are but usual ones on one line."""
    tokens, text = [], text.rstrip(" \t")
    position = 0
    while position < len(text):
        found = _USUAL.match(text, position)
        if found is None or found.lastgroup is None:
            return None
        kind, value, position = found.lastgroup, found[found.lastgroup], found.end()
        tokens.append(Token(1, *_READERS[kind](value)))
    return tokens


_READERS: Final[dict[str, Callable[[str], tuple[str, Any]]]] = {
    "name": lambda text: ("name", text),
    "integer": lambda text: ("integer", int(text)),
    "string": lambda text: ("string", text[1:-1]),
    "operator": lambda text: (operators[text], text),
}


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
_PATH: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
_RESERVED: Final = frozenset(
    ("true", "True", "false", "False", "none", "None", "not", "and", "or", "in", "is", "if", "else", "recursive")
)
"""Names that mean something to the parser."""


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
    return _plain_path(text) or _parsed(text)


def _plain_path(text: str) -> nodes.Expr | None:
    """The tree of a name and its keys, which most expressions are: much quicker than by the parser."""
    if not _PATH.fullmatch(text):
        return None
    name, *keys = text.split(".")
    if name in _RESERVED:
        return None
    path: nodes.Expr = nodes.Name(name, "load", lineno=1, environment=_ENVIRONMENT)
    for key in keys:
        path = nodes.Getattr(path, key, "load", lineno=1, environment=_ENVIRONMENT)
    return path


def _parsed(text: str) -> nodes.Expr:
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
