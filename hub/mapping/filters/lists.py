"""Lists: first, last, length, join, sum, where, flatten. One value is a list of one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from hub.mapping.errors import ValueRefused
from hub.mapping.filters.filter import Filter
from hub.mapping.filters.numbers import to_decimal
from hub.mapping.limits import MAX_CHARACTERS
from hub.mapping.values import EXACT, as_list, bounded, read, shown, to_text


def first(value: Any) -> Any:
    """The first item; null of an empty list."""
    items = as_list(value)
    return items[0] if items else None


def last(value: Any) -> Any:
    """The last item; null of an empty list."""
    items = as_list(value)
    return items[-1] if items else None


def length(value: Any) -> int:
    """How many items a list has; of a text, how many characters."""
    return len(value) if isinstance(value, str | dict) else len(as_list(value))


def join(value: Any, separator: str = "") -> str:
    """The texts of all items but null ones, with a separator between them."""
    texts = [to_text(item) for item in as_list(value) if item is not None]
    between = to_text(separator)
    if len(between) * len(texts) + sum(map(len, texts)) > MAX_CHARACTERS:
        raise ValueRefused(f"joined this has more than {MAX_CHARACTERS} characters", value)
    return between.join(texts)


def total(value: Any, path: str | None = None) -> Decimal:
    """The exact sum of the items, or of what is at `path` (`'price.amount'`) in each; missing ones count nothing."""
    keys = tuple(path.split(".")) if path is not None else ()
    found = (read(item, keys, "item") for item in as_list(value))
    result = Decimal(0)
    for number in found:
        if number is not None:
            result = EXACT.add(result, to_decimal(number))
    return bounded(result)


def where(value: Any, path: str, wanted: Any) -> list[Any]:
    """The items that have `wanted` at `path`: `source.E1EDK02 | where('QUALF', '001')`.

    A path through the result takes its only item, so that it reads as one does where there must be one.
    """
    keys = tuple(path.split("."))
    return [item for item in as_list(value) if read(item, keys, "item") == wanted]


def flatten(value: Any, path: str) -> list[Any]:
    """The items of the lists at `path` in each item, one after the other: `source.refunds | flatten('lines')`."""
    keys = tuple(path.split("."))
    inner = (read(item, keys, "item") for item in as_list(value))
    return [item for found in inner if found is not None for item in as_list(found)]


def _check_where(path: str, wanted: Any) -> None:
    _check_sum(path)
    if wanted is None:
        raise ValueRefused("null is never at a path, so nothing can be found by it")


def _check_sum(path: str | None = None) -> None:
    if path is not None and (not isinstance(path, str) or not all(path.split("."))):
        raise ValueRefused(f"{shown(path)} is no path such as 'price.amount'", path)


FILTERS: Final = (
    Filter("first", first, short=True, passes_on=True),
    Filter("last", last, short=True, passes_on=True),
    Filter("length", length, short=True),
    Filter("join", join, looks_through=True),
    Filter("sum", total, check=_check_sum, short=True, looks_through=True),
    Filter("flatten", flatten, check=_check_sum, passes_on=True, looks_through=True),
    Filter("where", where, check=_check_where, short=True, passes_on=True, looks_through=True),
)
