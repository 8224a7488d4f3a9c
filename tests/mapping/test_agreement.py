"""The fast function, the exact function and the run field by field agree, whatever the mapping and the data."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.mapping import Mapping, MappingFailed
from hub.mapping.errors import RUN_ERRORS
from hub.mapping.values import Budget

KEYS = ("a", "b", "c")

scalars = st.sampled_from(
    [None, True, False, 0, 1, 7, Decimal("1.50"), "", "a", "x", "2024-01-02T00:00:00Z", "12", "1.5"]
)
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=14,
)
sources = st.dictionaries(st.sampled_from(KEYS), trees, min_size=1, max_size=3)

paths = st.builds(
    lambda root, keys: root + "".join(keys),
    st.sampled_from(["source", "source", "item", "name"]),
    st.lists(st.sampled_from([".a", ".b", ".c", "['a']", "[0]", "[-1]", "[source.a]"]), max_size=3),
)
literals = st.sampled_from(["1", "2.50", "'a'", "'x y'", "true", "none", "loop.index", "effect"])
BINARY = ("~", "+", "-", "*", "/", "==", "!=", "<", ">=", "in", "not in", "and", "or")
FILTERS = (
    "upper",
    "decimal",
    "integer",
    "text",
    "first",
    "last",
    "length",
    "join('-')",
    "sum",
    "sum('a')",
    "where('a', 1)",
    "flatten('a')",
    "default('d')",
    "default(source.b)",
    "datetime",
    "quantity",
    "money(source.c)",
    "pad_left(source.a)",
    "crosswalk('t')",
    "round(1)",
    "split('x')",
)
TESTS = ("defined", "undefined", "none", "string", "number", "mapping", "sequence", "not defined")


def _grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds(lambda left, sign, right: f"({left} {sign} {right})", inner, st.sampled_from(BINARY), inner),
        st.builds(lambda value, name: f"({value} | {name})", inner, st.sampled_from(FILTERS)),
        st.builds(lambda value, name: f"({value} is {name})", inner, st.sampled_from(TESTS)),
        st.builds(lambda first, test, second: f"({first} if {test} else {second})", inner, inner, inner),
        st.builds(lambda first, test: f"({first} if {test})", inner, inner),
        st.builds(lambda value: f"(not {value})", inner),
        st.builds(lambda value: f"(-{value})", inner),
        st.builds(lambda value, keys: f"({value}){keys}", inner, st.sampled_from([".a", "[0].b"])),
        st.builds(lambda left, right: f"[{left}, {right}]", inner, inner),
        st.builds(lambda left, right: f"{{'p': {left}, 'q': {right}}}", inner, inner),
        st.builds(lambda value: f"(xref('erp', {value}))", inner),
        st.just("sequence('n')"),
    )


expressions = st.recursive(paths | literals, _grow, max_leaves=6)


checks = st.just("true") | st.builds(
    lambda when, shown: {"when": when, "message": f"wrong: {{{shown}}}" if "{" not in shown else "wrong"},
    st.just("source.b or true") | expressions,
    expressions,
)
"""Conditions of `$require`: most expressions hold for hardly any data, so that some always do."""


def _construct(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.dictionaries(st.sampled_from(("p", "q", "r{}")), inner, max_size=3),
        st.lists(inner, max_size=3),
        st.builds(lambda value: {"$value": value, "$optional": True}, expressions),
        st.builds(lambda value, default: {"$value": value, "$default": default}, expressions, inner),
        st.builds(lambda when, value: {"$when": when, "v": value}, expressions, inner),
        st.builds(lambda when, value: {"$when": when, "$value": value}, expressions, expressions),
        st.builds(
            lambda on, case, default: {"$switch": {"on": on, "cases": {"a": case, "1": 1}, "default": default}},
            expressions,
            inner,
            inner,
        ),
        st.builds(lambda check, value: {"$require": check, "v": value}, checks, inner),
        st.builds(lambda check, value: {"$require": [check, "source"], "$value": value}, checks, expressions),
        st.builds(lambda on, case: {"$switch": {"on": on, "cases": {"a": case, "x": 2}}}, expressions, inner),
        st.builds(lambda value: {"$const": value}, st.sampled_from([None, "PO", [1, {"k": "v"}]])),
    )


plans = st.recursive(expressions | st.sampled_from([1, True]), _construct, max_leaves=6)


def _document(plan: Any, looped: Any, let: str, each: str, where: str, sort: Any, finished: Any) -> dict[str, Any]:
    """A mapping in which all names of the expressions above are known."""
    within = {"$each": f"{each} as item", "$where": where, "$sort": sort, "x": plan, "y": looped}
    fields = {"$let": {"name": let}, "list": within, "$assert": finished}
    return {"mapping": "m", "from": "a", "to": "b", "fields": fields}


sort_keys = st.sampled_from(["item.a", "item", "item.b | text", "1"]) | expressions.filter(
    lambda text: "loop" not in text
)
sorts = st.lists(
    sort_keys | st.builds(lambda by, descending: {"by": by, "descending": descending}, sort_keys, st.booleans()),
    max_size=3,
)
assertions = st.lists(
    st.sampled_from(["output.list is sequence", "output.list[0].x or true", "(output.list | length) < 3"])
    | expressions.map(lambda text: text.replace("item", "output.list").replace("loop.index", "output")),
    max_size=2,
)


documents = st.builds(
    _document,
    plans,
    plans,
    expressions.filter(lambda text: "item" not in text and "name" not in text and "loop" not in text),
    st.sampled_from(["source", "source.a", "source.b", "[1, source.a, none]", "source | where('a', 1)"]),
    expressions.filter(lambda text: "loop" not in text) | st.just("true"),
    sorts,
    assertions,
)


def _outcome(run: Any) -> tuple[bool, str]:
    try:
        return True, repr(run())
    except (MappingFailed, *RUN_ERRORS):
        return False, ""


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(documents, st.lists(sources, min_size=1, max_size=4))
def test_all_ways_of_running_agree(compile_quietly, answers, document, sources):
    mapping = compile_quietly(json.dumps(document))
    if mapping is None:
        return
    for source in sources:
        _check_agreement(mapping, {"source": source, "effect": "created"}, answers)


def _check_agreement(mapping: Mapping, variables: dict[str, Any], answers: Any) -> None:
    def given_answers():
        return answers(xref={"erp": {"a": "45"}}, crosswalk={"t": {"a": "A", "1": "one"}})

    right = _outcome(lambda: mapping._field_by_field(variables, given_answers()))
    exact = _outcome(lambda: mapping._exact(variables, given_answers(), Budget()))
    quick = _outcome(lambda: mapping._fast(variables, given_answers(), Budget()))
    whole = _outcome(lambda: mapping.run(variables, given_answers()))

    assert exact == right
    assert whole == right
    assert quick in (right, (False, ""))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="abcsource.[]()|~'\"{}0123 ,=<>+-*/_!%\n", max_size=60))
def test_no_text_breaks_the_compiler(compile_quietly, answers, text):
    mapping = compile_quietly(json.dumps({"mapping": "m", "from": "a", "to": "b", "fields": {"x": text}}))

    if mapping is not None:
        _outcome(lambda: mapping.run({"source": {"a": "b"}}, answers()))


@pytest.mark.parametrize("tree", [None, True, 5, Decimal(1), "text", [], [[]], {}, {"a": None}, {"a": [None]}])
def test_any_tree_is_taken_as_source(compiled, answers, tree):
    mapping = compiled("fields: {a: {$value: source.a.b, $optional: true}, l: {$each: source.a as x, $value: x}}")

    made = mapping.run({"source": tree}, answers())

    assert made == {"l": []}
