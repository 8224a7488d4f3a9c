"""A mapping with a mistake is refused, with its place and what would be right."""

from __future__ import annotations

import pytest

from hub.mapping import ExpectedValue, compile_expression, compile_mapping
from hub.source import Location, Problems, Scalar, parse

AT = "mappings/test/map.yaml:"


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ("{a: {$vlaue: source.x}}", "4:14: unknown-construct: unknown construct '$vlaue' (did you mean '$value'?)"),
        ("{a: {$group: source.x}}", "4:14: unknown-construct: unknown construct '$group' (constructs are $const,"),
        ("{a: {$const: 1, b: 2}}", "4:25: misplaced-field: the field 'b' cannot stand beside $const"),
        (
            "{a: {$each: source.x as x, $value: x, b: 2}}",
            "4:47: misplaced-field: the field 'b' cannot stand beside $value",
        ),
        ("{a: {$where: source.x, b: 2}}", "4:14: misplaced-construct: $where has no meaning in an object of fields"),
        ("{a: {$const: 1, $optional: true}}", "4:25: misplaced-construct: $optional has no meaning beside $const"),
        ("{a: {$value: 3, $default: 1}}", "4:25: misplaced-construct: $default belongs to an expression"),
        ("{a: {$sort: source.x, b: 1}}", "4:14: misplaced-construct: $sort has no meaning in an object of fields"),
        (
            "{a: {$assert: source.x, b: 1}}",
            "4:14: misplaced-construct: $assert has no meaning in an object of fields (it",
        ),
        ("{a: {$remove: true}}", "4:14: misplaced-construct: $remove has no meaning in an object of fields (it takes"),
        ("{a: {$each: source.x as x, $sort: y, b: 1}}", "4:43: unknown-name: unknown name 'y'"),
        ("{a: {$each: source.x as x, $sort: loop.index, b: 1}}", "4:43: unknown-name: unknown name 'loop'"),
        ("{a: {$each: source.x as x, $let: {l: x.y}, $sort: l, b: 1}}", "4:59: unknown-name: unknown name 'l'"),
        ("{a: {$each: source.x as x, $sort: [[x.a]], b: 1}}", "4:44: wrong-type: an expression is a text"),
        ("{a: {$each: source.x as x, $sort: {desc: true}, b: 1}}", "4:44: unknown-key: unknown key 'desc' in $sort"),
        ("{a: {$each: source.x as x, $sort: {}, b: 1}}", "4:43: missing-key: $sort needs 'by', an expression"),
        (
            "{a: {$each: source.x as x, $sort: {by: x.a, descending: 1}, b: 1}}",
            "4:65: wrong-type: descending is true or false",
        ),
        ("{a: {$require: sorce.x, b: 1}}", "4:24: unknown-name: unknown name 'sorce'"),
        ("{a: {$require: {message: no}, b: 1}}", "4:24: missing-key: a condition needs 'when', an expression"),
        (
            "{a: {$require: {when: source.x, mesage: no}, b: 1}}",
            "4:41: unknown-key: unknown key 'mesage' in a condition (did you mean 'message'?)",
        ),
        ("{a: {$require: {when: source.x, message: 5}, b: 1}}", "4:50: wrong-type: 'message' is a text"),
        (
            "{a: {$require: {when: source.x, message: 'a } b'}, b: 1}}",
            "4:50: syntax: a lone } in a message (write }} for a brace)",
        ),
        (
            "{a: {$require: {when: source.x, message: 'of {sorce.y}'}, b: 1}}",
            "4:50: unknown-name: unknown name 'sorce'",
        ),
        ("{$assert: [output.a, outptu.b], a: 1}", "4:30: unknown-name: unknown name 'outptu' (did you mean 'output'?)"),
        ("{$assert: output.a, a: output.b}", "4:32: unknown-name: unknown name 'output'"),
        ("{$assert: output.a, $let: {output: 5}, a: 1}", "4:10: wrong-name: the name 'output' is taken here already"),
        ("{a: {$value: source.x, $optional: 1}}", "4:43: wrong-type: $optional is true or false"),
        ("{a: {$each: source.lines, b: 1}}", "4:21: syntax: $each needs a list and a name (source.lines as line)"),
        ("{a: {$each: [1], b: 1}}", "4:21: syntax: $each needs a list and a name"),
        ("{a: {$each: source.x as source, b: 1}}", "4:21: wrong-name: the name 'source' is taken here already"),
        ("{a: {$each: source.x as loop, b: 1}}", "4:21: wrong-name: 'loop' cannot be a name"),
        ("{a: {$let: {a-b: source.x}, b: 1}}", "4:21: wrong-name: 'a-b' cannot be a name"),
        ("{a: {$let: [x], b: 1}}", "4:20: wrong-type: $let is a mapping"),
        ("{a: {$let: {x: 5}, b: x}}", None),
        ("{a: {$switch: {on: source.x}}}", "4:23: missing-key: $switch needs `on`"),
        ("{a: {$switch: {on: source.x, cases: {}}}}", "4:23: missing-key: $switch needs `on`"),
        (
            "{a: {$switch: {on: source.x, case: {b: 1}}}}",
            "4:38: unknown-key: unknown key 'case' in $switch (did you mean",
        ),
        ("{a: }", "4:13: missing-value: nothing stands here"),
        ("{a: sorce.x}", "4:13: unknown-name: unknown name 'sorce' (did you mean 'source'?)"),
        (
            "{a: 'PO'}",
            "4:13: unknown-name: unknown name 'PO' (names here are connection, effect, headers, message, order, "
            "source, target; text has quotes of its own: \"'PO'\")",
        ),
        ("{a: item.x}", "4:13: unknown-name: unknown name 'item'"),
        ("{a: source.x | uper}", "4:13: unknown-filter: unknown filter 'uper' (did you mean 'upper'?)"),
        (
            "{a: source.x | truncate}",
            "4:13: wrong-arguments: the filter truncate: missing a required argument: 'length'",
        ),
        (
            "{a: source.x | upper(1)}",
            "4:13: wrong-arguments: the filter upper: too many positional arguments (it takes ()",
        ),
        ("{a: source.x | default}", "4:13: wrong-arguments: the filter default"),
        ("{a: \"source.x | datetime('%Q')\"}", "4:13: wrong-arguments: the filter datetime: the format '%Q' holds %Q"),
        (
            "{a: \"source.x | datetime(zone='Berlin')\"}",
            "4:13: wrong-arguments: the filter datetime: the text 'Berlin' is no",
        ),
        ("{a: source.x | round(99)}", "4:13: wrong-arguments: the filter round: decimals are 0 to 20"),
        (
            "{a: \"source.x | money('euro')\"}",
            "4:13: wrong-arguments: the filter money: the text 'euro' is no ISO 4217",
        ),
        (
            "{a: \"source.x | quantity('each')\"}",
            "4:13: wrong-arguments: the filter quantity: the text 'each' is no UN/ECE",
        ),
        ("{a: source.x | crosswalk(source.t)}", "4:13: wrong-arguments: the name of a crosswalk is a literal text"),
        ("{a: source.x is odd}", "4:13: unknown-test: unknown test 'odd'"),
        ("{a: source.x is defined(1)}", "4:13: wrong-arguments: the test defined takes no arguments"),
        ("{a: xref('erp')}", "4:13: wrong-arguments: the function xref: missing a required argument: 'kind'"),
        ("{a: \"xrf('a', 'b')\"}", "4:13: unknown-function: unknown function 'xrf' (did you mean 'xref'?)"),
        ("{a: 1 < source.x < 3}", "4:13: not-allowed: comparisons cannot be chained (write a < b and b < c)"),
        ("{a: 'source.x[1:2]'}", "4:13: not-allowed: there are no slices"),
        (
            "{a: two words}",
            "4:13: syntax: 'two words' is no expression: 'words' is not expected there "
            "(if it is text, write {$const: two words})",
        ),
        ('{a: "{{ source.x }}"}', "4:13: syntax: "),
        ("{a: source.}", "4:13: syntax: "),
        ('{a: "source.x ~ \'open"}', "4:13: syntax: "),
    ],
)
def test_mistakes_in_fields(problems_of, compiled, fields, problem):
    text = f"fields: {fields}\n"
    if problem is None:
        problem = "4:24: wrong-type: an expression is a text"
        assert compiled(text.replace("{x: 5}", "{x: '5'}"))
        text = text.replace("{x: 5}", "{x: [5]}")
    assert problems_of(text)[0].startswith(AT + problem)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("mapping: a\nfrom: b\nfields: {}\n", "1:1: missing-key: missing key 'to'"),
        ("mapping: a\nfrom: b\nto: c\n", "1:1: missing-key: missing key 'fields'"),
        ("mapping: a\nfrom: 5\nto: c\nfields: {}\n", "2:7: wrong-type: 'from' must be text"),
        ("mapping: a\nfrom: b\nto: c\nfeilds: {}\n", "4:1: unknown-key: unknown key 'feilds' (did you mean 'fields'?)"),
    ],
)
def test_mistakes_in_the_head(problems_of, text, problem):
    assert AT + problem in problems_of(text)


