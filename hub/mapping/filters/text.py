"""Text: text, upper, lower, trim, truncate, pad_left, pad_right, replace, split, sha256, sha512.

Each takes any single value by its text: numbers in fixed notation, times in ISO 8601.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from hub.mapping.errors import ValueRefused
from hub.mapping.filters.filter import Filter
from hub.mapping.limits import MAX_ITEMS, MAX_WIDTH
from hub.mapping.values import shown, to_text

TRUNCATION: Final = ("cut", "word", "error")


def upper(value: Any) -> str:
    """In capitals."""
    return to_text(value).upper()


def lower(value: Any) -> str:
    """In small letters."""
    return to_text(value).lower()


def trim(value: Any) -> str:
    """Without white space at both ends."""
    return to_text(value).strip()


def truncate(value: Any, length: int, policy: str = "cut") -> str:
    """At most `length` characters: the first, or those up to the end of a `word`, or an `error` for more."""
    text, most = to_text(value), _width(length)
    _policy(policy)
    if len(text) <= most:
        return text
    if policy == "error":
        raise ValueRefused(f"the text has {len(text)} characters, and only {most} fit: {text[:60]!r}", value)
    kept = text[:most]
    if policy == "word" and not text[most].isspace():
        kept = next((kept[:at] for at in range(most, 0, -1) if kept[at - 1].isspace()), kept)
    return kept.rstrip() if policy == "word" else kept


def sha256(value: Any) -> str:
    """The SHA-256 of the text's UTF-8, as 64 hexadecimal digits."""
    return hashlib.sha256(_utf8(value)).hexdigest()


def sha512(value: Any) -> str:
    """The SHA-512 of the text's UTF-8, as 128 hexadecimal digits."""
    return hashlib.sha512(_utf8(value)).hexdigest()


def _utf8(value: Any) -> bytes:
    try:
        return to_text(value).encode()
    except UnicodeEncodeError:
        raise ValueRefused(f"{shown(value)} holds half a character, which UTF-8 cannot write", value) from None


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


def _policy(policy: Any) -> None:
    if policy not in TRUNCATION:
        raise ValueRefused(f"a policy is {', '.join(map(repr, TRUNCATION))}, not {shown(policy)}", policy)


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


def _check_truncate(length: int, policy: str = "cut") -> None:
    _width(length)
    _policy(policy)


def _check_separator(separator: str) -> None:
    _separator(separator)


FILTERS: Final = (
    Filter("text", to_text),
    Filter("upper", upper),
    Filter("lower", lower),
    Filter("trim", trim),
    Filter("truncate", truncate, check=_check_truncate),
    Filter("pad_left", pad_left, check=_check_width),
    Filter("pad_right", pad_right, check=_check_width),
    Filter("replace", replace, looks_through=True),
    Filter("split", split, check=_check_separator),
    Filter("sha256", sha256, short=True, looks_through=True),
    Filter("sha512", sha512, short=True, looks_through=True),
)
