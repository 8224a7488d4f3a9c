"""Mistakes in pipeline files: each named with its place and what would be right."""

# ruff: noqa: E501 - a table of mistakes is read line by line

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.pipelines import Pipeline
from tests.pipelines.shop import PIPELINE

Compile = Callable[[str], tuple[Pipeline | None, list[str]]]

MISTAKES = [
    ("pipeline: orders", "pipline: orders", "1:1: unknown-key: unknown key 'pipline' (did you mean 'pipeline'?)"),
    ("pipeline: orders", "pipeline: Or ders", "1:11: wrong-value: 'pipeline': string should match pattern"),
    ("connection: shop", "connection: shp", "2:20: unknown-connection: there is no connection 'shp' (did you mean 'shop'?)"),
    ("connection: shop", "conection: shop", "2:8: unknown-key: unknown key 'conection' (did you mean 'connection'?)"),
    ("types: [shop.order]", "types: []", "2:33: wrong-value: 'types'"),
    ("types: [shop.order]", "types: shop.order", "2:33: wrong-type: 'types' must be a list"),
    ("types: [shop.order]", "document: Order", "2:7: wrong-value: 'from': take either messages"),
    (", types: [shop.order]", "", "2:7: wrong-value: 'from': say where from"),
    ("types: [shop.order]", "types: [shop.ordr]", "7:10: wrong-mapping: the mapping 'shop/order' is from 'shop.order', which is not among the types (types here are shop.ordr)"),
    ("order: source.id", "ordr: source.id", "3:11: unknown-key: unknown key 'ordr' (did you mean 'order'?)"),
    ("order: source.id, version", "order: source.id, verison", "3:29: unknown-key: unknown key 'verison' (did you mean 'version'?)"),
    ("order: source.id, ", "", "3:10: wrong-subject: the subject needs exactly one kind (add order: EXPRESSION)"),
    (", intent: snapshot", "", "3:10: missing-key: missing key 'intent'"),
    ("intent: snapshot", "intent: snapshoot", "3:65: wrong-value: 'intent' cannot be the text 'snapshoot'; it is one of 'snapshot', 'delta' or 'command' (did you mean 'snapshot'?)"),
    ("intent: snapshot", "intent: snapshot, of: er", "3:79: unknown-system: there is no system 'er' (did you mean 'erp'?)"),
    ("order: source.id", "order: {Po-Number: source.po}", "3:19: wrong-value: 'Po-Number' cannot be a kind of number"),
    ("order: source.id", "order: {po: source.po, id: source.id}", "3:18: wrong-type: the subject's number is an expression"),
    ("order: source.id", "order: 5", "3:18: wrong-type: an expression is text"),
    ("order: source.id", "order: sorce.id", "3:18: unknown-name"),
    ("order: source.id", "order: document.number", "3:18: unknown-name"),
    ("order: source.id", "order: source.id |", "3:18: "),
    ("order: source.id", "order: source.__class__", "3:18: "),
    ("{number: source.name, po: source.po}", "{number: source.name, po: [a]}", "4:39: wrong-type"),
    ("occurred_at: source.updated_at | datetime", "occurred_at: source.updated_at | datetme", "5:14: unknown-filter"),
    ("map: shop/order", "map: shop/ordr", "7:10: unknown-mapping: there is no mapping 'shop/ordr' (did you mean 'shop/order'?)"),
    ("map: shop/order", "map: erp/order", "7:10: wrong-mapping: the mapping 'erp/order' is from 'Order', which is not among the types"),
    ("  - map: shop/order\n", "", "7:3: one-map: a pipeline has exactly one map step, this one none"),
    ("  - map: shop/order\n", "  - map: shop/order\n  - map: shop/order\n", "8:10: one-map: a pipeline has exactly one map step, this one 2"),
    ("  - map: shop/order\n", "  - {map: shop/order, filter: source.a}\n", "7:5: wrong-value: 'steps' item 1: a step is either {map: MAPPING} or {filter: CONDITION}"),
    ("filter: not document.test", "filtr: not document.test", "8:5: unknown-key: unknown key 'filtr' (did you mean 'filter'?)"),
    ("filter: not document.test", "filter: effect == 'created'", "8:13: unknown-name"),
    ("filter: not document.test", "filter: crosswalk('a', 'b')", "8:13: "),
    ("filter: not document.test", "filter: document.sku | crosswalk('a')", "8:13: not-allowed: crosswalks, xref() and sequence() belong to mappings"),
    ("filter: not document.test", "filter: xref('erp', 'order')", "8:13: not-allowed: crosswalks, xref() and sequence() belong to mappings"),
    ("  - map: shop/order\n", "  - filter: document.test\n  - map: shop/order\n", "7:13: unknown-name: unknown name 'document'"),
    ("filter: not document.test", "filter: true", "8:13: wrong-type"),
    ("to: erp, map: erp/order", "to: epr, map: erp/order", "10:10: unknown-connection: there is no connection 'epr' (did you mean 'erp'?)"),
    ("map: erp/order", "map: erp/oder", "10:20: unknown-mapping: there is no mapping 'erp/oder' (did you mean 'erp/order'?)"),
    ("map: erp/order", "map: shop/confirmed", "10:20: wrong-mapping: the mapping 'shop/confirmed' is from 'OrderAcknowledgement', but this route carries 'Order'"),
    ("when: effect == 'created'", "wen: effect == 'created'", "10:31: unknown-key: unknown key 'wen' (did you mean 'when'?)"),
    ("when: effect == 'created'", "when: efect == 'created'", "10:37: unknown-name"),
    ("when: effect == 'created'", "when: source.a", "10:37: unknown-name"),
    ("needs: xref.erp.order", "needs: xref.er.order", "11:66: unknown-system: there is no system 'er' (did you mean 'erp'?)"),
    ("needs: xref.erp.order", "needs: erp.order", "11:66: wrong-value: 'erp.order' is not what a route can wait for (write xref.SYSTEM.KIND: xref.acme-sap.order)"),
    ("needs: xref.erp.order", "needs: [xref.erp.order, xref.erp]", "11:83: wrong-value: 'xref.erp' is not what a route can wait for"),
    ("references: {po: document.number}", "references: {po: source.number}", "10:75: unknown-name"),
    ("steps:\n", "filter: source.a\nsteps:\n", "1:1: wrong-value: 'filter' belongs to pipelines from documents; here it is a step"),
    ("pipeline: orders\n", "", "1:1: missing-key: missing key 'pipeline'"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "problem"), MISTAKES, ids=[f"{b} -> {a}" for b, a, _ in MISTAKES])
