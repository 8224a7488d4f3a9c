"""`$require` and `$assert`: a mapping that stops because a condition does not hold, and what it says."""

from __future__ import annotations

import pytest

from hub.mapping import FieldError, MappingFailed

ORDER = """
fields:
  $assert:
    - when: output.total == output.lines | sum('amount')
      message: The total {output.total} is not that of the lines.
    - (output.lines | length) < 3
  $require:
    when: source.currency in ['EUR', 'USD']
    message: We sell in EUR and USD only, not in {source.currency}.
  total: source.total
  ship_to:
    $when: source.address
    $let: {address: source.address}
    $require:
      - {when: address.zip, message: Ask the buyer for the ZIP code.}
      - address.country
    city: address.city
  lines:
    $each: source.lines as line
    $require: {when: amount > 0, message: "{{{loop.index}}} {line.sku}: {line} costs {amount}"}
    $let: {amount: line.amount}
    amount: amount
"""
LINE = {"sku": "A", "amount": 2}
GOOD = {"currency": "EUR", "total": 2, "lines": [LINE]}


def errors(compiled, answers, text: str, source) -> list[FieldError]:
    with pytest.raises(MappingFailed) as failed:
        compiled(text).run({"source": source}, answers())
    return failed.value.errors


def test_what_holds_leaves_no_trace_in_the_output(compiled, answers):
    assert compiled(ORDER).run({"source": GOOD}, answers()) == {"total": 2, "lines": [{"amount": 2}]}


def test_the_message_is_told_word_for_word_with_field_line_and_value(compiled, answers):
    (error,) = errors(compiled, answers, ORDER, GOOD | {"currency": "GBP"})

    assert error.message == "We sell in EUR and USD only, not in GBP."
    assert (error.field, error.expression) == ("the output", "source.currency in ['EUR', 'USD']")
    assert (str(error.location), error.fix) == ("mappings/test/map.yaml:11:11", "")
    assert (error.source, error.value) == ("source.currency", "GBP")


def test_the_whole_message_is_one_sentence(compiled, answers):
    with pytest.raises(MappingFailed) as failed:
        compiled(ORDER).run({"source": GOOD | {"currency": "GBP"}}, answers())

    assert failed.value.message == (
        "The mapping test/map cannot make the output: We sell in EUR and USD only, not in GBP."
    )


def test_all_conditions_on_what_was_read_are_reported_at_once_with_other_errors(compiled, answers):
    source = {"currency": None, "address": {"zip": ""}, "lines": [LINE, {"sku": "B", "amount": 0}]}

    found = errors(compiled, answers, ORDER, source)

    assert [(error.field, error.message) for error in found] == [
        ("the output", "We sell in EUR and USD only, not in nothing."),
        ("total", "source.total found nothing"),
        ("ship_to", "Ask the buyer for the ZIP code."),
        ("ship_to", "address.country does not hold: source.address.country is nothing"),
        ("ship_to.city", "source.address.city found nothing"),
        ("lines[1]", "{2} B: an object with sku, amount costs 0"),
    ]


def test_the_finished_output_is_checked_when_all_fields_are_made(compiled, answers):
    found = errors(compiled, answers, ORDER, GOOD | {"total": 5, "lines": [LINE] * 4})

    assert [(error.field, error.message, error.location.line) for error in found] == [
        ("the output", "The total 5 is not that of the lines.", 7),
        ("the output", "(output.lines | length) < 3 does not hold: output.lines is a list of 4", 9),
    ]
    assert (found[1].source, found[1].value) == ("output.lines", "a list of 4")


def test_a_condition_that_cannot_be_told_is_an_error_of_its_own(compiled, answers):
    text = "fields: {$assert: output.a + 1 > 0, a: source.a, b: {$require: source.a > 5, c: 1}}"

    (error,) = errors(compiled, answers, text, {"a": "x"})
    assert (error.field, error.source, error.value) == ("b.$require", "source.a", "x")
    assert error.message.startswith("'source.a > 5' cannot work with these values")
    text = "fields: {$assert: output.a + 1 > 0, a: source.a}"
    (error,) = errors(compiled, answers, text, {"a": "x"})
    assert (error.field, error.source, error.value) == ("$assert", "output.a", "x")


def test_a_value_without_text_does_not_hide_the_message(compiled, answers):
    text = "fields: {$require: {when: source.ok, message: 'sum {source.a + 1} of {source.b}'}, a: 1}"

    (error,) = errors(compiled, answers, text, {"a": "x", "b": [1]})

    assert error.message == "sum {source.a + 1} of a list of 1"


@pytest.mark.parametrize(
    ("fields", "good", "bad"),
    [
        ("{x: {$value: source.a, $require: source.a > 1}}", {"a": 2}, {"a": 1}),
        ("{x: {$const: 1, $require: source.a > 1}}", {"a": 2}, {"a": 1}),
        ("{x: {$switch: {on: source.a, cases: {'2': 1, '1': 2}}, $require: source.a > 1}}", {"a": 2}, {"a": 1}),
        ("{x: {$each: source.a as a, $value: a, $require: a > 1}}", {"a": [2]}, {"a": [2, 1]}),
        ("{$each: source.a as a, $value: a, $assert: output | length > 1}", {"a": [2, 3]}, {"a": [1]}),
        ("{$value: source.a, $optional: true, $assert: output}", {"a": 2}, {}),
        ("{$when: source.a, $assert: output.b, b: source.b}", {}, {"a": 1, "b": 0}),
        ("{$let: {t: source.t}, $assert: output.t == t, t: source.a}", {"a": 1, "t": 1}, {"a": 1, "t": 2}),
    ],
)
def test_conditions_stand_beside_whatever_makes_a_value(compiled, answers, fields, good, bad):
    compiled(f"fields: {fields}").run({"source": good}, answers())
    assert errors(compiled, answers, f"fields: {fields}", bad)


def test_what_a_left_out_object_requires_is_not_asked(compiled, answers):
    text = "fields: {a: {$when: source.a, $require: source.b, c: 1}}"

    assert compiled(text).run({"source": {}}, answers()) == {}


def test_conditions_are_explained(compiled, answers):
    traces = compiled(ORDER).explain({"source": GOOD | {"currency": "GBP"}}, answers())

    first = [(trace.field, trace.value, trace.error and trace.error.message) for trace in traces[:2]]
    assert first == [("$require", False, None), ("", None, "We sell in EUR and USD only, not in GBP.")]
    traces = compiled(ORDER).explain({"source": GOOD}, answers())
    assert [trace.reads[0].path for trace in traces[-2:]] == ["output.total", "output.lines"]


def test_a_message_tells_what_the_mapping_reads(compiled):
    mapping = compiled(
        "fields: {$require: {when: source.a, message: \"{order.number} {source.u | crosswalk('t')}\"}, a: 1}"
    )

    assert mapping.reads("order")
    assert list(mapping.crosswalks) == ["t"]
