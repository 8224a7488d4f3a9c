"""Code tables: crosswalk."""

from __future__ import annotations

from typing import Any, Final

from hub.mapping.errors import ValueRefused
from hub.mapping.filters.filter import Filter
from hub.mapping.filters.times import to_date
from hub.mapping.lookups import Lookups
from hub.mapping.values import shown, to_text


def crosswalk(lookups: Lookups, value: Any, table: str, reverse: bool = False, on: Any = None) -> str:
    """The entry of a code table, or with `reverse` the value whose entry it is; `on` is the day on which it holds.

    A missing entry is an error that names table and value, and so is one that several values have.
    """
    if reverse is not False:
        _check(table, reverse)
    return lookups.crosswalk(table, to_text(value), reverse=reverse, on=None if on is None else to_date(on))


def _check(table: str, reverse: Any = False, on: Any = None) -> None:  # noqa: ARG001 - the checker knows tables
    if not isinstance(reverse, bool):
        raise ValueRefused(f"reverse is true or false, not {shown(reverse)}", reverse)
    if on is not None:
        to_date(on)


FILTERS: Final = (Filter("crosswalk", crosswalk, check=_check, lookups=True, short=True),)
