"""Numbers of GS1: gtin, sscc, check_digit, by the General Specifications, section 7.9.

The last digit of each is its check digit: from the right, the digits before it count three and one
by turns, and with the check digit the sum is a multiple of ten.
"""

from __future__ import annotations

import re
from typing import Any, Final

from hub.mapping.errors import ValueRefused
from hub.mapping.filters.filter import Filter
from hub.mapping.values import shown, to_text

GTIN_LENGTHS: Final = (8, 12, 13, 14)
SSCC_LENGTH: Final = 18
_MAX_LENGTH: Final = 40
_DIGITS: Final = re.compile(r"[0-9]+")
_APPLICATION: Final = re.compile(r"(?:\(00\)|00)(?=[0-9]{18}$)")
"""The application identifier that stands before an SSCC on a label."""


def gtin(value: Any, length: int = 14) -> str:
    """A GTIN of 8, 12, 13 or 14 digits whose check digit is right, with `length` digits by zeros at its left."""
    digits, wanted = _digits(value), _length(length)
    if len(digits) not in GTIN_LENGTHS:
        raise ValueRefused(f"a GTIN has 8, 12, 13 or 14 digits, and {digits!r} has {len(digits)}", value)
    _verify(digits, "GTIN", value)
    number = digits.lstrip("0").zfill(wanted)
    if len(number) > wanted:
        raise ValueRefused(f"the GTIN {digits!r} does not fit into {wanted} digits", value)
    return number


def sscc(value: Any) -> str:
    """The 18 digits of an SSCC: its check digit is verified, or computed for 17; `(00)` before it is taken off."""
    digits = _digits(_APPLICATION.sub("", _trimmed(value)))
    if len(digits) == SSCC_LENGTH - 1:
        return check_digit(digits)
    if len(digits) != SSCC_LENGTH:
        raise ValueRefused(
            f"an SSCC has 18 digits, or 17 without its check digit, and {digits!r} has {len(digits)}", value
        )
    return _verify(digits, "SSCC", value)


def check_digit(value: Any) -> str:
    """The digits with their check digit behind them: a GTIN, GLN or SSCC from all but its last digit."""
    digits = _digits(value)
    return digits + _check_digit(digits)


def _verify(digits: str, what: str, value: Any) -> str:
    right = _check_digit(digits[:-1])
    if digits[-1] != right:
        raise ValueRefused(f"the {what} {digits!r} ends in {digits[-1]}, and its check digit would be {right}", value)
    return digits


def _check_digit(digits: str) -> str:
    threes, ones = sum(map(int, digits[::-2])), sum(map(int, digits[-2::-2]))
    return str(-(3 * threes + ones) % 10)


def _digits(value: Any) -> str:
    text = _trimmed(value)
    if not _DIGITS.fullmatch(text):
        raise ValueRefused(f"{shown(text)} is not made of digits alone", value)
    return text


def _trimmed(value: Any) -> str:
    text = to_text(value).strip()
    if len(text) > _MAX_LENGTH:
        raise ValueRefused(f"{shown(text)} is too long for a number of GS1", value)
    return text


def _length(length: Any) -> int:
    if length not in GTIN_LENGTHS or isinstance(length, bool):
        raise ValueRefused(f"a GTIN is given 8, 12, 13 or 14 digits, not {shown(length)}", length)
    return int(length)


def _check_gtin(length: int = 14) -> None:
    _length(length)


FILTERS: Final = (
    Filter("gtin", gtin, check=_check_gtin, short=True),
    Filter("sscc", sscc, short=True),
    Filter("check_digit", check_digit, short=True),
)
