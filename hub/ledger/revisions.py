"""Revisions as sortable text: which of two versions of an object is the newer one."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from hub.contract.clock import to_micros
from hub.contract.values import fixed

_NUMBER: Final = re.compile(r"([0-9]+)(?:\.([0-9]+))?")
_BEFORE_1970: Final = 10**17
"""More microseconds than there are from the year 1 to 1970, so that no moment is negative."""


def revision_key(version: Any) -> str:
    """Text that sorts as versions do, at most 220 characters; "" for none.

    A datetime, or text that is one in ISO 8601 with its zone, sorts by the moment it names, so
    that `…T12:00:00+02:00` is older than `…T11:00:00Z`. A number sorts by its value. Other
    text sorts as it is. The first character tells which of them it is.
    """
    if version is None or version == "":
        return ""
    if isinstance(version, datetime):
        return _moment_key(version)
    text = fixed(version) if isinstance(version, Decimal) else str(version).strip()
    return _number(text) or _moment(text) or f"x{text}"[:220]


def is_older(one: str, other: str) -> bool:
    """Whether revision key `one` is older than `other`; never so where they cannot be compared.

    They cannot where one is missing, or where one is a number and the other a time: the
    pipeline reads another version than it did.
    """
    return one[:1] == other[:1] and one < other


def _number(text: str) -> str | None:
    """Digits after their count, so that numbers of any length sort by their value."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    whole, fraction = match[1].lstrip("0"), (match[2] or "").rstrip("0")
    return f"n{len(whole):03d}{whole}.{fraction}"[:220]


def _moment(text: str) -> str | None:
    if len(text) < 16 or text[4] != "-":
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else _moment_key(moment)


def _moment_key(moment: datetime) -> str:
    return f"t{to_micros(moment) + _BEFORE_1970:020d}"
