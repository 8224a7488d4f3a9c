"""Rows of queries, and their times as results carry them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, overload

from sqlalchemy import Row

from hub.contract.clock import from_micros

AnyRow = Row[*tuple[Any, ...]]
"""A row of a query."""


@overload
def moment(micros: int) -> datetime: ...


@overload
def moment(micros: None) -> None: ...


@overload
def moment(micros: int | None) -> datetime | None: ...


def moment(micros: int | None) -> datetime | None:
    """The aware datetime, in UTC, of a column that may be empty."""
    return None if micros is None else from_micros(micros)
