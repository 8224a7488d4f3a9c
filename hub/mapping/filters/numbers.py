"""Numbers: decimal, integer, round, implied, fixed. Exact: what would lose a digit is refused."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any, Final

from hub.mapping.errors import ValueRefused
from hub.mapping.filters.filter import Filter
from hub.mapping.limits import MAX_DIGITS
from hub.mapping.values import bounded, shown

MAX_PLACES: Final = 20
_NOT_A_NUMBER: Final = Decimal("NaN")
_UNITS: Final = [Decimal((0, (1,), -places)) for places in range(MAX_PLACES + 1)]
_ROUNDING: Final = Context(prec=2 * MAX_DIGITS + MAX_PLACES, rounding=ROUND_HALF_UP)


def to_decimal(value: Any) -> Decimal:
    """An exact number from a number or its text; grouping signs and decimal commas are refused."""
    if isinstance(value, str):
        return _parsed(value)
    if isinstance(value, Decimal):
        return bounded(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value) if -(10**18) < value < 10**18 else bounded(Decimal(value))
    raise ValueRefused(f"{shown(value)} is no number", value)


def _parsed(text: str) -> Decimal:
    if len(text) > MAX_DIGITS:
        raise ValueRefused(f"{shown(text)} is longer than the {MAX_DIGITS} digits a number may have", text)
    try:
        number = Decimal(text) if "_" not in text else _NOT_A_NUMBER
    except InvalidOperation:
        number = _NOT_A_NUMBER
    if not number.is_finite():
        raise ValueRefused(f"{shown(text)} is no number", text)
    return bounded(number)


def integer(value: Any) -> int:
    """A whole number; one with a fraction is refused."""
    number = to_decimal(value)
    if number != number.to_integral_value():
        raise ValueRefused(f"{shown(value)} is no whole number; round it first", value)
    return int(number)


def round_to(value: Any, places: int = 0) -> Decimal:
    """Rounded commercially: half goes away from zero."""
    return to_decimal(value).quantize(_unit(places), context=_ROUNDING)


def implied(value: Any, places: int) -> Decimal:
    """A number written without its point, as in X12 and fixed-width files: 12345, 2 -> 123.45."""
    number = to_decimal(value)
    if number.as_tuple().exponent != 0:
        raise ValueRefused(f"{shown(value)} has a point of its own, so none is implied", value)
    return number.scaleb(-_places(places), context=_ROUNDING)


def fixed(value: Any, places: int) -> str:
    """Text with exactly so many decimals; a number that has more is refused."""
    number = to_decimal(value)
    rounded = number.quantize(_unit(places), context=_ROUNDING)
    if rounded != number:
        raise ValueRefused(f"{shown(value)} has more than {places} decimals; round it first", value)
    return format(rounded, "f")


def _unit(places: int) -> Decimal:
    return _UNITS[_places(places)]


def _places(places: Any) -> int:
    if not isinstance(places, int) or isinstance(places, bool) or not 0 <= places <= MAX_PLACES:
        raise ValueRefused(f"decimals are 0 to {MAX_PLACES}, not {shown(places)}", places)
    return places


def _check(places: int = 0) -> None:
    _places(places)


FILTERS: Final = (
    Filter("decimal", to_decimal, short=True),
    Filter("integer", integer, short=True),
    Filter("round", round_to, check=_check, short=True),
    Filter("implied", implied, check=_check, short=True),
    Filter("fixed", fixed, check=_check, short=True),
)
