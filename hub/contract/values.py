"""Numbers, money, quantities and times of canonical documents.

Decimals are exact: they take Decimal, int or text and never float, bool or NaN, and are
written in fixed notation. Tables hold them as BIGINT times 10**6 (`to_scaled`), and what is
finer than that is refused instead of rounded.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator

SCALE = 1_000_000
MOST_DIGITS = 100
"""Digits before or after the point that a number may have when it is written in fixed notation."""

_FEW = MOST_DIGITS // 2
"""Characters of a number in fixed notation that surely has no more digits than that."""

_EXACT = Context(prec=2 * MOST_DIGITS, traps=[Inexact, InvalidOperation])


def to_decimal(value: Any) -> Decimal:
    """An exact Decimal from Decimal, int or text; anything else is a ValueError."""
    if type(value) is Decimal:
        text = str(value)
        if len(text) <= _FEW and "E" not in text and value.is_finite():  # as nearly all are, and quick to see
            return value
    if isinstance(value, str):
        try:
            number = Decimal(value.strip())
        except InvalidOperation:
            raise ValueError(f"{value!r} is not a number") from None
    elif isinstance(value, Decimal):
        number = value
    elif isinstance(value, int) and not isinstance(value, bool):
        number = Decimal(value)
    else:
        raise ValueError(f"{value!r} is a {type(value).__name__}, which is not taken for an exact number")
    if not number.is_finite():
        raise ValueError(f"{value!r} is not a finite number")
    _, digits, exponent = number.as_tuple()
    if len(digits) + abs(int(exponent)) > MOST_DIGITS:
        raise ValueError(f"{str(value)[:40]!r} has more digits than a number here may have ({MOST_DIGITS})")
    return number


def fixed(number: Decimal) -> str:
    """Fixed notation, every digit kept: no exponent, whatever Decimal would print."""
    return format(number, "f")


def to_scaled(number: Decimal) -> int:
    """The number times 10**6 for a BIGINT column; finer than that, or too large, is a ValueError."""
    scaled = number.scaleb(6, _EXACT)
    whole = int(scaled)
    if whole != scaled:
        raise ValueError(f"{fixed(number)} has more than six decimals")
    if not -(2**63) <= whole < 2**63:
        raise ValueError(f"{fixed(number)} is too large to store")
    return whole


def from_scaled(scaled: int) -> Decimal:
    """The Decimal behind a BIGINT column."""
    return Decimal(scaled) / SCALE


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time needs a zone; give one to the datetime filter")
    return moment


Number = Annotated[
    Decimal,
    PlainValidator(to_decimal, json_schema_input_type=Decimal),
    PlainSerializer(fixed, return_type=str, when_used="json"),
]
"""An exact decimal."""

Moment = Annotated[datetime, AfterValidator(_aware)]
"""A point in time, with its zone."""

Code = Annotated[str, Field(min_length=1, max_length=80)]
"""A code or number of some scheme."""

Text = Annotated[str, Field(max_length=4000)]
"""Free text."""

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
"""ISO 4217 alphabetic code."""

Unit = Annotated[str, Field(pattern=r"^[A-Z0-9]{1,3}$")]
"""UN/ECE Recommendation 20 code, such as EA, KGM, CS."""

Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
"""ISO 3166-1 alpha-2 code."""


class Model(BaseModel):
    """Base of everything in a canonical document: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Money(Model):
    """An amount in a currency."""

    amount: Number
    currency: Currency


class Quantity(Model):
    """How much, in which unit."""

    value: Number
    unit: Unit = "EA"


class Price(Model):
    """A price for `per` of something: 12.50 EUR per 100 EA."""

    amount: Number
    currency: Currency
    per: Quantity = Quantity(value=Decimal(1))