def test_a_mistake_is_named_with_its_place(compiled: Compile, before: str, after: str, problem: str):
    assert before in PIPELINE
    pipeline, problems = compiled(PIPELINE.replace(before, after, 1))
    assert pipeline is None
    assert [found for found in problems if found.startswith(problem)], problems


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("pipeline: a\nfrom: {document: Ordr}\n", "2:18: unknown-kind: there is no kind 'Ordr' (did you mean 'Order'?)"),
        ("pipeline: a\nfrom: {document: Order}\nsteps: [{map: shop/order}]\n", "1:1: wrong-value: a pipeline from documents has no 'steps'"),
        ("pipeline: a\nfrom: {document: Order}\nsubject: {order: a, intent: delta}\noccurred_at: x\n", "1:1: wrong-value: a pipeline from documents has no 'subject' and no 'occurred_at'"),
        ("pipeline: a\nfrom: {document: Order}\nroutes: [{to: shop, map: shop/confirmed}]\n", "3:26: wrong-mapping: the mapping 'shop/confirmed' is from 'OrderAcknowledgement', but this route carries 'Order'"),
        ("pipeline: a\nfrom: {document: Order}\nfilter: source.a\n", "3:9: unknown-name"),
        ("pipeline: a\n", "1:1: missing-key: missing key 'from'"),
        ("- a\n", "1:1: wrong-type"),
        ("", "1:1: wrong-type"),
        ("pipeline: a\npipeline: b\n", "2:1: duplicate-key"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_pipeline_from_documents_is_named(compiled: Compile, text: str, problem: str):
    pipeline, problems = compiled(text)
    assert pipeline is None
    assert problems[0].startswith(problem)


def test_all_mistakes_are_reported_at_once(compiled: Compile):
    text = (
        PIPELINE.replace("connection: shop", "connection: shp").replace("to: erp", "to: epr").replace("effect", "efect")
    )
    _, problems = compiled(text)
    kinds = [problem.split(": ")[1] for problem in problems]
    assert kinds == ["unknown-connection", "unknown-connection", "unknown-name", "unknown-connection", "unknown-name"]


def test_a_mapping_with_errors_of_its_own_is_not_reported_twice(compiled: Compile):
    pipeline, problems = compiled(PIPELINE.replace("map: erp/order", "map: shop/broken"))
    assert (pipeline, problems) == (None, [])


LINES = PIPELINE.splitlines()


@given(st.integers(0, len(LINES) - 1), st.text("abc:{}[],'| -", max_size=10), st.integers(0, 60))
def test_a_garbled_file_is_compiled_or_refused_but_never_a_crash(compiled: Compile, line: int, text: str, at: int):
    garbled = [*LINES]
    garbled[line] = garbled[line][:at] + text + garbled[line][at:]
    pipeline, problems = compiled("\n".join(garbled))
    assert pipeline is not None or problems
