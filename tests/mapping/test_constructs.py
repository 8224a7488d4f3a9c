"""What the constructs make, and how they are left out."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from hub.mapping import MappingFailed

LINES = [{"sku": "A", "qty": 2}, {"sku": "G", "qty": 1, "gift": True}, {"sku": "B", "qty": 3}]


def test_an_object_keeps_the_order_of_its_fields(mapped):
    made = mapped(
        "fields: {z: source.a, y: {x: source.a, b: {$value: source.no, $optional: true}, c: 1}, a: 2}", {"a": 1}
    )

    assert made == {"z": 1, "y": {"x": 1, "c": 1}, "a": 2}
    assert list(made) == ["z", "y", "a"]


def test_constants(mapped):
    made = mapped(
        """
fields:
  text: {$const: PO}
  data: {$const: {a: [1, 1.50, null], $x: source.y}}
  number: 1.50
  truth: true
  nothing: null
""",
        {},
    )

    assert made == {
        "text": "PO",
        "data": {"a": [1, Decimal("1.50"), None], "$x": "source.y"},
        "number": Decimal("1.50"),
        "truth": True,
        "nothing": None,
    }


def test_constants_are_made_anew_by_each_run(compiled, answers):
    mapping = compiled("fields: {a: {$const: [1]}}")

    mapping.run({"source": {}}, answers())["a"].append(2)

    assert mapping.run({"source": {}}, answers()) == {"a": [1]}


@pytest.mark.parametrize(
    ("leaf", "source", "expected"),
    [
        ("{$value: source.a, $optional: true}", {}, {}),
        ("{$value: source.a, $optional: true}", {"a": None}, {}),
        ("{$value: source.a, $optional: true}", {"a": ""}, {"x": ""}),
        ("{$value: source.a | upper, $optional: true}", {}, {}),
        ("{$value: source.a ~ source.b, $optional: true}", {"a": "1"}, {}),
        ("{$value: source.a.b.c, $optional: true}", {"a": {"b": "leaf"}}, {}),
        ("{$value: source.a, $default: {$const: z}}", {}, {"x": "z"}),
        ("{$value: source.a, $default: source.b}", {"b": 2}, {"x": 2}),
        ("{$value: source.a, $default: {y: source.b}}", {"b": 2}, {"x": {"y": 2}}),
        ("{$value: source.a, $default: {$value: source.b, $optional: true}}", {}, {}),
        ("{$value: source.a, $optional: true, $default: 0}", {}, {"x": 0}),
        ("{$value: source.a, $when: source.b}", {"b": True, "a": 1}, {"x": 1}),
        ("{$value: source.a, $when: source.b}", {"b": ""}, {}),
        ("{$const: z, $when: source.b == 1}", {"b": 1}, {"x": "z"}),
        ("{$const: z, $when: source.b == 1}", {}, {}),
        ("{$when: source.b, y: source.b.c}", {}, {}),
        ("{$when: source.b, y: source.b.c}", {"b": {"c": 1}}, {"x": {"y": 1}}),
        ("{$let: {b: source.b}, $when: b, y: b.c}", {"b": {"c": 1}}, {"x": {"y": 1}}),
        ("{$let: {b: source.b}, $when: b, y: b.c}", {}, {}),
        ("{$let: {b: source.b, c: b.c ~ '!'}, $value: c ~ c}", {"b": {"c": 1}}, {"x": "1!1!"}),
        ("[source.a, {$value: source.b, $optional: true}, {y: 1}, 3]", {"a": 1}, {"x": [1, {"y": 1}, 3]}),
        ("[]", {}, {"x": []}),
        ("{}", {}, {"x": {}}),
        ("'source[''odd key'']'", {"odd key": 1}, {"x": 1}),
    ],
)
def test_leaves_and_objects(mapped, leaf, source, expected):
    assert mapped(f"fields:\n  x: {leaf}\n", source) == expected


def test_each_makes_a_list_with_where_and_let(mapped):
    made = mapped(
        """
fields:
  lines:
    $each: source.lines as line
    $where: not line.gift
    $let: {double: line.qty * 2}
    sku: line.sku
    double: double
    number: source.number
    position: loop.index * 10
