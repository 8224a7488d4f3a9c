"""Rows of queries, and their values as results carry them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, overload

from sqlalchemy import Row

from hub.contract.clock import from_micros
from hub.contract.values import fixed

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


def money_words(amount: Decimal, currency: str) -> str:
    """An amount for people, with two decimals or more: `EUR 19.90`."""
    digits = fixed(amount)
    return f"{currency} {digits if len(digits.partition('.')[2]) >= 2 else format(amount, '.2f')}"
