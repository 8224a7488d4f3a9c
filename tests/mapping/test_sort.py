"""`$sort` orders the items of `$each`: what comes first, what stays as it was, what has no order."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.mapping import Lookups, MappingFailed

BY_A = "fields: {x: {$each: source.v as i, $sort: %s, $value: i.n}}"
rows = st.lists(
    st.fixed_dictionaries(
        {
            "a": st.none() | st.integers(-3, 3) | st.decimals(-3, 3, places=1),
            "b": st.none() | st.text("abA", max_size=2),
        }
    ),
    max_size=12,
)


def numbered(values: list[dict]) -> dict:
    return {"v": [{**value, "n": number} for number, value in enumerate(values)]}


def made(compiled, answers, sort: str, values: list[dict]) -> list[int]:
    lookups: Lookups = answers()
    return compiled(BY_A % sort).run({"source": numbered(values)}, lookups)["x"]


def failure(compiled, answers, sort: str, values: list[dict]) -> MappingFailed:
    with pytest.raises(MappingFailed) as failed:
        made(compiled, answers, sort, values)
    return failed.value


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows, st.booleans())
def test_items_stand_in_order_equal_ones_as_they_came_and_null_last(compiled, answers, values, descending):
    order = made(compiled, answers, f"{{by: i.a, descending: {str(descending).lower()}}}", values)

    known = [n for n, value in enumerate(values) if value["a"] is not None]
    sign = -1 if descending else 1
    assert order == sorted(known, key=lambda n: (sign * values[n]["a"], n)) + [
        n for n, value in enumerate(values) if value["a"] is None
    ]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows)
def test_the_first_key_counts_before_the_second(compiled, answers, values):
    order = made(compiled, answers, "[i.b, {by: i.a, descending: true}]", values)

    def rank(number: int) -> tuple:
        a, b = values[number]["a"], values[number]["b"]
        return (b is None, b or "", a is None, -(a or 0), number)

    assert order == sorted(range(len(values)), key=rank)


def test_positions_are_counted_in_the_new_order_and_after_where(mapped):
    source = {"v": [{"a": 3}, None, {"a": 9}, {"a": 1}, {"a": 2}]}

    assert mapped(
        "fields: {x: {$each: source.v as i, $where: i.a < 9, $sort: i.a, $let: {p: i.a * 10}, n: loop.index, p: p}}",
        source,
    ) == {"x": [{"n": 1, "p": 10}, {"n": 2, "p": 20}, {"n": 3, "p": 30}]}


def test_times_dates_and_truth_have_an_order(mapped):
    source = {
        "v": [{"t": "2024-01-01T10:00:00+02:00", "d": "2024-02-02", "f": True}, {"t": "2024-01-01T09:30:00+02:00"}]
    }
    source["v"][1] |= {"d": "2024-02-03", "f": False}

    for key, first in [("i.t | datetime", "2024-02-03"), ("i.d | date", "2024-02-02"), ("i.f", "2024-02-03")]:
        text = f'fields: {{x: {{$each: source.v as i, $sort: "{key}", $value: i.d}}}}'
        assert mapped(text, source)["x"][0] == first


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["x", 5], "the text 'x' and the number 5 cannot be sorted together; make them one kind by a filter"),
        ([None, Decimal("1.50"), True], "the number 1.50 and the truth value true cannot be sorted together"),
        ([[1, 2]], "a list of 2 has no place in an order; $sort takes single values"),
        ([{"k": 1}, 2], "an object with k has no place in an order"),
        (["x" * 1001, "y"], "a text of more than 1000 characters is not sorted by"),
        ([Decimal("NaN"), 1], "NaN is not a finite number"),
    ],
)
def test_what_has_no_order_is_an_error_at_the_key(compiled, answers, values, message):
    failed = failure(compiled, answers, "i.a", [{"a": value} for value in values])

    (error,) = failed.errors
    assert (error.field, error.expression, str(error.location)) == ("x.$sort", "i.a", "mappings/test/map.yaml:4:43")
    assert error.message.startswith(message)


def test_a_key_that_fails_is_reported_with_its_item_and_beside_other_errors(compiled, answers):
    mapping = compiled("fields: {x: {$each: source.v as i, $sort: i.a | decimal, s: i.s}}")

    with pytest.raises(MappingFailed) as failed:
        mapping.run({"source": {"v": [{"a": "1", "s": 1}, {"a": "one"}]}}, answers())

    assert [(error.field, error.source, error.value) for error in failed.value.errors] == [
        ("x[1].$sort", "source.v[1].a", "one"),
        ("x[1].s", "source.v[1].s", None),
    ]


def test_an_error_in_a_sorted_item_names_where_it_stood_in_the_input(compiled, answers):
    mapping = compiled("fields: {x: {$each: source.v as i, $sort: i.a, s: i.s}}")

    with pytest.raises(MappingFailed) as failed:
        mapping.run({"source": {"v": [{"a": 2, "s": 1}, {"a": 1}]}}, answers())

    assert [(error.field, error.source) for error in failed.value.errors] == [("x[0].s", "source.v[1].s")]


def test_the_keys_are_explained(compiled, answers):
    mapping = compiled("fields: {x: {$each: source.v as i, $sort: i.a, $value: i.a}}")

    traces = mapping.explain({"source": {"v": [{"a": 2}, {"a": 1}]}}, answers())

    assert [(trace.field, trace.reads[0].path, trace.value) for trace in traces[1:]] == [
        ("x[0].$sort", "source.v[0].a", 2),
        ("x[1].$sort", "source.v[1].a", 1),
        ("x[0]", "source.v[1].a", 1),
        ("x[1]", "source.v[0].a", 2),
    ]
