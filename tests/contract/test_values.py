"""Exact numbers: what is taken, what is refused, and that nothing is rounded on the way."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract.values import MOST_DIGITS, fixed, from_scaled, to_decimal, to_scaled


@pytest.mark.parametrize("value", [1.5, True, None, "NaN", "Infinity", "12 EUR", "1e999999999", "1E+999999", "9" * 101])
def test_what_is_no_exact_number_of_a_sane_size_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="number"):
        to_decimal(value)


@pytest.mark.parametrize("text", ["1.0000000000000000000000000001", "0.0000001", "9223372036855", "-1e-7"])
def test_what_a_column_cannot_hold_is_refused_and_not_rounded(text: str) -> None:
    with pytest.raises(ValueError, match=r"decimals|too large"):
        to_scaled(to_decimal(text))


@given(st.integers(-(2**63), 2**63 - 1))
def test_scaled_numbers_come_back_as_they_were(scaled: int) -> None:
    assert to_scaled(to_decimal(fixed(from_scaled(scaled)))) == scaled


def test_every_digit_is_kept() -> None:
    assert fixed(to_decimal("18446744073709551617.10")) == "18446744073709551617.10"
    assert to_decimal(Decimal("1E+3")) == 1000


@given(
    st.decimals(allow_nan=True, allow_infinity=True)
    | st.builds(
        lambda d, e: Decimal((0, d, e)), st.lists(st.integers(0, 9), max_size=60).map(tuple), st.integers(-120, 120)
    )
)
def test_a_number_is_taken_as_it_is_if_it_is_finite_and_has_no_more_digits_than_that(number: Decimal) -> None:
    _, digits, exponent = number.as_tuple()
    if number.is_finite() and len(digits) + abs(int(exponent)) <= MOST_DIGITS:
        assert to_decimal(number) is number
    else:
        with pytest.raises(ValueError, match="number"):
            to_decimal(number)
