"""Paths that lead nowhere: found where samples or a model tell it, and nowhere else."""

# ruff: noqa: E501 - a table of slips is read line by line

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.workspace import read_directory
from hub.workspace.checking import check

ROOT = Path(__file__).parents[2]
SAMPLE: dict[str, Any] = {
    "name": "#1",
    "customer": {"email": "ada@example.org", "first_name": "Ada"},
    "address1": "Harbour Street",
    "note": None,
    "rates": {"EUR": 1},
    "lines": [{"sku": "MUG"}, {"sku": "CUP", "price": {"amount": "1"}}],
    "empty": [],
}


def told(fields: str, *, source: str = "a.order", more: dict[str, str] | None = None) -> list[str]:
    """What is said of paths in a mapping with these fields, its first line being 5."""
    tests = f"tests: [{{name: one, input: {json.dumps(SAMPLE)}, expect: {{}}}}]\n" if source == "a.order" else ""
    mapping = f"mapping: a/b\nfrom: {source}\nto: b.order\nfields:\n{fields}\n{tests}"
    files = {"mappings/a/b.yaml": mapping, **(more or {})}
    found = check({path: text.encode() for path, text in files.items()})
    assert [str(one) for one in found.errors if one.kind != "unknown-path"] == []
    return [str(one).removeprefix("mappings/a/b.yaml:") for one in found if one.kind == "unknown-path"]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ("  a: source.nam", "5:6: unknown-path: source.nam finds nothing: no sample of a.order has 'nam' (did you mean 'name'?)"),
        ("  a: source.name ~ source.customer.mail", "5:6: unknown-path: source.customer.mail finds nothing: no sample of a.order has 'mail' (did you mean 'email'?)"),
        ("  a: source['cusomer'].email", "5:6: unknown-path: source['cusomer'] finds nothing"),
        ("  a: {$value: source.custmer.email, $optional: true}\n  b: source.customer.email", "5:15: unknown-path: source.custmer finds nothing"),
        ("  a: {$when: source.custmer, b: source.name}", "5:14: unknown-path: source.custmer"),
        ("  a: {$each: source.lins as line, b: line.sku}", "5:14: unknown-path: source.lins"),
        ("  a: {$each: source.lines as line, b: line.skuu}", "5:39: unknown-path: line.skuu finds nothing: no sample of a.order has 'skuu' (did you mean 'sku'?)"),
        ("  a: {$let: {who: source.customer}, b: who.emil}", "5:40: unknown-path: who.emil"),
        ("  a: {$let: {who: source.customer or source.name}, b: {$value: who.emial, $optional: true}}", "5:64: unknown-path: who.emial"),
        ("  a: (source.lines | first).skuu", "5:6: unknown-path: (source.lines | first).skuu"),
        ("  a: source.lines[0].skuu", "5:6: unknown-path: source.lines[0].skuu"),
        ("  a: source.lines | sum('price.amuont')", "5:6: unknown-path: source.lines | sum('price.amuont') finds nothing"),
        ("  a: source.lines | where('skuu', 'MUG')", "5:6: unknown-path: source.lines | where('skuu')"),
        ("  a: {$switch: {on: source.naem, cases: {x: source.name}}}", "5:21: unknown-path: source.naem"),
        ("  $require: {when: source.naem, message: \"{source.nmae} is wrong\"}\n  a: source.name", "5:20: unknown-path: source.naem"),
    ],
)  # fmt: skip
def test_a_slip_is_found_with_the_nearest_key(fields: str, problem: str) -> None:
    assert told(fields)[0].startswith(problem)


@pytest.mark.parametrize(
    "fields",
    [
        "  a: source.lines.sku",
        "  a: {$value: source.gift_message, $optional: true}",
        "  a: {$value: source.address2, $optional: true}",
        "  a: {$value: source.dame, $optional: true}",
        "  a: source.note.text",
        "  a: source.rates[source.name]",
        "  a: {$each: source.empty as one, b: one.anything}",
        "  a: {$when: source.gift, b: source.gift.text}",
        "  a: source.company if source.company else source.name",
        "  a: source.gift | default('none')",
        "  a: source.name | default(source.title)",
        "  a: {$value: source.name, $default: source.title}",
        "  a: {$value: source.name, $default: {$each: source.titles as title, b: title.text}}",
        "  a: headers.anything",
        "  a: source.name | split('#') | first",
        "  a: \"'x' if source.company is defined else source.name\"",
    ],
)
def test_what_may_be_missing_or_cannot_be_told_is_left_alone(fields: str) -> None:
    assert told(fields) == []


def test_samples_of_any_mapping_and_of_files_of_tests_count() -> None:
    fields = "  a: source.company"
    assert len(told(fields)) == 1
    other = "mapping: a/c\nfrom: a.order\nto: b.x\nfields: {a: source.company}\ntests: [{name: x, input: {company: A}, expect: {a: A}}]\n"
    assert told(fields, more={"mappings/a/c.yaml": other}) == []
    tests = "mapping: a/b\ntests: [{name: x, input: {$file: samples/x.json}, expect: {a: A}}]\n"
    files = {"mappings/a/b.test.yaml": tests, "mappings/a/samples/x.json": '{"company": "A"}'}
    assert told(fields, more=files) == []


