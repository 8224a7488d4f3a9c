"""A run that fails names every field, with place, expression, path, value and what to do."""

from __future__ import annotations

import json

import pytest

from hub.contract.errors import RejectedMessage
from hub.mapping import MappingFailed

FIELDS = """
fields:
  number: source.name
  at: source.created | datetime
  unit: source.unit | crosswalk('units')
  lines:
    $each: source.lines as line
    $where: line.qty > 0
    sku: line.sku
    price: line.price | money(source.currency)
"""
GOOD = {
    "name": "#1",
    "created": "2024-01-02T00:00:00Z",
    "unit": "PCE",
    "currency": "EUR",
    "lines": [{"qty": 1, "sku": "A", "price": "1.00"}],
}
BAD = {
    "nam": "#1",
    "created": "soon",
    "unit": "XX",
    "currency": "EUR",
    "lines": [{"qty": 1, "sku": "A", "price": "1.00"}, {"qty": 2, "price": "1,00"}, {"qty": "x", "sku": "B"}],
}


def failure(compiled, answers, source=BAD) -> MappingFailed:
    given = answers(crosswalk={"units": {"PCE": "EA"}})
    mapping = compiled(FIELDS)
    assert mapping.run({"source": GOOD}, given)["unit"] == "EA"
    with pytest.raises(MappingFailed) as failed:
        mapping.run({"source": source}, given)
    return failed.value


def test_every_failing_field_is_reported_at_once(compiled, answers):
    failed = failure(compiled, answers)

    assert [error.field for error in failed.errors] == [
        "number",
        "at",
        "unit",
        "lines[1].sku",
        "lines[1].price",
        "lines[2].$where",
    ]


def test_each_error_has_its_place_expression_path_and_value(compiled, answers):
    errors = {error.field: error for error in failure(compiled, answers).errors}

    price = errors["lines[1].price"]
    assert str(price.location) == "mappings/test/map.yaml:13:12"
    assert price.expression == "line.price | money(source.currency)"
    assert (price.source, price.value) == ("source.lines[1].price", "1,00")
    assert errors["number"].fix == "did you mean 'nam'"
    assert errors["lines[1].sku"].message == "source.lines[1].sku found nothing"
    assert (errors["unit"].crosswalk, errors["unit"].value) == ("units", "XX")
    assert "crossdock crosswalk add units XX" in errors["unit"].fix


def test_the_message_is_one_sentence_and_where_is_json(compiled, answers):
    failed = failure(compiled, answers)

    assert failed.message == (
        "The mapping test/map cannot make 6 fields: number: source.name found nothing; did you mean 'nam'; "
        "also at, unit, lines[1].sku and 2 more."
    )
    where = json.loads(json.dumps(failed.where))
    assert where["mapping"] == "test/map"
    assert (where["field"], where["file"], where["line"]) == ("number", "mappings/test/map.yaml", 6)
    assert where["expression"] == "source.name"
    assert len(where["errors"]) == 6
    assert where["errors"][2]["crosswalk"] == "units"
    assert isinstance(failed, RejectedMessage)
    assert failed.code == "mapping"


def test_a_single_crosswalk_failure_names_table_and_value_for_grouping(compiled, answers):
    failed = failure(compiled, answers, {**GOOD, "unit": "XX"})

    assert (failed.where["crosswalk"], failed.where["value"], failed.where["field"]) == ("units", "XX", "unit")
    assert failed.message.startswith(
        "The mapping test/map cannot make unit: the crosswalk 'units' has no entry for 'XX'; add it"
    )


def test_a_huge_failing_document_stops_after_fifty_errors(compiled, answers):
    failed = failure(compiled, answers, {**GOOD, "lines": [{"qty": 1}] * 10_000})

    assert len(failed.errors) == 50


def test_a_failing_let_or_switch_is_named(compiled, answers):
    mapping = compiled(
        "fields:\n"
        "  x: {$let: {d: source.d | decimal}, y: d}\n"
        "  z: {$switch: {on: source.l, cases: {a: 1}}}\n"
        "  w: {$each: source.d | integer as i, $value: i}\n"
    )

    with pytest.raises(MappingFailed) as failed:
        mapping.run({"source": {"d": "x", "l": ["a", "b"]}}, answers())

    assert [error.field for error in failed.value.errors] == ["x.$let.d", "z.$switch", "w.$each"]


def test_what_the_program_itself_does_wrong_is_not_the_messages_fault(compiled):
    class Broken:
        def xref(self, system, kind):
            raise RuntimeError("no database")

    with pytest.raises(RuntimeError, match="no database"):
        compiled("fields: {a: \"xref('a', 'b')\"}").run({"source": {}}, Broken())


def test_explain_tells_what_each_field_read(compiled, answers):
    traces = compiled(FIELDS).explain({"source": BAD}, answers(crosswalk={"units": {}}))
    rows = {trace.field: trace for trace in traces}

    assert [(read.path, read.value) for read in rows["lines[0].price"].reads] == [
        ("source.lines[0].price", "1.00"),
        ("source.currency", "EUR"),
    ]
    assert rows["lines[0].price"].value["currency"] == "EUR"
    assert rows["number"].error is not None
    assert [(read.path, read.value) for read in rows["number"].reads] == [("source.name", None)]
    assert rows["lines[0].$where"].value is True


def test_explain_follows_names_to_the_source(compiled, answers):
    mapping = compiled(
        "fields: {x: {$let: {a: source.address}, $when: a, city: a.city}, y: {$each: source.one as o, $value: o.v}}"
    )

    traces = mapping.explain({"source": {"address": {"city": "Kiel"}, "one": {"v": 1}}}, answers())

    assert {read.path for trace in traces for read in trace.reads} == {
        "source.address",
        "source.address.city",
        "source.one",
        "source.one.v",
    }


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("number",), 6),
        (("lines",), 9),
        (("lines", 3), 10),
        (("lines", 3, "sku"), 12),
        (("lines", 3, "price", "amount"), 13),
        (("nowhere",), 6),
        ((), 6),
    ],
)
def test_output_paths_are_located(compiled, path, line):
    location = compiled(FIELDS).locate(path)

    assert location.file == "mappings/test/map.yaml"
    assert location.line == line


def test_output_paths_through_other_constructs_are_located(compiled):
    mapping = compiled(
        """
fields:
  a:
    $when: source.a
    $let: {x: source.a}
    b: x
  s:
    $switch:
      on: source.s
      cases:
        one: {p: source.s}
        two:
          q: source.s
  l:
    - source.a
    - k: source.a
"""
    )

    assert mapping.locate(("a", "b")).line == 9
    assert mapping.locate(("s", "q")).line == 16
    assert mapping.locate(("l", 1, "k")).line == 19
    assert mapping.locate(("l", 7)).line == 17
