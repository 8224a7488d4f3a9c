"""Text: text, upper, lower, trim, truncate, pad_left, pad_right, replace, split.

Each takes any single value by its text: numbers in fixed notation, times in ISO 8601.
"""

from __future__ import annotations

from typing import Any, Final

from hub.mapping.errors import ValueRefused
from hub.mapping.filters.filter import Filter
from hub.mapping.limits import MAX_ITEMS, MAX_WIDTH
from hub.mapping.values import shown, to_text


def upper(value: Any) -> str:
    """In capitals."""
    return to_text(value).upper()


def lower(value: Any) -> str:
    """In small letters."""
    return to_text(value).lower()


def trim(value: Any) -> str:
    """Without white space at both ends."""
    return to_text(value).strip()


def truncate(value: Any, length: int) -> str:
    """The first `length` characters."""
    return to_text(value)[: _width(length)]


def pad_left(value: Any, length: int, fill: str = " ") -> str:
    """At least `length` characters, filled at the left; longer text stays."""
    return to_text(value).rjust(_width(length), _fill(fill))


def pad_right(value: Any, length: int, fill: str = " ") -> str:
    """At least `length` characters, filled at the right; longer text stays."""
    return to_text(value).ljust(_width(length), _fill(fill))


def replace(value: Any, old: str, new: str) -> str:
    """Each `old` replaced by `new`."""
    text, added = to_text(value), to_text(new)
    found = text.count(_separator(old))
    if found * len(added) > 1_000_000:
        raise ValueRefused(f"replacing {found} times would make more than a million characters", value)
    return text.replace(old, added)


def split(value: Any, separator: str) -> list[str]:
    """The parts between separators; of an empty text none."""
    text = to_text(value)
    if text.count(_separator(separator)) >= MAX_ITEMS:
        raise ValueRefused(f"the text has more than {MAX_ITEMS} parts", value)
    return text.split(separator) if text else []


def _width(length: Any) -> int:
    if not isinstance(length, int) or isinstance(length, bool) or not 0 <= length <= MAX_WIDTH:
        raise ValueRefused(f"a length is 0 to {MAX_WIDTH}, not {shown(length)}", length)
    return length


def _fill(fill: Any) -> str:
    if not isinstance(fill, str) or len(fill) != 1:
        raise ValueRefused(f"one character fills, not {shown(fill)}", fill)
    return fill


def _separator(separator: Any) -> str:
    if not isinstance(separator, str) or not separator:
        raise ValueRefused(f"a text is looked for, not {shown(separator)}", separator)
    return separator


def _check_width(length: int, fill: str = " ") -> None:
    _width(length)
    _fill(fill)


def _check_separator(separator: str) -> None:
    _separator(separator)


FILTERS: Final = (
    Filter("text", to_text),
    Filter("upper", upper),
    Filter("lower", lower),
    Filter("trim", trim),
    Filter("truncate", truncate, check=_check_width),
    Filter("pad_left", pad_left, check=_check_width),
    Filter("pad_right", pad_right, check=_check_width),
    Filter("replace", replace),
    Filter("split", split, check=_check_separator),
)
