"""Nothing but data can be reached, and nothing runs away."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal

import pytest

from hub.mapping import ExpressionFailed, MappingFailed

REACHING = [
    "''.__class__.__mro__",
    "source.__class__",
    "source.__init__.__globals__",
    "source.x.__subclasses__()",
    "source.get('x')",
    "source.items()",
    "'{0.__class__}'.format(source)",
    "'%s' % source",
    "'%1000000000d' % 1",
    "range(10)",
    "range(10**9)",
    "range(10**12)",
    "'x' * 10**9",
    "10**10**10",
    "joiner()",
    "cycler('a')",
    "self",
    "caller()",
    "varargs",
    "().__class__",
    "{}.__class__.__base__",
    "source.__dict__",
    "source.x.__reduce__()",
    "'' | attr('__class__')",
    "source | format('x')",
    "'{:>1000000000}' | format(1)",
    "source | xmlattr",
    "source | groupby('x')",
    "source | list",
    "source is callable",
    "source is sameas source",
    "source[0:9]",
    "source.x(1)",
    "sequence.__self__",
    "_read.__globals__",
    "9**9**9",
    "9 // 2",
    "'a' * 3 ** 9",
    "lipsum.__globals__",
    "cycler.__init__",
    "self._TemplateReference__context",
    "request.application",
    "config",
    "namespace()",
    "dict(a=1)",
    "__import__('os').system('true')",
    "open('/etc/passwd')",
    "eval('1')",
    "source | attr('__class__')",
    "source | map('upper')",
    "source | tojson",
    "source | safe",
    "xref(*source)",
    "xref(**source)",
    "source | truncate(*[1])",
    "source | truncate(**{'length': 1})",
    "xref.__globals__",
    "(xref)('a', 'b')('c')",
    "[x for x in source]",
    "lambda: 1",
    "source.x := 1",
    "_t1",
    "_v",
    "_l.crosswalk",
    "_b",
    "loop.index",
    "_needed",
    "isinstance",
]


@pytest.mark.parametrize("text", REACHING)
def test_what_reaches_beyond_data_is_refused_before_it_runs(problems_of, text):
    problems = problems_of(f"fields:\n  a: {json.dumps(text)}\n")

    assert all(problem.startswith("mappings/test/map.yaml:5:6: ") for problem in problems)


@pytest.mark.parametrize(
    "text", ["source['__class__']", "source['get']", "source.x['__len__']", "source.x[0]['upper']"]
)
def test_keys_are_keys_and_never_attributes(condition, value, text):
    assert condition(text, {"x": "text"}) is None
    with pytest.raises(ExpressionFailed, match="found nothing"):
        value(text, {"x": "text"})


def test_a_key_of_any_name_is_data(value):
    assert value("source['__class__'].mro", {"__class__": {"mro": "data"}}) == "data"


@pytest.mark.parametrize(
    "text",
    [
        "(" * 1000 + "1" + ")" * 1000,
        "not " * 900 + "true",
        "-" * 1500 + "1",
        "[" * 1000 + "]" * 1000,
        "source" + ".a" * 1500,
        "source" + "[source" * 400 + "]" * 400,
        " + ".join(["1"] * 900),
        " | ".join(["source", *["upper"] * 500]),
        " if true else ".join(["1"] * 250),
        "'" + "x" * 5000 + "'",
        "9" * 3000,
        "1." + "9" * 3000,
        "1e999999999",
        "{" * 500,
    ],
)
def test_huge_expressions_are_refused(problems_of, text):
    assert problems_of(f"fields:\n  a: {json.dumps(text)}\n")


@pytest.mark.parametrize(
    "text",
    [
        "source" + ".a" * 28,
        "source" + " | default(source.a)" * 28,
        "source.a" + " | upper" * 27,
        " + ".join(["source.a"] * 28),
        " or ".join(["source.a"] * 28),
        " if source.a else ".join(["source.a"] * 28),
        "source.a" + "[source.b" * 13 + "]" * 13,
        "[" * 28 + "source" + "]" * 28,
        "not " * 28 + "source",
    ],
)
def test_the_deepest_expression_at_the_deepest_place_compiles_and_runs(compiled, answers, text):
    leaf = f"{{$value: {json.dumps(text)}, $default: 1, $when: {json.dumps(text)}}}"
    fields = leaf
    for _ in range(38):
        fields = f"{{$when: source, x: {fields}}}"
    mapping = compiled(f"fields: {fields}\n")

    with suppress(MappingFailed):
        mapping.run({"source": {"a": "v"}}, answers())


def test_constructs_nested_too_deeply_are_refused(problems_of):
    assert "limit: nested more than 40 levels deep" in problems_of("fields: " + "{a: " * 50 + "1" + "}" * 50)[0]


def test_every_construct_at_every_level_compiles_and_runs(compiled, answers):
    fields = "source.b"
    for level in range(39):
        fields = (
            f"{{$when: source, $let: {{n{level}: source.a}}, x: {fields}, "
            f"$require: [source.a, {{when: n{level}, message: 'no {{n{level}}}'}}]}}"
        )
    mapping = compiled(f"fields: {fields}\n")

    made = mapping.run({"source": {"a": "v", "b": 1}}, answers())
    with pytest.raises(MappingFailed) as failed:
        mapping.run({"source": {"a": "", "b": 1}}, answers())

    assert str(made).count("x") == 39
    assert len(failed.value.errors) == 50


def test_sorting_loops_stand_inside_each_other(compiled, answers):
    fields = "1"
    for level in range(8):
        fields = f"{{$each: source.v as i{level}, $sort: [i{level}, source.w], $value: {fields}}}"
    mapping = compiled(f"fields: {fields}\n")

    assert mapping.run({"source": {"v": [2, 1], "w": "x"}}, answers())


def test_loops_nested_too_deeply_are_refused(problems_of):
    fields = "1"
    for n in range(10):
        fields = f"{{$each: source.x as x{n}, a: {fields}}}"

    assert "limit: more than 8 $each inside each other" in problems_of(f"fields: {{a: {fields}}}")[0]


def test_loops_over_loops_stop(compiled, answers):
    mapping = compiled(
        "fields: {x: {$each: source.v as a, $value: {$each: source.v as b, $value: {$each: source.v as c, $value: 1}}}}"
    )

    with pytest.raises(MappingFailed, match="the loops of this mapping run over more than 200000 items"):
        mapping.run({"source": {"v": list(range(1000))}}, answers())


def test_text_does_not_double_for_ever(compiled, answers):
    lets = ", ".join(f"t{n}: t{n - 1} ~ t{n - 1}" for n in range(1, 40))
    mapping = compiled(f"fields: {{$let: {{t0: source.t, {lets}}}, a: t39}}")

    with pytest.raises(MappingFailed, match="more than 32000000 characters"):
        mapping.run({"source": {"t": "x" * 1000}}, answers())


def test_lists_of_made_lists_are_refused(problems_of):
    problems = problems_of("fields: {$let: {a: '[source, source]', b: '[a, a]'}, x: b}")

    assert "limit: a list or object is made of 'a', which holds a list or object that was made itself" in problems[0]


@pytest.mark.parametrize(
    "leaf",
    ["source.text", "source", "source.lines", "source.none | default(source.text)", "source.lines | first", "outer"],
)
def test_a_loop_does_not_repeat_the_whole_source_for_ever(compiled, answers, leaf):
    mapping = compiled(
        f"fields: {{$let: {{outer: source.text}}, x: {{$each: source.lines as line, $value: '{leaf}'}}}}"
    )
    source = {"text": "x" * 100_000, "lines": [["y" * 100_000, *range(2000)] for _ in range(2000)]}

    with pytest.raises(MappingFailed, match=r"this mapping (makes|repeats) more than"):
        mapping.run({"source": source}, answers())


def test_a_loop_copies_what_it_goes_over_without_limit(compiled, answers):
    mapping = compiled("fields: {x: {$each: source.lines as line, text: line.text, all: line}}")
    line = {"text": "x" * 50_000, "more": list(range(50))}

    made = mapping.run({"source": {"lines": [line] * 30_000}}, answers())

    assert len(made["x"]) == 30_000


@pytest.mark.parametrize(
    "leaf",
    [
        "(source.v | where('k', line)) | length",
        "line in source.v",
        "source.v | sum('k')",
        "source.v == source.same",
        "source.long | sha256",
        "source.long | matches('x*')",
        "source.long | replace('x', '') | length",
    ],
)
def test_looking_through_a_list_for_each_of_its_items_stops(compiled, answers, leaf):
    mapping = compiled(f'fields: {{x: {{$each: source.w as line, $value: "{leaf}"}}}}')
    source = {"v": [{"k": "1"}] * 50_000, "w": ["x"] * 50_000, "long": "x" * 50_000}
    source["same"] = list(source["v"])

    with pytest.raises(MappingFailed, match="looks through more than 2000000 items"):
        mapping.run({"source": source}, answers())


def test_flattening_the_same_lists_for_each_item_stops(compiled, answers):
    mapping = compiled("fields: {x: {$each: source.w as line, $value: source.v | flatten('k') | length}}")

    with pytest.raises(MappingFailed, match="this mapping repeats more than 1000000 values"):
        mapping.run({"source": {"v": [{"k": [1] * 5_000}], "w": [1] * 5_000}}, answers())


def test_a_long_constant_in_a_loop_is_refused(problems_of, compiled):
    assert (
        "limit: a constant in $each"
        in problems_of(f"fields: {{x: {{$each: source as l, a: {{$const: {'y' * 2000}}}}}}}")[0]
    )
    assert compiled(f"fields: {{x: {{$const: {'y' * 2000}}}}}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("source.d ~ ''", "more than 60 digits"),
        ("source.d | text", "more than 60 digits"),
        ("source.d + 1", "more than 60 digits"),
        ("source.t | decimal | text", "more than 60 digits"),
        ("source.t | replace('e', source.long)", None),
        ("source.long | replace('x', source.long)", "more than a million characters"),
        ("source.t | pad_left(1000000000)", "compile"),
        ("source.long | split('x') | length", None),
    ],
)
def test_numbers_and_texts_do_not_grow_without_bound(value, problems_of, text, message):
    source = {"d": Decimal("1e999999"), "t": "1e999999", "long": "x" * 5_000}
    if message == "compile":
        assert "a length is 0 to 4000" in problems_of(f"fields:\n  a: {text}\n")[0]
    elif message is None:
        assert value(text, source)
    else:
        with pytest.raises(ExpressionFailed, match=message):
            value(text, source)


def test_hostile_data_is_just_data(mapped):
    source = {"a": "{{ 7*7 }} ${env:HOME} %s {0.__class__}", "b": ["__import__('os')"]}

    assert mapped("fields: {a: source.a ~ '', b: {$each: source.b as b, $value: b | text}}", source) == source
