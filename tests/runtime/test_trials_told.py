"""What tests of pipelines say: of what is not as expected, and of what is wrong with a test itself."""

# ruff: noqa: E501 - tests in YAML are read line by line

from __future__ import annotations

import json
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.operations.testing import run_workspace_tests
from hub.operations.trials import pipeline_cases
from hub.operations.trials.holding import pair
from hub.source import ConfigurationRefused, Problems, parse
from hub.workspace.trials.reading import Subject, read_trials
from tests.runtime.trials import PATH, case_of, differences, draft, draft_of, problems, shop

ARRIVES = "- message: {input: $ORDER}\n"
AT = "pipelines/orders.test.yaml"


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        (
            "deliveries: [{to: erp, state: dead, attempts: 2}]",
            [
                f"{AT}:7:27: delivery: found in its place sink.order to erp, delivered, order #1",
                f"{AT}:7:27: delivery: state: expected the text 'dead', found the text 'delivered'",
                f"{AT}:7:27: delivery: attempts: expected 2, found 1",
            ],
        ),
        (
            "deliveries: [{payload: {$partial: {total: 1}}}]",
            [
                f"{AT}:7:27: delivery: found in its place sink.order to erp, delivered, order #1",
                f"{AT}:7:27: delivery: payload: total: expected 1, found 9.50",
            ],
        ),
        ("deliveries: []", [f"{AT}:7:26: not expected: delivery sink.order to erp, delivered, order #1"]),
        ("failures: [{contains: nine}]", [f"{AT}:7:25: expected a failure, contains the text 'nine'; found none"]),
        ("messages: {dead: 1}", [f"{AT}:7:13: messages: dead: expected 1, found nothing", f"{AT}:7:13: messages: delivered: not expected, found 1"]),
        ("order: {find: '#2'}", [f"{AT}:7:21: order #2: expected it, found no such order"]),
        ("order: {find: '#1', status: shipped}", [f"{AT}:7:21: order #1: status: expected the text 'shipped', found the text 'captured'"]),
        ("order: {find: '#1', $expr: output.status == 'shipped'}", [f"{AT}:7:21: order #1: output.status == 'shipped' does not hold: output.status is the text 'captured'"]),
        ("documents: {$partial: [{kind: Order}, {kind: Shipment}]}", [f"{AT}:7:52: expected a document, kind the text 'Shipment'; found 1, each expected by another line: Order from shop, applied (created), order #1"]),
        ("messages: {dead: 0, delivered: 1}", []),
    ],
)  # fmt: skip
def test_what_is_found_in_its_place_is_told(expect: str, told: list[str]):
    assert differences(f"{ARRIVES}- expect: {{{expect}}}\n") == told


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ("- replay: all", "Nothing that failed is open there."),
        ("- settle: {connection: erp, decision: drop}", "0 deliveries to erp are dead or in doubt; settle needs one."),
        ("- crosswalk: {}\n- message: {input: $ORDER, changes: {lines.7.sku: A}}", "There is no 'lines.7.sku' in what arrives here"),
        ("- message: {input: $ORDER, changes: {'': 1}}", "There is no '' in what arrives here"),
        ("- message: {input: $ORDER, changes: {lines..sku: 1}}", "The changes cannot be made: 'lines..sku' has an empty part"),
        ("- message: {input: 'no JSON', changes: {id: 1}}", "line 1"),
    ],
)  # fmt: skip
def test_a_step_that_cannot_be_done_is_told_with_its_place(steps: str, told: str):
    [found] = differences(f"{steps}\n- expect: {{failures: []}}\n")
    assert found.startswith(f"{AT}:")
    assert told in found


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ("- mesage: {input: 1}\n- expect: {failures: []}", "6:5: unknown-key: unknown key 'mesage' (did you mean 'message'?)"),
        ("- message: {input: 1}\n- expect: {deliverys: []}", "7:14: unknown-key: unknown key 'deliverys' (did you mean 'deliveries'?)"),
        ("- message: {input: 1}\n- expect: {deliveries: [{state: deliverd}]}", "did you mean 'delivered'?"),
        ("- message: {input: 1}\n- expect: {deliveries: {$partial: [{too: erp}]}}", "unknown key 'too' (did you mean 'to'?)"),
        ("- message: {input: 1}\n- expect: {documents: [{kind: Ordr}]}", "there is no kind of document 'Ordr'; did you mean 'Order'?"),
        ("- message: {input: 1}\n- expect: {messages: {delivred: 1}}", "there is no state 'delivred'; did you mean 'delivered'?"),
        ("- message: {input: 1}\n- expect: {documents: [{content: {$parts: 1}}]}", "unknown-construct"),
        ("- message: {input: 1}\n- expect: {documents: [{content: {$error: {}}}]}", "expect failures: [{contains: …}]"),
        ("- message: {input: 1}\n- expect: {order: {status: x}}", "an order is named by one of its numbers"),
        ("- message: {input: 1}\n- expect: {since: last}", "expect documents, deliveries, failures, messages or an order"),
        ("- message: {input: 1}", "a test expects something: add a step {expect: …}"),
        ("- message: {input: {$file: samples/none.json}}\n- expect: {failures: []}", "missing-file: there is no sample 'pipelines/samples/none.json'"),
        ("- message: {connection: shp, type: shopify.order, input: 1}\n- expect: {failures: []}", "unknown-connection: there is no connection 'shp' (did you mean 'shop'?)"),
        ("- message: {connection: erp, input: 1}\n- expect: {failures: []}", "missing-key: a message of pipeline orders needs its type"),
        ("- message: {type: shopify.oder, input: 1}\n- expect: {failures: []}", "unknown-type: 'shop' sends no 'shopify.oder' (did you mean 'shopify.order'?)"),
        ("- expect: {deliveries: [{to: epr}]}", "unknown-connection: there is no connection 'epr' (did you mean 'erp'?)"),
        ("- crosswalk: {nix: {A: B}}\n- expect: {failures: []}", "unknown-crosswalk: there is no crosswalk 'nix'"),
        ("- fault: {connection: erp, error: rejected, retry_after: 5s}\n- expect: {failures: []}", "'retry_after' belongs to {error: transient}"),
        ("- wait: 15\n- expect: {failures: []}", "15 is not a time span"),
        ("- replay: {mode: resend}\n- expect: {failures: []}", "say what to replay"),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_their_place_and_what_would_be_right(steps: str, told: str):
    found = problems(draft_of(steps))
    assert len(found) == 1, found
    assert found[0].startswith(f"{AT}:")
    assert told in found[0]
    drafted = draft_of(steps)
    if "unknown-c" not in told and "missing-file" not in told and "unknown-type" not in told:
        with pytest.raises(ConfigurationRefused):
            case_of(drafted)


