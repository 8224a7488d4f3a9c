"""Revision keys are texts that sort as the moments and numbers they were made from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hub.ledger.revisions import revision_key

ZONES = st.builds(timezone, st.integers(-14 * 60, 14 * 60).map(lambda minutes: timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


@given(one=MOMENTS, other=MOMENTS, zone=ZONES, another=ZONES)
def test_times_sort_by_the_moment_whatever_their_zones(
    one: datetime, other: datetime, zone: timezone, another: timezone
) -> None:
    keys = revision_key(one.astimezone(zone).isoformat()), revision_key(other.astimezone(another).isoformat())
    assert (keys[0] < keys[1], keys[0] == keys[1]) == (one < other, one == other)


@given(one=st.integers(0, 10**60), other=st.integers(0, 10**60))
def test_whole_numbers_sort_by_value_as_numbers_and_as_text(one: int, other: int) -> None:
    assert (revision_key(one) < revision_key(str(other))) == (one < other)
    assert (revision_key(one) == revision_key(f"00{other}")) == (one == other)


@given(
    one=st.decimals(0, 10**12, places=6, allow_nan=False),
    other=st.decimals(0, 10**12, places=6, allow_nan=False),
)
def test_decimals_sort_by_value_too(one: Decimal, other: Decimal) -> None:
    assert (revision_key(one) < revision_key(f"{other:f}")) == (one < other)


def test_a_whole_second_is_older_than_the_fraction_after_it() -> None:
    versions = ["1709373600", "1709373600.25", "1709373600.5", "1709373601"]
    assert sorted(versions, key=revision_key) == versions
