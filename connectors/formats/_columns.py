"""Columns of formats that hold text in places: what their values are, from the file to the tree and back."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field, field_validator

from hub.contract.connector import ConnectorConfig
from hub.contract.values import MOST_DIGITS, fixed

_TRIED = datetime(2024, 12, 31)  # noqa: DTZ001 - a day has no zone
"""A day whose parts all differ, so that a format that loses one is noticed."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_UNREADABLE = re.compile(r"[\ud800-\udfff]")
"""Bytes that are not of the encoding, decoded as lone surrogates (PEP 383)."""


class Column(ConnectorConfig):
    """A column: its name and what its values are."""

    name: str = Field(min_length=1, description="The column's name in the tree.")
    type: Literal["text", "number", "integer", "date"] = Field(
        "text", description="What its values are; a number is exact, a date is written in ISO 8601 in the tree."
    )
    required: bool = Field(False, description="Whether a row without a value here is refused.")
    format: str = Field("%Y-%m-%d", description="For a date: how the file writes it, as strptime has it.")

    @field_validator("format")
    @classmethod
    def _tells_a_day(cls, text: str) -> str:
        try:
            fine = datetime.strptime(_TRIED.strftime(text), text) == _TRIED  # noqa: DTZ007
        except ValueError:
            fine = False
        if not fine:
            raise ValueError("name year, month and day, such as %Y%m%d or %d.%m.%Y")
        return text


def read_value(text: str, column: Column, *, decimal_comma: bool = False) -> Any:
    """The value of a field; None of an empty one; ValueError that says what is wrong with it."""
    if column.type != "text":
        text = text.strip()
    if not text:
        if column.required:
            raise ValueError("has no value, and needs one")
        return None
    if column.type == "number":
        return _number(text, decimal_comma)
    if column.type == "integer":
        return _integer(text)
    if column.type == "date":
        return _date(text, column.format).isoformat()
    return text


def write_value(value: Any, column: Column, *, decimal_comma: bool = False) -> str:
    """The field of a value; ValueError that says what is wrong with it."""
    text = _text(value)
    if not text:
        if column.required:
            raise ValueError("has no value, and needs one")
        return ""
    if "\0" in text:
        raise ValueError("holds a NUL, which no CSV can")
    if column.type == "number":
        return fixed(_number(text, decimal_comma=False)).replace(".", "," if decimal_comma else ".")
    if column.type == "integer":
        return str(_integer(text))
    if column.type == "date":
        return _iso_date(text).strftime(column.format)
    return text


def unreadable(text: str) -> bool:
    """Whether a text holds what is not of its encoding, or NUL."""
    return "\0" in text or (not text.isascii() and bool(_UNREADABLE.search(text)))


def shown(text: str) -> str:
    """A value as an error may show it: printable, not overlong, bytes that could not be read as escapes."""
    return "".join(c if c.isprintable() else _escaped(c) for c in text[:200])


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else character.encode("unicode_escape").decode()


def _number(text: str, decimal_comma: bool) -> Decimal:
    sign, example = (",", "1234,50") if decimal_comma else (".", "1234.50")
    plain = text.replace(",", ".") if decimal_comma and "." not in text else text
    if not _NUMBER.fullmatch(plain) or (decimal_comma and "." in text) or len(plain) > MOST_DIGITS:
        raise ValueError(f"is no number, which is written with {sign!r} and without grouping signs: {example}")
    return Decimal(plain)


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text) or len(text) > MOST_DIGITS:
        raise ValueError("is no whole number")
    return int(text)


def _date(text: str, format: str) -> date:
    try:
        return datetime.strptime(text, format).date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise ValueError(f"is no date of the form {format}") from None


def _iso_date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("is no date in ISO 8601, such as 2026-03-31") from None


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal) and value.is_finite():
        return fixed(value)
    if isinstance(value, str | int):
        return str(value)
    raise ValueError(f"is a {type(value).__name__}, which no field can hold")
