"""Amounts of documents: money, price, quantity."""

from __future__ import annotations

import re
from typing import Any, Final

from hub.mapping.errors import ValueRefused
from hub.mapping.filters.filter import Filter
from hub.mapping.filters.numbers import to_decimal
from hub.mapping.values import shown

_MAX_CODE: Final = 20
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_UNIT: Final = re.compile(r"[A-Z0-9]{1,3}")


def money(value: Any, currency: str) -> dict[str, Any]:
    """`{amount, currency}`; the currency is an ISO 4217 code."""
    return {"amount": to_decimal(value), "currency": _code(currency)}


def price(value: Any, currency: str, per: Any = 1, unit: str = "EA") -> dict[str, Any]:
    """`{amount, currency, per: {value, unit}}`: the price of `per` units."""
    return {
        "amount": to_decimal(value),
        "currency": _code(currency),
        "per": {"value": to_decimal(per), "unit": _code(unit)},
    }


def quantity(value: Any, unit: str = "EA") -> dict[str, Any]:
    """`{value, unit}`; the unit is a UN/ECE Recommendation 20 code."""
    return {"value": to_decimal(value), "unit": _code(unit)}


def _code(code: Any) -> str:
    """A code as it is; whether it is one of the right list is for the document to say."""
    if not isinstance(code, str) or len(code) > _MAX_CODE:
        raise ValueRefused(f"{shown(code)} is no code of a currency or unit", code)
    return code


def _check_money(currency: str) -> None:
    if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
        raise ValueRefused(f"{shown(currency)} is no ISO 4217 code, such as 'EUR'", currency)


def _check_quantity(unit: str = "EA") -> None:
    if not isinstance(unit, str) or not _UNIT.fullmatch(unit):
        raise ValueRefused(f"{shown(unit)} is no UN/ECE Recommendation 20 code, such as 'EA'", unit)


def _check_price(currency: str, per: Any = 1, unit: str = "EA") -> None:
    _check_money(currency)
    to_decimal(per)
    _check_quantity(unit)


FILTERS: Final = (
    Filter("money", money, check=_check_money, short=True),
    Filter("price", price, check=_check_price, short=True),
    Filter("quantity", quantity, check=_check_quantity, short=True),
)
