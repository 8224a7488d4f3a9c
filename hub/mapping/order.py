"""The order that `$sort` puts items into: by values of one kind, nulls last."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from hub.mapping.errors import ValueRefused
from hub.mapping.limits import MAX_SORT_TEXT
from hub.mapping.values import bounded, is_number, shown

Row = tuple[Any, ...]
"""An item and the values it is sorted by."""

_KINDS: Final = {str: "text", bool: "truth value", datetime: "time", date: "date"}


def sort_rows(rows: list[Row], column: int, descending: bool) -> list[Row]:
    """The rows ordered by the values of one column; rows with equal ones stay as they are.

    Null is last, also where the order descends. Raises ValueRefused for values that have no
    order, and for two that are not of the same kind. To sort by several columns, the last is
    sorted first.
    """
    known = [row for row in rows if row[column] is not None]
    _refuse_mixture([row[column] for row in known])
    ordered = sorted(known, key=lambda row: row[column], reverse=descending)
    return ordered + [row for row in rows if row[column] is None]


def _refuse_mixture(values: list[Any]) -> None:
    kinds: dict[str, Any] = {}
    for value in values:
        kinds.setdefault(_kind(value), value)
    if len(kinds) > 1:
        first, second = (_named(kind, value) for kind, value in list(kinds.items())[:2])
        raise ValueRefused(f"{first} and {second} cannot be sorted together; make them one kind by a filter")


def _kind(value: Any) -> str:
    if is_number(value):
        bounded(Decimal(value))
        return "number"
    kind = _KINDS.get(type(value))
    if kind is None:
        raise ValueRefused(f"{shown(value)} has no place in an order; $sort takes single values", value)
    if kind == "text" and len(value) > MAX_SORT_TEXT:
        raise ValueRefused(f"a text of more than {MAX_SORT_TEXT} characters is not sorted by", value)
    return kind


def _named(kind: str, value: Any) -> str:
    return shown(value) if kind == "text" else f"the {kind} {shown(value)}"
