"""Every filter: what it makes, and what it refuses."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.metadata import EntryPoint, EntryPoints
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.mapping import ExpressionFailed, filter_names, filters
from hub.mapping.filters import find_filter
from hub.mapping.filters.numbers import fixed, implied, to_decimal

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "given_value", "expected"),
    [
        ("datetime", "2024-01-02T10:00:00-05:00", datetime.fromisoformat("2024-01-02T10:00:00-05:00")),
        ("datetime", "2024-01-02T10:00:00.123Z", datetime(2024, 1, 2, 10, 0, 0, 123000, tzinfo=UTC)),
        ("datetime('%Y%m%d', 'Europe/Berlin')", "20240702", datetime(2024, 7, 2, tzinfo=BERLIN)),
        ("datetime(zone='Europe/Berlin')", "2024-07-02T10:00", datetime(2024, 7, 2, 10, tzinfo=BERLIN)),
        ("datetime(zone='Europe/Berlin')", "2024-07-02T10:00Z", datetime(2024, 7, 2, 10, tzinfo=UTC)),
        ("datetime('%d.%m.%Y %H:%M%z')", "02.01.2024 10:00+0000", datetime(2024, 1, 2, 10, tzinfo=UTC)),
        ("date", "2024-01-02", date(2024, 1, 2)),
        ("date", "2024-01-02T23:30:00-05:00", date(2024, 1, 2)),
        ("date(zone='Europe/Berlin')", "2024-01-02T23:30:00-05:00", date(2024, 1, 3)),
        ("date('%Y%m%d')", "20240102", date(2024, 1, 2)),
        ("date", date(2024, 1, 2), date(2024, 1, 2)),
        ("date", datetime(2024, 1, 2, 5, tzinfo=UTC), date(2024, 1, 2)),
        ("format_date('%Y%m%d')", date(2024, 1, 2), "20240102"),
        ("format_date('%H%M', 'Europe/Berlin')", datetime(2024, 7, 2, 10, tzinfo=UTC), "1200"),
        ("format_date('%Y%m%d')", "2024-01-02T10:00:00Z", "20240102"),
        ("decimal", "12.50", Decimal("12.50")),
        ("decimal", " 7 ", Decimal(7)),
        ("decimal", 7, Decimal(7)),
        ("decimal", Decimal("1E+3"), Decimal("1E+3")),
        ("integer", "12.00", 12),
        ("integer", Decimal("1E+3"), 1000),
        ("round(2)", "2.005", Decimal("2.01")),
        ("round(2)", "-2.005", Decimal("-2.01")),
        ("round", "2.5", Decimal(3)),
        ("round(2)", 1, Decimal("1.00")),
        ("implied(2)", "12345", Decimal("123.45")),
        ("implied(2)", "-5", Decimal("-0.05")),
        ("implied(0)", 7, Decimal(7)),
        ("fixed(2)", "1.5", "1.50"),
        ("fixed(0)", Decimal("1E+3"), "1000"),
        ("fixed(3)", 2, "2.000"),
        ("money('EUR')", "1.10", {"amount": Decimal("1.10"), "currency": "EUR"}),
        (
            "price('EUR')",
            "1.10",
            {"amount": Decimal("1.10"), "currency": "EUR", "per": {"value": Decimal(1), "unit": "EA"}},
        ),
        (
            "price('EUR', per=100, unit='KGM')",
            "1.10",
            {"amount": Decimal("1.10"), "currency": "EUR", "per": {"value": Decimal(100), "unit": "KGM"}},
        ),
        ("quantity", 2, {"value": Decimal(2), "unit": "EA"}),
        ("quantity('CS')", "2", {"value": Decimal(2), "unit": "CS"}),
        ("text", Decimal("1E+3"), "1000"),
        ("text", 450789469123456789, "450789469123456789"),
        ("text", False, "false"),
        ("upper", "straße", "STRASSE"),
        ("lower", "ABC", "abc"),
        ("trim", "  a b ", "a b"),
        ("truncate(3)", "abcdef", "abc"),
        ("truncate(9)", "abc", "abc"),
        ("pad_left(5, '0')", 42, "00042"),
        ("pad_left(5)", "ab", "   ab"),
        ("pad_right(5, '.')", "ab", "ab..."),
        ("pad_left(2, '0')", "abc", "abc"),
        ("replace('-', '')", "1-2-3", "123"),
        ("split(',')", "a,b", ["a", "b"]),
        ("split(',')", "", []),
        ("join(', ')", ["a", 1, None, Decimal("2.0")], "a, 1, 2.0"),
        ("join", "a", "a"),
        ("first", [1, 2], 1),
        ("last", [1, 2], 2),
        ("first", "a", "a"),
        ("length", [1, 2, 3], 3),
        ("length", "abcd", 4),
        ("length", {"a": 1}, 1),
        ("length", 5, 1),
        ("sum", ["1.10", 2, Decimal("0.05"), None], Decimal("3.15")),
        ("sum('p.amount')", [{"p": {"amount": "1.5"}}, {"p": None}, {"p": {"amount": 2}}], Decimal("3.5")),
        ("sum", [], Decimal(0)),
        ("where('q', '001')", [{"q": "001", "v": 1}, {"q": "002"}], [{"q": "001", "v": 1}]),
        ("where('q', '001')", {"q": "001"}, [{"q": "001"}]),
        ("flatten('a')", [{"a": [1, 2]}, {"b": 3}, {"a": 4}], [1, 2, 4]),
        ("flatten('a.b')", {"a": {"b": [{"c": 1}]}}, [{"c": 1}]),
        ("where('q.r', 1)", [{"q": {"r": 1}}, {"q": None}], [{"q": {"r": 1}}]),
    ],
)
def test_what_filters_make(value, text, given_value, expected):
    found = value(f"source.v | {text}", {"v": given_value})

    assert repr(found) == repr(expected)


@pytest.mark.parametrize(
    ("text", "given_value", "message"),
    [
        ("datetime", "02/01/2024", "is no time in ISO 8601; give its format"),
        ("datetime", "2024-01-02T10:00", "names no time zone; give one"),
        ("datetime", 1704189600, "1704189600 is no time"),
        ("datetime('%Y%m%d', 'Europe/Berlin')", "2024-01-02", "is not written as '%Y%m%d'"),
        ("datetime(zone='Europe/Berlin')", "2024-03-31T02:30", "does not exist in Europe/Berlin"),
        ("date", "20240199", "is no time in ISO 8601"),
        ("format_date('%Y')", "soon", "is no time in ISO 8601"),
        ("format_date('%H', 'UTC')", "2024-01-02T10:00", "names no time zone"),
        ("decimal", "1,10", "the text '1,10' is no number"),
        ("decimal", "1_000", "is no number"),
        ("decimal", "NaN", "is no number"),
        ("decimal", "Infinity", "is no number"),
        ("decimal", True, "true is no number"),
        ("decimal", "", "is no number"),
        ("decimal", 0.1, "is no number"),
        ("decimal", "1e999999", "more than 60 digits"),
        ("decimal", "1" * 100, "longer than the 60 digits"),
        ("fixed(2)", Decimal("1e999999"), "more than 60 digits"),
        ("text", Decimal("1e999999"), "more than 60 digits"),
        ("integer", "1.5", "is no whole number; round it first"),
        ("fixed(2)", "1.005", "has more than 2 decimals; round it first"),
        ("implied(2)", "1.5", "has a point of its own"),
        ("quantity(source.v)", "1", None),
        ("upper", [1], "a list of 1 cannot be made text"),
        ("upper", {"a": 1}, "an object with a cannot be made text"),
        ("join", [[1]], "cannot be made text"),
        ("sum", ["x"], "the text 'x' is no number"),
        ("pad_left(source.n)", "x", "a length is 0 to 4000, not the text 'x'"),
        ("money(source.o)", "1", "is no code of a currency"),
    ],
)
def test_what_filters_refuse(value, text, given_value, message):
    source = {"v": given_value, "n": given_value, "o": ["EUR"]}
    if message is None:
        assert value(f"source.v | {text}", source) == {"value": Decimal(1), "unit": "1"}
        return
    with pytest.raises(ExpressionFailed, match=message):
        value(f"source.v | {text}", source)


ARGUMENTS = {
    **dict.fromkeys(("implied", "to_implied", "fixed", "truncate", "pad_left", "pad_right"), "2"),
    **dict.fromkeys(("replace", "replace_pattern", "where"), "'a', 'b'"),
    **dict.fromkeys(("money", "price"), "'EUR'"),
    **dict.fromkeys(("split", "flatten", "crosswalk", "matches", "extract"), "'a'"),
    **dict.fromkeys(("state", "postcode"), "'US'"),
    "format_date": "'%Y'",
    "unit": "'x12', 'rec20'",
    "convert": "'KGM', 'LBR'",
}


@pytest.mark.parametrize("name", [name for name in filter_names() if name != "default"])
def test_null_never_reaches_a_filter(name, value, condition):
    found = find_filter(name)
    assert found is not None
    needed = [one for one in found.signature().parameters.values() if one.default is one.empty]
    arguments = ARGUMENTS.get(name, "") if needed else ""

    assert condition(f"source.v | {name}({arguments})", {"v": None}) is None
    with pytest.raises(ExpressionFailed, match=r"source\.v found nothing"):
        value(f"source.v | {name}({arguments})", {"v": None})


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=4))
def test_numbers_survive_text(number):
    assert to_decimal(fixed(number, 4)) == number
    assert implied(fixed(number, 4).replace(".", ""), 4) == number


def test_filters_of_others_are_found_by_entry_point(monkeypatch, value, problems_of):
    points = EntryPoints([EntryPoint("capitals", "string:capwords", "crossdock.filters")])
    monkeypatch.setattr(filters, "entry_points", points.select)
    find_filter.cache_clear()
    try:
        assert value("source.v | capitals", {"v": "ada brandt"}) == "Ada Brandt"
        assert "capitals" in filter_names()
        assert "did you mean 'capitals'?" in problems_of("fields: {a: source.v | capitls}")[0]
    finally:
        find_filter.cache_clear()