@pytest.mark.parametrize(
    ("tests", "problem"),
    [
        ("{a: 1}", "5:8: wrong-type: 'tests' must be a list"),
        ("[{name: a, input: {}}]", "5:9: missing-key: missing key 'expect'"),
        ("[{nam: a, input: {}, expect: {}}]", "5:10: unknown-key: unknown key 'nam' (did you mean 'name'?)"),
        ("[{name: a, input: {$file: 1}, expect: {}}]", "5:26: wrong-type: an input from a file is {$file: path}"),
        (
            "[{name: a, input: {}, expect: {$partail: {}}}]",
            "5:39: unknown-construct: what is expected is the whole",
        ),
        ("[{name: a, input: {}, expect: {$error: {fild: x}}}]", "5:48: unknown-key: unknown key 'fild' (did you mean"),
        (
            "[{name: a, input: {}, given: {efect: x}, expect: {}}]",
            "5:38: unknown-key: unknown key 'efect' (did you mean",
        ),
        ("[{name: a, input: {}, given: {xref: {a: 1}}, expect: {}}]", "5:48: wrong-type: 'a' must be a mapping"),
        (
            "[{name: a, input: 1, expect: 1}, {name: a, input: 1, expect: 1}]",
            "5:41: duplicate-name: two tests are called 'a'",
        ),
    ],
)
def test_mistakes_in_tests(problems_of, tests, problem):
    found = problems_of(f"fields: {{}}\ntests: {tests}\n")

    assert any(text.startswith(AT + problem) for text in found), found


