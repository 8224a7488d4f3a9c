"""Code tables: crosswalk."""

from __future__ import annotations

from typing import Any, Final

from hub.mapping.filters.filter import Filter
from hub.mapping.lookups import Lookups
from hub.mapping.values import to_text


def crosswalk(lookups: Lookups, value: Any, table: str) -> str:
    """The entry of a code table; a missing one is an error that names table and value."""
    return lookups.crosswalk(table, to_text(value))


FILTERS: Final = (Filter("crosswalk", crosswalk, lookups=True, short=True),)
