"""Numbers: decimal, integer, round, implied, to_implied, fixed. Exact: what would lose a digit is refused."""

from __future__ import annotations

import re
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Context, Decimal, InvalidOperation
from typing import Any, Final

from hub.mapping.errors import ValueRefused
from hub.mapping.filters.filter import Filter
from hub.mapping.limits import MAX_DIGITS
from hub.mapping.values import SHORT, bounded, shown

MAX_PLACES: Final = 20
_NOT_A_NUMBER: Final = Decimal("NaN")
_UNITS: Final = [Decimal((0, (1,), -places)) for places in range(MAX_PLACES + 1)]
_MODES: Final = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "down": ROUND_DOWN, "up": ROUND_UP}
_ROUNDING: Final = {
    mode: Context(prec=2 * MAX_DIGITS + MAX_PLACES, rounding=rounding) for mode, rounding in _MODES.items()
}
_HALF_UP: Final = _ROUNDING["half_up"]
_POINTS: Final = (".", ",")
_GROUPING: Final = ("", ".", ",", " ", "'")


def to_decimal(value: Any) -> Decimal:
    """An exact number from a number or its text; grouping signs and decimal commas are refused."""
    if isinstance(value, str):
        return _parsed(value)
    if isinstance(value, Decimal):
        return bounded(value)
    if type(value) is int:
        return Decimal(value) if -SHORT < value < SHORT else bounded(Decimal(value))
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
    return number if -MAX_DIGITS < number.adjusted() < MAX_DIGITS else bounded(number)


def decimal(value: Any, point: str = ".", group: str = "") -> Decimal:
    """An exact number from its text, whose decimal sign is `point`; `group` may stand before each three digits."""
    if not isinstance(value, str) or (point == "." and not group):
        return to_decimal(value)
    _check_decimal(point, group)
    return to_decimal(_regrouped(value.strip(), point, group))


def _regrouped(text: str, point: str, group: str) -> str:
    grouped = rf"[0-9]{{1,3}}(?:{re.escape(group)}[0-9]{{3}})+|" if group else ""
    if not re.fullmatch(rf"[+-]?(?:{grouped}[0-9]+)(?:{re.escape(point)}[0-9]+)?", text):
        sign = f" in groups by {group!r}" if group else ""
        raise ValueRefused(f"{shown(text)} is no number with {point!r} before its decimals{sign}", text)
    return text.replace(group, "").replace(point, ".") if group else text.replace(point, ".")


def integer(value: Any) -> int:
    """A whole number; one with a fraction is refused."""
    number = to_decimal(value)
    if number != number.to_integral_value():
        raise ValueRefused(f"{shown(value)} is no whole number; round it first", value)
    return int(number)


def round_to(value: Any, places: int = 0, mode: str = "half_up") -> Decimal:
    """Rounded: by default commercially, so that half goes away from zero; `down` is towards zero, `up` away from it."""
    return to_decimal(value).quantize(_unit(places), context=_rounding(mode))


def implied(value: Any, places: int) -> Decimal:
    """A number written without its point, as in X12 and fixed-width files: 12345, 2 -> 123.45."""
    number = to_decimal(value)
    if number.as_tuple().exponent != 0:
        raise ValueRefused(f"{shown(value)} has a point of its own, so none is implied", value)
    return number.scaleb(-_places(places), context=_HALF_UP)


def to_implied(value: Any, places: int, mode: str | None = None) -> str:
    """The digits of a number without its point: 123.45, 2 -> 12345; one that has more decimals needs a `mode`."""
    return format(_scaled(value, places, mode).scaleb(places, context=_HALF_UP), "f")


def fixed(value: Any, places: int, mode: str | None = None) -> str:
    """Text with exactly so many decimals; one that has more is refused, or rounded by `mode`."""
    return format(_scaled(value, places, mode), "f")


def _scaled(value: Any, places: int, mode: str | None) -> Decimal:
    number = to_decimal(value)
    rounded = number.quantize(_unit(places), context=_HALF_UP if mode is None else _rounding(mode))
    if mode is None and rounded != number:
        raise ValueRefused(f"{shown(value)} has more than {places} decimals; round it first", value)
    return rounded


def _unit(places: int) -> Decimal:
    return _UNITS[_places(places)]


def _places(places: Any) -> int:
    if not isinstance(places, int) or isinstance(places, bool) or not 0 <= places <= MAX_PLACES:
        raise ValueRefused(f"decimals are 0 to {MAX_PLACES}, not {shown(places)}", places)
    return places


def _rounding(mode: Any) -> Context:
    found = _ROUNDING.get(mode) if isinstance(mode, str) else None
    if found is None:
        raise ValueRefused(f"a mode of rounding is {', '.join(map(repr, _MODES))}, not {shown(mode)}", mode)
    return found


def _check(places: int = 0, mode: str | None = None) -> None:
    _places(places)
    if mode is not None:
        _rounding(mode)


def _check_decimal(point: str = ".", group: str = "") -> None:
    if point not in _POINTS or group not in _GROUPING or group == point:
        raise ValueRefused(f"numbers are not written with {shown(point)} before decimals and {shown(group)} in groups")


FILTERS: Final = (
    Filter("decimal", decimal, check=_check_decimal, short=True),
    Filter("integer", integer, short=True),
    Filter("round", round_to, check=_check, short=True),
    Filter("implied", implied, check=_check, short=True),
    Filter("to_implied", to_implied, check=_check, short=True),
    Filter("fixed", fixed, check=_check, short=True),
)
