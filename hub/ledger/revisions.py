"""Revisions as sortable text: which of two versions of an object is the newer one."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from hub.contract.clock import to_micros


def revision_key(version: Any) -> str:
    """Text that sorts as versions do; "" for none.

    A datetime, or text that is one in ISO 8601 with its zone, sorts by the moment it names, so
    that `…T12:00:00+02:00` is older than `…T11:00:00Z`. A whole number sorts by its value.
    Other text sorts as it is.
    """
    if version is None or version == "":
        return ""
    if isinstance(version, datetime):
        return f"t{to_micros(version):020d}"
    if isinstance(version, int | Decimal):
        return _number(str(version))
    text = str(version).strip()
    if text.isdecimal():
        return _number(text)
    return _moment(text) or f"x{text}"[:220]


def _number(text: str) -> str:
    return f"n{text.zfill(40)}"[:220]


def _moment(text: str) -> str | None:
    if len(text) < 16 or text[4] != "-":
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else f"t{to_micros(moment):020d}"
