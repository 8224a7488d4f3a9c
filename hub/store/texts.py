"""Texts from outside, made fit for a column.

PostgreSQL takes neither U+0000 nor halves of surrogate pairs, and refuses what is longer than
its column; SQLite takes anything. Text that is only shown to people is mended (`shown`). Text
that names something is refused (`misfit`), since a mended number would be another number.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

NUMBER: Final = 200
"""Characters of a business number, and of names, in the tables."""

_NULL: Final = "\0"
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"


def shown(text: str, limit: int | None = None) -> str:
    """The text as any database takes it, cut to `limit` characters with an ellipsis."""
    clean = text.replace(_NULL, _REPLACEMENT)
    if not clean.isascii():
        clean = clean.encode("utf-8", "replace").decode("utf-8")
    return clean if limit is None or len(clean) <= limit else f"{clean[: limit - 1]}…"


def shown_tree(value: Any) -> Any:
    """Plain values with every text in them `shown`; what is not plain becomes its text."""
    if isinstance(value, dict):
        return {shown(str(key)): shown_tree(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [shown_tree(item) for item in value]
    if value is None or isinstance(value, bool | int | Decimal):
        return value
    return shown(str(value))


def misfit(text: str, limit: int = NUMBER) -> str | None:
    """Why a text cannot name something in a column of `limit` characters, to follow its name; None if it can."""
    if not text:
        return "is empty"
    if len(text) > limit:
        return f"has {len(text)} characters; at most {limit} are kept"
    if _NULL in text:
        return "contains the character U+0000, which no database keeps"
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        return "contains half of a surrogate pair, which is no character"
    return None
