"""Filters of the trade: rounding, units, addresses, numbers of GS1, times of programs."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.mapping import ExpressionFailed, ValueRefused
from hub.mapping.filters import find_filter
from hub.mapping.filters.gs1 import check_digit, gtin, sscc
from hub.mapping.filters.numbers import implied, to_implied
from hub.mapping.filters.tables import countries, regions
from hub.mapping.filters.times import from_epoch, to_epoch
from hub.mapping.filters.units import SCHEMES, convert, unit

MADE = [
    ("decimal(',')", "1234,50", Decimal("1234.50")),
    ("decimal(',')", "1,234", Decimal("1.234")),
    ("decimal(',', '.')", "-1.234.567,5", Decimal("-1234567.5")),
    ("decimal(',', '.')", "1234,5", Decimal("1234.5")),
    ("decimal(group=',')", "1,234", Decimal(1234)),
    ("decimal(',')", 7, Decimal(7)),
    ("round(0, 'half_even')", "2.5", Decimal(2)),
    ("round(0, 'half_up')", "2.5", Decimal(3)),
    ("round(1, 'down')", "-2.59", Decimal("-2.5")),
    ("round(1, 'up')", "2.51", Decimal("2.6")),
    ("fixed(2, 'half_even')", "2.505", "2.50"),
    ("to_implied(2)", "123.45", "12345"),
    ("to_implied(2)", "-0.05", "-5"),
    ("to_implied(2)", Decimal("1E+3"), "100000"),
    ("to_implied(2, 'down')", "1.009", "100"),
    ("unit('x12', 'rec20')", "CA", "CS"),
    ("unit('x12', 'rec20')", "LB", "LBR"),
    ("unit('rec20', 'x12')", "PCE", "PC"),
    ("unit('sap', 'x12')", "ST", "PC"),
    ("unit('sap', 'rec20')", "KAR", "CT"),
    ("unit('rec20', 'rec20')", "XCT", "CT"),
    ("convert('LBR', 'KGM')", 1, Decimal("0.45359237")),
    ("convert('KGM', 'LBR') | round(3)", "10", Decimal("22.046")),
    ("convert('KGM', 'GRM')", "1.5", Decimal(1500)),
    ("convert('INH', 'CMT')", 10, Decimal("25.40")),
    ("country", "DE", "DE"),
    ("country", " deutschland ", "DE"),
    ("country", "cote d'ivoire", "CI"),
    ("country", 4, "AF"),
    ("country('alpha_3')", "U.S.A.", "USA"),
    ("country('numeric')", "AFG", "004"),
    ("country('name')", "gbr", "United Kingdom"),
    ("state('US')", "california", "CA"),
    ("state('US')", "US-NY", "NY"),
    ("state('USA', 'name')", "dc", "District of Columbia"),
    ("state('CA')", "Québec", "QC"),
    ("state('Australia')", "new south wales", "NSW"),
    ("state('US')", "AE", "AE"),
    ("state('DE')", "Bayern", "Bayern"),
    ("postcode('US')", "04101-2345", "04101-2345"),
    ("postcode('US')", "041012345", "04101-2345"),
    ("postcode('CA')", "k1a0b1", "K1A 0B1"),
    ("postcode('GB')", "sw1a1aa", "SW1A 1AA"),
    ("postcode('GB')", "M1 1AE", "M1 1AE"),
    ("postcode('DE')", "D-10115", "10115"),
    ("postcode('NL')", " 1012 ab ", "1012 AB"),
    ("phone('US')", "(207) 555-0123", "+12075550123"),
    ("phone('Germany')", "030 / 12 34 56", "+4930123456"),
    ("phone", "+44 20 7946 0018", "+442079460018"),
    ("phone('US')", "+49 30 123456", "+4930123456"),
    ("gtin", "036000291452", "00036000291452"),
    ("gtin", 4006381333931, "04006381333931"),
    ("gtin", "73513537", "00000073513537"),
    ("gtin(12)", "00036000291452", "036000291452"),
    ("sscc", "106141411234567897", "106141411234567897"),
    ("sscc", "10614141123456789", "106141411234567897"),
    ("sscc", "(00)106141411234567897", "106141411234567897"),
    ("sscc", "00106141411234567897", "106141411234567897"),
    ("check_digit", "400638133393", "4006381333931"),
    ("truncate(16, 'word')", "Harbour Street Building", "Harbour Street"),
    ("truncate(7, 'word')", "Harbour Street", "Harbour"),
    ("truncate(3, 'word')", "Harbour", "Har"),
    ("truncate(3, 'cut')", "abcdef", "abc"),
    ("truncate(6, 'error')", "abcdef", "abcdef"),
    ("sha256", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ("sha512 | truncate(8)", "abc", "ddaf35a1"),
    ("from_epoch", 1714692600, datetime(2024, 5, 2, 23, 30, tzinfo=UTC)),
    ("from_epoch('ms')", "1714692600123", datetime(2024, 5, 2, 23, 30, 0, 123000, tzinfo=UTC)),
    ("to_epoch", "2024-05-02T23:30:00Z", 1714692600),
    ("to_epoch('ms')", "1969-12-31T23:59:59.5Z", -500),
]

REFUSED = [
    ("decimal(',')", "1.234,5", "is no number with ',' before its decimals"),
    ("decimal(',', '.')", "1.23,5", "in groups by '.'"),
    ("to_implied(2)", "1.005", "has more than 2 decimals; round it first"),
    ("unit('x12', 'rec20')", "XX", "is no unit of 'x12' that is known here; a crosswalk can say"),
    ("unit('rec20', 'sap')", "BX", "has no code in 'sap'"),
    ("convert('KGM', source.u)", 1, "KGM is a weight and MTR a length"),
    ("convert(source.v, 'KGM')", "KG", "the text 'KG' is no number"),
    ("country", "Germny", "is no country of ISO 3166, .*; did you mean 'Germany'"),
    ("country", "x" * 200, "is too long"),
    ("state('US')", "Californa", "is no state of United States.*; did you mean 'California'"),
    ("postcode('US')", 4101, "is no postcode of United States, such as 04101.*lost a leading zero"),
    ("postcode('CA')", "D1A 0B1", "is no postcode of Canada, such as K1A 0B1"),
    ("postcode('GB')", "SW1A", "is no postcode of United Kingdom"),
    ("postcode('DE')", "١٢٣٤٥", "is no postcode of Germany"),
    ("phone", "555-0123", r"is no telephone number; .* name its country: phone\('US'\)"),
    ("phone('US')", "12", "no telephone can have the number '12'; write it as"),
    ("phone('US')", "9" * 500, "is no telephone number"),
    ("gtin", "036000291453", "ends in 3, and its check digit would be 2"),
    ("gtin", "3600029145", "a GTIN has 8, 12, 13 or 14 digits"),
    ("gtin", "03600029145X", "is not made of digits alone"),
    ("gtin(13)", "10036000291459", "does not fit into 13 digits"),
    ("sscc", "106141411234567890", "ends in 0, and its check digit would be 7"),
    ("sscc", "1061", "an SSCC has 18 digits, or 17"),
    ("check_digit", "٤", "is not made of digits alone"),
    ("check_digit", "1" * 100, "is too long"),
    ("truncate(3, 'error')", "abcdef", "the text has 6 characters, and only 3 fit"),
    ("from_epoch", "1e40", "is no time of the years 1 to 9999"),
    ("to_epoch", "2024-05-02T23:30:00", "names no time zone"),
    ("sha256", "\ud800", "holds half a character"),
]

WRONG_ARGUMENTS = [
    ("round(2, 'bankers')", "a mode of rounding is 'half_up', 'half_even', 'down', 'up'"),
    ("decimal(',', ',')", "numbers are not written"),
    ("unit('x12', 'ansi')", "a list of units is 'rec20', 'x12', 'sap'"),
    ("convert('KGM', 'MTR')", "KGM is a weight and MTR a length"),
    ("convert('KG', 'LBR')", "is none of the units KGM"),
    ("country('iso2')", "a form is 'alpha_2', 'alpha_3'"),
    ("state('Utopia')", "is no country"),
    ("postcode('XX')", "is no country"),
    ("gtin(10)", "8, 12, 13 or 14 digits"),
    ("truncate(3, 'drop')", "a policy is 'cut', 'word', 'error'"),
    ("from_epoch('us')", "'s' or 'ms'"),
]


@pytest.mark.parametrize(("text", "given_value", "expected"), MADE)
def test_what_they_make(value, text, given_value, expected):
    assert repr(value(f"source.v | {text}", {"v": given_value})) == repr(expected)


@pytest.mark.parametrize(("text", "given_value", "message"), REFUSED)
def test_what_they_refuse(value, text, given_value, message):
    with pytest.raises(ExpressionFailed, match=message):
        value(f"source.v | {text}", {"v": given_value, "u": "MTR"})


@pytest.mark.parametrize(("text", "message"), WRONG_ARGUMENTS)
def test_arguments_that_never_work_are_found_before_a_run(problems_of, text, message):
    [problem] = problems_of(f'fields: {{a: "source.v | {text}"}}')
    assert "wrong-arguments" in problem
    assert message in problem


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=3))
def test_an_implied_point_survives(number):
    assert implied(to_implied(number, 3), 3) == number


@given(st.text("0123456789", min_size=7, max_size=17), st.integers(0, 16), st.integers(1, 9))
def test_no_single_wrong_digit_is_taken(digits, at, change):
    right = check_digit(digits)
    place = at % len(right)
    wrong = right[:place] + str((int(right[place]) + change) % 10) + right[place + 1 :]
    check = {8: gtin, 12: gtin, 13: gtin, 14: gtin, 18: sscc}.get(len(right))
    if check is not None:
        assert check(right)
        with pytest.raises(ValueRefused, match="check digit"):
            check(wrong)


@given(st.integers(-60_000_000_000, 250_000_000_000), st.sampled_from(["s", "ms"]))
def test_moments_survive_counting(count, of):
    assert to_epoch(from_epoch(count, of), of) == count


@given(
    st.sampled_from(["country", "state", "postcode", "phone", "gtin", "sscc", "check_digit", "unit", "from_epoch"]),
    st.text(max_size=60) | st.integers() | st.booleans(),
)
def test_whatever_comes_is_made_or_refused(name, anything):
    arguments = {"state": ("US",), "postcode": ("GB",), "phone": ("US",), "unit": ("x12", "rec20")}.get(name, ())
    with suppress(ValueRefused):
        assert find_filter(name).function(anything, *arguments) is not None


def test_every_unit_survives_the_way_there_and_back():
    known = {country.alpha_2 for country in countries().values()}
    assert len(known) == 249
    assert set(regions()) == {"US", "CA", "AU"}
    for code in ("EA", "H87", "CS", "KGM", "LBR", "MTR", "HUR"):
        for scheme in SCHEMES[1:]:
            assert unit(unit(code, "rec20", scheme), scheme, "rec20") == code


@pytest.mark.parametrize(("one", "other"), [("KGM", "LBR"), ("GRM", "ONZ"), ("MTR", "FOT"), ("KMT", "SMI")])
def test_measures_come_back(one, other):
    back = convert(convert(Decimal("123.4567"), one, other), other, one)
    assert round(back, 20) == Decimal("123.4567")


def test_a_crosswalk_is_read_both_ways(problems_of, expression, answers):
    lookups = answers(crosswalk={"units": {"PCE": "EA"}})
    read = expression("source.v | crosswalk('units', reverse=true, on='2026-01-31')")
    assert read.evaluate({"source": {"v": "EA"}}, lookups) == "PCE"
    for wrong, says in (("reverse='yes'", "reverse is true or false"), ("on='soon'", "is no time in ISO 8601")):
        [problem] = problems_of(f"fields: {{a: \"source.v | crosswalk('units', {wrong})\"}}")
        assert says in problem