def test_a_sample_that_cannot_be_read_is_none() -> None:
    tests = "mapping: a/b\ntests: [{name: x, input: {$file: samples/x.json}, expect: {$error: {}}}]\n"
    files = {"mappings/a/b.test.yaml": tests, "mappings/a/samples/x.json": "{"}
    assert len(told("  a: source.company", more=files)) == 1


def test_what_is_inherited_from_the_library_is_left_alone() -> None:
    base = {"mappings/a/base.yaml": b"mapping: a/base\nfrom: a.order\nto: b.order\nfields: {a: source.company}\n"}
    tests = "tests: [{name: one, input: {name: x}, expect: {$error: {}}}]\n"
    mapping = f"mapping: a/b\nextends: a/base\nfields:\n  b: source.nmae\n{tests}"
    own = {"mappings/a/b.yaml": mapping.encode()}
    inherited = {one.location.file: one.kind for one in check(own, library=base) if one.kind != "unused-mapping"}
    assert inherited == {"mappings/a/b.yaml": "unknown-path"}
    assert len([one for one in check({**own, **base}) if one.kind == "unknown-path"]) == 2


def test_without_samples_nothing_is_said() -> None:
    assert told("  a: source.anything.at_all", source="c.order") == []


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ("  a: source.nmuber", "5:6: unknown-path: source.nmuber finds nothing: no Order has 'nmuber' (did you mean 'number'?)"),
        ("  a: {$value: source.bill_to.zip, $optional: true}", "5:15: unknown-path: source.bill_to.zip finds nothing: no Party has 'zip'"),
        ("  a: {$each: source.lines as line, b: line.quantity.unit, c: line.price.per.valu}", "5:62: unknown-path: line.price.per.valu finds nothing: no Quantity has 'valu'"),
        ("  a: order.lines | sum('total.amuont')", "5:6: unknown-path: order.lines | sum('total.amuont') finds nothing: no Money has 'amuont'"),
        ("  a: source.number.text", "5:6: unknown-path: source.number.text finds nothing: no single value has 'text' (it ends there)"),
    ],
)  # fmt: skip
def test_a_field_that_no_document_has_is_an_error(fields: str, problem: str) -> None:
    assert told(fields, source="Order")[0].startswith(problem)


@pytest.mark.parametrize(
    "fields",
    [
        "  a: source.lines.sku",
        "  a: source.header.source_id",
        "  a: source.extensions.anything.at_all",
        "  a: {$each: source.lines as line, b: (line.ship_to or source.ship_to).city}",
        "  a: (source.buyer.identifiers | where('scheme', 'GLN')).value",
    ],
)
def test_fields_that_documents_have_are_left_alone(fields: str) -> None:
    assert told(fields, source="Order") == []


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ("  a: {$when: source.type == 'drop-ship', b: source.number}", "5:14: never-so: 'source.type' is never 'drop-ship' (did you mean 'drop_ship'?)"),
        ("  a: {$when: \"'pickup' in source.type\", b: source.number}", None),
        ("  a: {$when: \"source.payment_status not in ['paid', 'payed']\", b: source.number}", "5:14: never-so: 'source.payment_status' is never 'payed'"),
        ("  a: {$switch: {on: source.type, cases: {dropship: source.number}}}", "5:21: never-so: 'source.type' is never 'dropship'"),
        ("  a: {$when: source.number == 'anything', b: source.number}", None),
        ("  a: {$when: source.channel_class == 'B2B', b: source.number}", None),
        ("  a: {$when: source.channel_class | default('none') == 'none', b: source.number}", None),
        ("  a: {$when: \"source.channel_class in 'B2B or D2C'\", b: source.number}", None),
    ],
)  # fmt: skip
def test_what_a_field_never_is_is_told(fields: str, told: str | None) -> None:
    text = f"mapping: m\nfrom: Order\nto: c.d\nfields:\n{fields}\n"
    said = [str(one) for one in check({"mappings/m.yaml": text.encode()}) if one.kind == "never-so"]
    assert [one.startswith(f"mappings/m.yaml:{told}") for one in said] == ([True] if told else [])


def test_no_path_of_the_library_is_called_wrong() -> None:
    found = check(dict(read_directory(ROOT)))
    assert [str(one) for one in found if one.kind in ("unknown-path", "never-so")] == []


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
        max_leaves=8,
    ),
    st.lists(st.sampled_from(["a", "b", "[0]", "['c']"]), min_size=1, max_size=4),
)
def test_a_path_that_a_run_follows_is_never_called_wrong(tree: Any, steps: list[str]) -> None:
    path = "source" + "".join(step if step.startswith("[") else f".{step}" for step in steps)
    test = f"tests: [{{name: x, input: {json.dumps(tree)}, expect: {{}}}}]\n"
    text = f'mapping: m\nfrom: a.b\nto: c.d\nfields: {{a: "{path}"}}\n{test}'
    said = [str(one) for one in check({"mappings/m.yaml": text.encode()}) if one.kind == "unknown-path"]
    if said:
        assert found_at(tree, steps) is None


def found_at(tree: Any, steps: list[str]) -> Any:
    """What stands at a path, lists of one passed through, as docs/reference/mapping.md has it."""
    for step in steps:
        if step == "[0]":
            tree = (tree[0] if tree else None) if isinstance(tree, list) else tree
            continue
        while isinstance(tree, list):
            tree = tree[0] if len(tree) == 1 else None
        tree = tree.get(step.strip("[]'")) if isinstance(tree, dict) else None
    return tree
