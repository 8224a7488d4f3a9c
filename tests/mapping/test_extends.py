"""`extends`: what a mapping takes over from another, what it changes, and where errors are then said to be."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.mapping import MappingFailed, compile_mapping
from hub.source import Mapping, Node, Problems, parse

BASE = """\
mapping: shop/order
from: shop.order
to: Order
fields:
  $let: {site: source.site}
  $require: {when: site, message: Which site?}
  number: source.name
  channel: {$const: web}
  buyer:
    $when: source.email
    name: source.buyer
    email: source.email
  lines:
    $each: source.lines as line
    $sort: line.no
    sku: line.sku
    note: {$value: line.note, $optional: true}
  tags: [{$const: a}, {$const: b}]
tests:
  - {name: one, input: {}, expect: {}}
"""
HEAD = "mapping: test/map\nextends: shop/order\n"
ORDER = {
    "site": "de",
    "name": "1",
    "buyer": "Ada",
    "email": "a@b.example",
    "lines": [{"no": 2, "sku": "B"}, {"no": 1, "sku": "A", "note": "n"}],
}
WHOLE = {
    "number": "1",
    "channel": "web",
    "buyer": {"name": "Ada", "email": "a@b.example"},
    "lines": [{"sku": "A", "note": "n"}, {"sku": "B"}],
    "tags": ["a", "b"],
}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("{}", {}),
        ("{number: \"'W-' ~ source.name\", po: source.name}", {"number": "W-1", "po": "1"}),
        ("{buyer: {name: \"source.buyer ~ '!'\"}}", {"buyer": {"name": "Ada!", "email": "a@b.example"}}),
        ("{buyer: {email: {$remove: true}}}", {"buyer": {"name": "Ada"}}),
        ("{buyer: {$when: source.none}}", {"buyer": None}),
        ("{buyer: {$value: source.buyer}}", {"buyer": "Ada"}),
        ("{channel: {name: source.site}}", {"channel": {"name": "de"}}),
        ("{tags: [site]}", {"tags": ["de"]}),
        ("{tags: {$remove: true}, channel: {$remove: true}}", {"tags": None, "channel": None}),
        (
            "{lines: {sku: line.sku | lower, n: loop.index}}",
            {"lines": [{"sku": "a", "note": "n", "n": 1}, {"sku": "b", "n": 2}]},
        ),
        (
            "{lines: {$where: not line.note, $sort: {$remove: true}}}",
            {"lines": [{"sku": "B"}]},
        ),
        ("{lines: {$each: source.lines as l, n: l.no}}", {"lines": [{"n": 2}, {"n": 1}]}),
        ("{lines: {$each: source.lines as l, $value: l.no}}", {"lines": [2, 1]}),
        ("{$let: {site: \"'at'\", more: site}, at: more}", {"at": "at"}),
        ("{$require: {when: source.name == '1', message: One only}}", {}),
    ],
)
def test_what_an_extending_mapping_makes(compiled, answers, fields, expected):
    mapping = compiled(f"{HEAD}fields: {fields}\n", {"shop/order": BASE})

    made = mapping.run({"source": ORDER}, answers())

    assert made == {key: value for key, value in (WHOLE | expected).items() if value is not None}


def test_types_are_inherited_or_written_anew_and_tests_are_not(compiled):
    inheriting = compiled(HEAD, {"shop/order": BASE})
    other = compiled(f"{HEAD}from: acme.order\n", {"shop/order": BASE})

    assert (inheriting.name, inheriting.extends) == ("test/map", "shop/order")
    assert (inheriting.source_type, inheriting.target_type) == ("shop.order", "Order")
    assert (other.source_type, other.target_type) == ("acme.order", "Order")
    assert inheriting.tests == []


def test_fields_keep_their_place_and_order(compiled, answers):
    mapping = compiled(f"{HEAD}fields: {{channel: source.site, buyer: {{vat: source.name}}}}\n", {"shop/order": BASE})

    made = mapping.run({"source": ORDER}, answers())

    assert list(made) == ["number", "channel", "buyer", "lines", "tags"]
    assert list(made["buyer"]) == ["name", "email", "vat"]
    assert str(mapping.locate(("number",))) == "mappings/shop/order.yaml:7:3"
    assert str(mapping.locate(("channel",))) == "mappings/test/map.yaml:3:10"
    assert str(mapping.find(("buyer", "email"))) == "mappings/shop/order.yaml:12:5"
    assert mapping.find(("header",)) is None


def test_an_error_names_the_file_and_line_that_its_field_comes_from(compiled, answers):
    mapping = compiled(f"{HEAD}fields: {{buyer: {{vat: source.vat}}}}\n", {"shop/order": BASE})

    with pytest.raises(MappingFailed) as failed:
        mapping.run({"source": {"email": "x", "lines": [{"no": 1}]}}, answers())

    assert [(error.field, str(error.location)) for error in failed.value.errors] == [
        ("the output", "mappings/shop/order.yaml:6:20"),
        ("number", "mappings/shop/order.yaml:7:11"),
        ("buyer.name", "mappings/shop/order.yaml:11:11"),
        ("buyer.vat", "mappings/test/map.yaml:3:23"),
        ("lines[0].sku", "mappings/shop/order.yaml:16:10"),
    ]
    assert failed.value.where["mapping"] == "test/map"


def test_an_extended_mapping_may_extend_another(compiled, answers):
    middle = (
        "mapping: acme/order\nextends: shop/order\nfields: {number: source.name ~ '-acme', buyer: {$remove: true}}\n"
    )

    mapping = compiled(
        "mapping: test/map\nextends: acme/order\nfields: {tags: {$remove: true}}\n",
        {"shop/order": BASE, "acme/order": middle},
    )

    assert mapping.run({"source": ORDER}, answers()) == {
        "number": "1-acme",
        "channel": "web",
        "lines": WHOLE["lines"],
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "extends: shop/ordr\n",
            "mappings/test/map.yaml:2:10: unknown-mapping: there is no mapping 'shop/ordr' to extend "
            "(did you mean 'shop/order'?)",
        ),
        ("extends: [a]\n", "mappings/test/map.yaml:2:10: wrong-type: 'extends' must be the name of a mapping"),
        ("extends: torn\n", "mappings/test/map.yaml:2:10: unknown-mapping: the mapping 'torn' cannot be read"),
        (
            "extends: test/map\n",
            "mappings/test/map.yaml:2:10: wrong-mapping: test/map extends test/map: that has no end",
        ),
        ("extends: a\n", "mappings/b.yaml:2:10: wrong-mapping: a extends b extends a: that has no end"),
        (
            "extends: shop/order\nfields: {numer: {$remove: true}}\n",
            "mappings/test/map.yaml:3:10: unknown-key: there is no inherited 'numer' to remove (did you mean",
        ),
        (
            "extends: shop/order\nfields: {number: {$remove: false}}\n",
            "mappings/test/map.yaml:3:19: misplaced-construct: $remove has no meaning in an object of fields (it takes",
        ),
        (
            "extends: shop/order\nfields: {$let: {site: {$remove: true}}}\n",
            "mappings/shop/order.yaml:6:20: unknown-name: unknown name 'site'",
        ),
        (
            "extends: shop/order\nfields: {lines: {sku: lin.sku}}\n",
            "mappings/test/map.yaml:3:23: unknown-name: unknown name 'lin' (did you mean 'line'?)",
        ),
        (
            "extend: shop/order\n",
            "mappings/test/map.yaml:2:1: unknown-key: unknown key 'extend' (did you mean 'extends'?)",
        ),
    ],
)
def test_mistakes_have_their_place(text, problem):
    problems = Problems()
    texts = {"shop/order": BASE, "a": "mapping: a\nextends: b\n", "b": "mapping: b\nextends: a\n"}
    bases: dict[str, Node | None] = {
        name: parse(base, f"mappings/{name}.yaml", problems) for name, base in texts.items()
    }
    node = parse("mapping: test/map\n" + text, "mappings/test/map.yaml", problems)
    assert node is not None

    assert compile_mapping(node, problems, bases={**bases, "torn": None, "test/map": node}) is None
    assert any(str(found).startswith(problem) for found in problems), list(map(str, problems))


objects = st.recursive(
    st.integers(0, 9), lambda inner: st.dictionaries(st.sampled_from("abcd"), inner, max_size=3), max_leaves=8
).filter(lambda value: isinstance(value, dict))
REMOVED = {"$remove": True}
changes = st.recursive(
    st.integers(10, 19) | st.just(REMOVED),
    lambda inner: st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=8,
).filter(lambda value: isinstance(value, dict) and value != REMOVED)


def over(base: Any, change: Any) -> Any:
    """What `extends` means, on plain data; KeyError where something is removed that is not there."""
    if not isinstance(base, dict) or not isinstance(change, dict):
        if isinstance(change, dict) and "$remove" in json.dumps(change):
            raise KeyError
        return change
    made = dict(base)
    for key, value in change.items():
        if value == REMOVED:
            del made[key]
        else:
            made[key] = over(made.get(key, None if isinstance(value, dict) else 0), value)
    return made


def _root(name: str, fields: Any, **more: str) -> Mapping:
    problems = Problems()
    text = json.dumps({"mapping": name, "from": "a", "to": "b", **more, "fields": fields})
    node = parse(text, f"mappings/{name}.yaml", problems)
    assert isinstance(node, Mapping)
    return node


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(objects, changes)
def test_objects_are_merged_key_by_key(answers, base, change):
    problems = Problems()
    mapping = compile_mapping(_root("n", change, extends="o"), problems, bases={"o": _root("o", base)})

    try:
        expected = over(base, change)
    except KeyError:
        assert mapping is None
        assert {problem.kind for problem in problems} <= {"unknown-key", "misplaced-construct"}
    else:
        assert mapping is not None
        assert mapping.run({}, answers()) == expected


def test_a_long_chain_is_taken_and_a_base_is_not_changed_by_it(answers):
    nodes: dict[str, Node | None] = {"m0": _root("m0", {"a": 0})}
    for number in range(1, 300):
        nodes[f"m{number}"] = _root(f"m{number}", {f"f{number}": number}, extends=f"m{number - 1}")
    problems = Problems()
    last = nodes["m299"]
    assert isinstance(last, Mapping)

    mapping = compile_mapping(last, problems, bases=nodes)

    assert mapping is not None
    assert len(mapping.run({}, answers())) == 300
    first = nodes["m0"]
    assert isinstance(first, Mapping)
    fields = first.get("fields")
    assert isinstance(fields, Mapping)
    assert list(fields.entries) == ["a"]
