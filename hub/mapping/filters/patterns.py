"""Patterns: matches, extract, replace_pattern, with RE2's regular expressions.

RE2 reads a text in time linear to its length, whatever the pattern: no text makes it run away.
It has no look-around and no references back (https://github.com/google/re2/wiki/Syntax).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import re2

from hub.mapping.errors import ValueRefused
from hub.mapping.filters.filter import Filter
from hub.mapping.limits import MAX_PATTERN
from hub.mapping.values import shown, to_text

_MAX_ADDED: Final = 1_000_000
_OPTIONS: Final = re2.Options()
_OPTIONS.log_errors = False


def matches(value: Any, pattern: str) -> bool:
    """Whether the whole text is as the pattern says."""
    return _compiled(pattern).fullmatch(_searchable(value)) is not None


def extract(value: Any, pattern: str) -> str | None:
    """The first place that is as the pattern says: its first group, or all of it; None if there is none."""
    compiled = _compiled(pattern)
    found = compiled.search(_searchable(value))
    if found is None:
        return None
    text: str | None = found.group(1 if compiled.groups else 0)
    return text


def replace_pattern(value: Any, pattern: str, new: str) -> str:
    """Each place that is as the pattern says replaced by `new`, as it stands."""
    compiled, text, added = _compiled(pattern), _searchable(value), to_text(new)
    found = sum(1 for _ in compiled.finditer(text))
    if found * len(added) > _MAX_ADDED:
        raise ValueRefused(f"replacing {found} times would make more than a million characters", value)
    made: str = compiled.sub(lambda _: added, text)
    return made


@lru_cache(maxsize=1000)
def _compiled(pattern: Any) -> Any:
    if not isinstance(pattern, str) or not 0 < len(pattern) <= MAX_PATTERN:
        raise ValueRefused(f"a pattern is a text of 1 to {MAX_PATTERN} characters, not {shown(pattern)}", pattern)
    if not pattern.isprintable():
        raise ValueRefused(f"{shown(pattern)} holds a control character; write its backslash twice: '\\\\b'", pattern)
    try:
        return re2.compile(_searchable(pattern), _OPTIONS)
    except re2.error as error:
        reason = error.args[0].decode("utf-8", "replace") if error.args else "it cannot be read"
        raise ValueRefused(f"{shown(pattern)} is no regular expression of RE2: {reason}", pattern) from None


def _searchable(value: Any) -> str:
    text = to_text(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueRefused(f"{shown(value)} holds half a character, which no pattern can read", value) from None
    return text


def _check(pattern: str) -> None:
    _compiled(pattern)


def _check_both(pattern: str, new: str) -> None:
    _compiled(pattern)
    to_text(new)


FILTERS: Final = (
    Filter("matches", matches, check=_check, short=True, looks_through=True),
    Filter("extract", extract, check=_check, passes_on=True, looks_through=True),
    Filter("replace_pattern", replace_pattern, check=_check_both, looks_through=True),
)
