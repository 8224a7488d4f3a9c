"""What expressions mean: paths, missing values, operators, literals."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from hub.mapping import ExpressionFailed

TREE = {
    "name": "#1",
    "none": None,
    "empty": "",
    "zero": 0,
    "flag": True,
    "n": 3,
    "d": Decimal("1.50"),
    "one": [{"a": "x"}],
    "two": [{"a": "x"}, {"a": "y"}],
    "nothing": [],
    "odd-key": {"get": "got", "items": "many", "1": "digit"},
    "deep": {"list": [[{"v": 1}]]},
    "key": "name",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("source.name", "#1"),
        ("source['odd-key'].get", "got"),
        ("source['odd-key'].items", "many"),
        ("source['odd-key']['1']", "digit"),
        ("source.one.a", "x"),
        ("source.one[0].a", "x"),
        ("source.two[1].a", "y"),
        ("source.two[-1].a", "y"),
        ("source.name[0]", "#1"),
        ("source.deep.list.v", 1),
        ("source[source.key]", "#1"),
        ("(source.two | last).a", "y"),
        ("source.empty", ""),
        ("source.zero", 0),
    ],
)
def test_paths_lead_through_objects_and_lists_of_one(value, text, expected):
    assert value(text, TREE) == expected


@pytest.mark.parametrize(
    "text",
    [
        "source.nope",
        "source.none",
        "source.none.x",
        "source.name.x",
        "source.nothing.a",
        "source.two[2].a",
        "source.n.real",
    ],
)
def test_a_path_that_finds_nothing_is_an_error_and_null_in_a_condition(value, condition, text):
    with pytest.raises(ExpressionFailed, match="found nothing"):
        value(text, TREE)

    assert condition(text, TREE) is None


@pytest.mark.parametrize("text", ["source.two.a", "source.two.a | default('z')", "source.two.a is defined"])
def test_a_path_through_several_is_never_guessed(value, condition, text):
    with pytest.raises(ExpressionFailed, match=r"source\.two has 2 elements, so that source\.two\.a is not clear"):
        value(text, TREE)
    with pytest.raises(ExpressionFailed, match="2 elements"):
        condition(text, TREE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.10", Decimal("1.10")),
        ("0.12345678901234567890123", Decimal("0.12345678901234567890123")),
        ("1", 1),
        ("'a' 'b'", "ab"),
        ("true", True),
        ("[1, 'a', source.n]", [1, "a", 3]),
        ("{'a': source.n}", {"a": 3}),
        ("0.1 + 0.2", Decimal("0.3")),
        ("source.d * 3", Decimal("4.50")),
        ("source.n - 5", -2),
        ("-source.d", Decimal("-1.50")),
        ("+source.d", Decimal("1.50")),
        ("3 / 4", Decimal("0.75")),
        ("2 + 3 * 4", 14),
        ("source.name ~ '/' ~ source.n ~ '/' ~ source.d ~ '/' ~ source.flag", "#1/3/1.50/true"),
        ("source.n == 3.0", True),
        ("source.name == 3", False),
        ("source.n > 2 and source.d < 2", True),
        ("'x' in ['x', 'y']", True),
        ("'#' not in source.name", False),
        ("'a' if source.flag else 'b'", "a"),
        ("'a' if source.nope else 'b'", "b"),
        ("source.nope or source.name", "#1"),
        ("not source.nope", True),
        ("source.nope is defined", False),
        ("source.none is none", True),
        ("source.n is number and source.flag is not number and source.flag is boolean", True),
        ("source.name is string and source.one is sequence and source.deep is mapping", True),
        ("source.nope is undefined", True),
        ("source.nope | default('z')", "z"),
        ("source.none | upper | default('z')", "z"),
        ("source.nope.x.y | default(source.name)", "#1"),
        ("source.empty | default('z')", ""),
    ],
)
def test_operators(value, text, expected):
    found = value(text, TREE)

    assert repr(found) == repr(expected)


def test_division_has_34_digits(value):
    assert value("1 / 3") == Decimal("0.3333333333333333333333333333333333")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("source.nope > 3", False),
        ("source.nope == none", True),
        ("source.nope == source.none", True),
        ("source.nope != 'x'", True),
        ("source.nope in ['x']", False),
        ("source.nope not in ['x']", True),
        ("'x' in source.nope", False),
        ("source.nope + 1", None),
        ("source.nope ~ 'x'", None),
        ("source.nope | upper", None),
        ("source.name | pad_left(source.nope)", None),
        ("source.nope and source.name", None),
        ("source.nope | default(source.none)", None),
        ("'a' if source.nope", None),
        ("[source.nope, 1]", [1]),
        ("{'a': source.nope, 'b': 1}", {"b": 1}),
    ],
)
def test_in_conditions_missing_is_null_and_passes_on(condition, text, expected):
    assert condition(text, TREE) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("source.name + 1", r"source\.name: the text '#1' is no number for \+; write it as \(… \| decimal\)"),
        ("source.flag + 1", "true is no number"),
        ("source.n / 0", "3 cannot be divided by zero"),
        ("source.name ~ source.nope", r"source\.nope found nothing"),
        ("source.name ~ source.one", r"source\.one: a list of 1 cannot be made text"),
        ("source.name < 3", "cannot work with these values"),
        ("source.nope and source.name", "found nothing"),
        ("source.none or source.nope", "found nothing"),
        ("'a' if source.nope", "found nothing"),
        ("source.nothing | first", "the expression yields nothing"),
        ("9999999999999999999999999999999999999999 * 9999999999999999999999999999999", "more than 60 digits"),
        ("source[source.one]", "is no key"),
        ("source.nam", r"source\.nam found nothing; did you mean 'name'"),
        ("none", "yields nothing"),
    ],
)
def test_errors_say_what_was_read_and_what_to_do(value, text, message):
    with pytest.raises(ExpressionFailed, match=message) as failed:
        value(text, TREE)

    assert failed.value.where["file"] == "pipelines/p.yaml"
    assert failed.value.where["line"] == 3
    assert failed.value.where["expression"] == text


def test_times_compare_and_concatenate(expression, answers):
    variables = {"source": {"a": datetime(2024, 1, 2, tzinfo=UTC), "b": "2024-01-03T00:00:00Z"}}

    assert expression("source.a < source.b | datetime").evaluate(variables, answers()) is True
    assert expression("source.a ~ ''").evaluate(variables, answers()) == "2024-01-02T00:00:00+00:00"


def test_lookups_answer(expression, answers):
    given = answers(xref={"erp": {"order": "45"}}, crosswalk={"units": {"PCE": "EA"}})

    assert expression("xref('erp', 'order')").evaluate({}, given) == "45"
    assert expression("xref(kind='order', system='erp')").evaluate({}, given) == "45"
    assert expression("xref('erp', 'nope') | default('-')").evaluate({}, given) == "-"
    assert expression("source.u | crosswalk('units')").evaluate({"source": {"u": "PCE"}}, given) == "EA"
    assert expression("sequence('dock') ~ ''").evaluate({}, given) == "1"
    with pytest.raises(ExpressionFailed, match="the expression yields nothing"):
        expression("xref('erp', 'nope')").evaluate({}, given)


def test_a_missing_crosswalk_entry_is_an_error_even_where_null_is_allowed(expression, answers):
    text = "source.u | crosswalk('units') | default('-')"

    with pytest.raises(ExpressionFailed, match="the crosswalk 'units' has no entry for 'XX'") as failed:
        expression(text, condition=True).evaluate({"source": {"u": "XX"}}, answers())

    assert failed.value.where["crosswalk"] == "units"
    assert failed.value.where["value"] == "XX"


def test_an_expression_tells_which_crosswalks_it_reads(expression):
    assert list(expression("source.u | crosswalk('units')").crosswalks) == ["units"]