""",
        {"lines": LINES, "number": "7"},
    )

    assert made["lines"] == [
        {"sku": "A", "double": 4, "number": "7", "position": 10},
        {"sku": "B", "double": 6, "number": "7", "position": 20},
    ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"lines": LINES}, ["A", "G", "B"]),
        ({"lines": LINES[0]}, ["A"]),
        ({"lines": [None, LINES[0]]}, ["A"]),
        ({"lines": []}, []),
        ({"lines": None}, []),
        ({}, []),
    ],
)
def test_each_takes_a_list_one_value_or_none(mapped, source, expected):
    assert mapped("fields: {x: {$each: source.lines as l, $value: l.sku}}", source) == {"x": expected}


def test_items_that_are_left_out_leave_no_gap(mapped):
    text = "fields: {x: {$each: source.v as v, $value: v.a, $optional: true}}"

    assert mapped(text, {"v": [{"a": 1}, {}, {"a": 3}]}) == {"x": [1, 3]}


def test_a_list_may_be_left_out_as_a_whole(mapped):
    text = "fields: {x: {$each: source.v as v, $when: source.v, $value: v}}"

    assert mapped(text, {}) == {}
    assert mapped(text, {"v": ["a"]}) == {"x": ["a"]}


def test_loops_within_loops_have_their_own_names_and_counts(mapped):
    made = mapped(
        """
fields:
  packs:
    $each: source.packs as pack
    number: loop.index
    items:
      $each: pack.items as item
      where: pack.id ~ '/' ~ item ~ '/' ~ loop.index
    after: loop.index
""",
        {"packs": [{"id": "p", "items": ["a", "b"]}, {"id": "q", "items": "c"}]},
    )

    assert made["packs"] == [
        {"number": 1, "items": [{"where": "p/a/1"}, {"where": "p/b/2"}], "after": 1},
        {"number": 2, "items": [{"where": "q/c/1"}], "after": 2},
    ]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("paid", {"s": "PAID"}),
        ("open", {"s": {"was": "open"}}),
        (7, {"s": 70}),
        ("?", {"s": "other"}),
        (None, {"s": "other"}),
    ],
)
def test_switch_chooses_by_text(mapped, status, expected):
    text = """
fields:
  s:
    $switch:
      on: source.status
      cases: {paid: {$const: PAID}, open: {was: source.status}, 7: source.status * 10}
      default: {$const: other}
"""
    assert mapped(text, {"status": status}) == expected


def test_a_switch_without_a_case_for_it_is_an_error_unless_there_is_a_default(mapped):
    text = "fields: {s: {$switch: {on: source.status, cases: {paid: 1, open: 2}}}}"

    with pytest.raises(MappingFailed, match=r"source\.status: the text 'x' is none of the cases 'paid', 'open'"):
        mapped(text, {"status": "x"})
    with pytest.raises(MappingFailed, match="nothing is none of the cases"):
        mapped(text, {})


def test_variables_beside_the_source(mapped):
    text = "fields: {e: effect, t: target, s: {$value: connection, $optional: true}}"

    assert mapped(text, {}, effect="created", target="acme") == {"e": "created", "t": "acme"}


def test_the_output_may_be_a_list(mapped):
    assert mapped("fields: {$each: source as v, $value: v}", ["a", "b"]) == ["a", "b"]


def test_running_numbers_are_taken_once_though_a_path_was_unusual(compiled, answers):
    # A list on the way stops the fast function after the first number was taken.
    mapping = compiled("fields: {n: sequence('a'), m: sequence('b'), v: source.one.x}")
    given = answers()

    assert mapping.run({"source": {"one": [{"x": 1}]}}, given) == {"n": 1, "m": 2, "v": 1}
    assert given.taken == ["a", "b"]


@pytest.mark.parametrize("key", ["{0}", "{}", "a'b", 'c"d', "back\\slash", "line\nbreak", "default", "ключ"])
def test_field_names_may_be_anything(mapped, key):
    text = f"fields: {{x: {{{json.dumps(key)}: {{$value: source.a, $optional: true}}}}, {json.dumps(key)}: source.a}}"

    assert mapped(text, {"a": "v"}) == {"x": {key: "v"}, key: "v"}
