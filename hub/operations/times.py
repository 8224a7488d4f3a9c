"""Times of rows as results carry them."""

from __future__ import annotations

from datetime import datetime
from typing import overload

from hub.contract.clock import from_micros


@overload
def moment(micros: int) -> datetime: ...


@overload
def moment(micros: None) -> None: ...


@overload
def moment(micros: int | None) -> datetime | None: ...


def moment(micros: int | None) -> datetime | None:
    """The aware datetime, in UTC, of a column that may be empty."""
    return None if micros is None else from_micros(micros)