def test_all_mistakes_are_found_at_once(problems_of):
    found = problems_of("fields:\n  a: sorce.x\n  b: {$vlaue: 1}\n  c: source.x | uper\n")

    assert [text.split(" ")[0] for text in found] == [AT + "5:6:", AT + "6:7:", AT + "7:6:"]


def test_a_file_that_is_no_mapping_is_refused():
    problems = Problems()
    node = parse("- a", "m.yaml", problems)
    assert node is not None

    assert compile_mapping(node, problems) is None
    assert str(next(iter(problems))).startswith(
        "m.yaml:1:1: wrong-type: a mapping's file has the keys mapping, from, to"
    )


def test_what_a_mapping_tells_of_itself(compiled):
    mapping = compiled(
        """
mapping: shop/order
from: shop.order
to: Order
fields: {unit: source.u | crosswalk('shop/units')}
tests:
  - name: a file
    input: {$file: samples/a.json}
    given: {effect: created, xref: {erp: {order: "45"}}, crosswalk: {shop/units: {A: B}}}
    expect: {$partial: {unit: B}}
  - {name: an error, input: {u: 1.50}, expect: {$error: {field: unit, contains: no entry}}}
  - {name: whole, input: {}, expect: {unit: 1}}
"""
    )

    assert (mapping.name, mapping.source_type, mapping.target_type) == ("shop/order", "shop.order", "Order")
    assert str(mapping.crosswalks["shop/units"]) == AT + "5:16"
    one, two, three = mapping.tests
    assert (one.file, one.input) == ("samples/a.json", None)
    assert isinstance(one.expect, ExpectedValue)
    assert (one.expect.partial, one.expect.value) == (True, {"unit": "B"})
    assert one.given.variables == {"effect": "created"}
    assert one.given.xref == {"erp": {"order": "45"}}
    assert one.given.crosswalk == {"shop/units": {"A": "B"}}
    assert one.location.line == 7
    assert (str(two.expect), str(two.input["u"])) == ("an error of unit that contains 'no entry'", "1.50")
    assert isinstance(three.expect, ExpectedValue)
    assert (three.file, three.expect.partial, three.expect.value) == (None, False, {"unit": 1})


def test_a_single_expression_is_refused_at_its_place():
    problems = Problems()
    place = Location("pipelines/p.yaml", 7, 11)

    assert compile_expression(Scalar(place, "docment.x", "docment.x", True), problems, names={"document"}) is None
    assert compile_expression(Scalar(place, True, "true", True), problems, names={"document"}) is None
    assert [str(problem) for problem in problems] == [
        "pipelines/p.yaml:7:11: unknown-name: unknown name 'docment' (did you mean 'document'?)",
        "pipelines/p.yaml:7:11: wrong-type: true is no expression (put it in quotes)",
    ]