def test_a_pipeline_that_is_not_there_and_two_tests_of_one_name_are_told():
    one = "- {name: one, input: 1, expect: {failures: []}}\n"
    assert problems(draft({**shop(), PATH: f"pipeline: order\ntests:\n{one}"})) == [
        f"{AT}:1:11: unknown-pipeline: there is no pipeline 'order' (did you mean 'orders'?)"
    ]
    [twice] = problems(draft({**shop(), PATH: f"pipeline: orders\ntests:\n{one}{one}"}))
    assert twice.endswith("duplicate-name: two tests are called 'one'")


def test_tests_may_stand_in_the_pipeline_and_are_refused_with_it():
    files = shop()
    tests = "tests:\n- {name: one, input: {id: 1}, expect: {failures: []}}\n"
    drafted = draft({**files, "pipelines/orders.yaml": files["pipelines/orders.yaml"] + tests})
    assert [case.subject for case in pipeline_cases(drafted, drafted.files)] == ["pipeline orders"]
    drafted = draft({**files, "pipelines/orders.yaml": f"pipeline: orders\n{tests}"})
    with pytest.raises(ConfigurationRefused, match="missing key 'from'"):
        pipeline_cases(drafted, drafted.files)


def test_a_test_of_a_workspace_with_errors_elsewhere_fails_by_them():
    files = {**shop(), "config/connections/erp.yaml": shop()["config/connections/erp.yaml"] + "concurrency: 0\n"}
    files["pipelines/orders.yaml"] = files["pipelines/orders.yaml"].partition("routes:")[0]
    [found, *_] = differences(f"{ARRIVES}- expect: {{failures: []}}\n", files)
    assert found.startswith("config/connections/erp.yaml:")


def test_the_test_tool_runs_them_beside_those_of_mappings(tmp_path):
    test = "tests:\n- name: sent\n  connection: shop\n  type: shopify.order\n  input: {id: 1}\n  expect: {documents: [{state: applied}]}\n"
    for path, text in {**shop(), "pipelines/all.test.yaml": test}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    [found] = run_workspace_tests(tmp_path, "pipelines all").tests
    assert (found.subject, found.name, found.file, found.line) == (
        "pipelines all",
        "sent",
        "pipelines/all.test.yaml",
        2,
    )
    assert not found.passed
    assert "found the text 'dead'" in found.differences[1]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["steps", "expect", "message", "input", "$partial", "name", "order", "wait"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(values)
def test_whatever_stands_there_is_read_or_told(value: object):
    found = Problems()
    node = parse(json.dumps({"tests": value}), "a.test.yaml", found)
    trials = read_trials(node and node.get("tests"), Subject("pipeline x", "c", "t"), found)  # type: ignore[attr-defined]
    assert trials or found.errors or value in (None, [])


@given(
    st.integers(0, 4).flatmap(lambda size: st.lists(st.lists(st.booleans(), min_size=size, max_size=size), max_size=4))
)
def test_as_many_as_possible_find_their_partner(fits: list[list[bool]]):
    found = pair(fits)
    assert all(fits[number][index] for number, index in found.items())
    assert len(set(found.values())) == len(found)
    columns = range(len(fits[0]) if fits else 0)
    best = max(
        (sum(fits[row][column] for row, column in zip(order, columns, strict=False)) for order in permutations(range(len(fits)))),
        default=0,
    )  # fmt: skip
    assert len(found) >= best


def test_what_is_of_the_same_kind_is_named_first():
    told = differences(
        f"{ARRIVES}- expect: {{deliveries: {{$partial: [{{to: erp, state: dead}}]}}}}\n", shop(crm="", erp="")
    )
    assert told[0] == f"{AT}:7:38: delivery: found in its place sink.order to erp, delivered, order #1"


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z"])
def test_a_test_begins_in_times_that_there_are(at: str):
    found = problems(draft_of("- expect: {failures: []}\n", head=f"at: {at}"))
    assert "'at'" in "".join(found)
