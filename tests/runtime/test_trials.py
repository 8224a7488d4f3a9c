"""Tests of pipelines: messages through the hub's own parts, counterparts that are played, time that is moved."""

# ruff: noqa: E501 - tests in YAML are read line by line

from __future__ import annotations

import socket

import pytest

from tests.runtime.trials import RETRY, case_of, differences, draft_of, shop

FILES = f"""\
connection: erp
type: files
sftp: {{host: h, user: u, password: '${{env:NOBODY}}', host_key: '${{env:NOBODY}}'}}
outboxes: [{{type: sink.order, format: json, directory: in, name: "{{transmission}}.json"}}]
retry: {RETRY}
"""
"""A connection whose counterpart may be sent the same twice."""
ARRIVES = "- message: {input: $ORDER}\n"
CHANGES = '- message: {input: $ORDER, changes: {updated_at: "2026-01-05T09:00:00Z", total: "12.00"}}\n'


def test_an_order_comes_through_and_everything_about_it_can_be_looked_at():
    steps = f"""\
- answer: {{connection: erp, references: {{order: "4711"}}}}
{ARRIVES}
- expect:
    documents:
      - kind: Order
        state: applied
        effect: created
        source: shop
        order: "#1"
        pipeline: orders
        mapping: test/order
        content: {{$partial: {{number: "#1", totals: {{grand: {{amount: 9.5}}}}}}}}
    deliveries:
      - {{to: erp, type: sink.order, state: delivered, effect: created, order: "#1", attempts: 1, payload: {{order: "1", revision: "2026-01-05T08:00:00Z", total: 9.5}}}}
    failures: []
    messages: {{delivered: 1}}
    order: {{find: "4711", number: "#1", status: captured, systems: {{erp: {{number: "4711"}}}}}}
"""
    assert differences(steps) == []


def test_nothing_is_opened_read_or_needed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("a test of a pipeline opened a connection"))
    hub = "environment: ${env:NOBODY}\ndatabase: ${env:NOBODY}\nworkers: ${env:NOBODY}\nlimits: {batch: '${env:NOBODY}'}\n"
    files = shop(erp="headers: {Authorization: '${file:/nobody/has/this}'}\n", more={"config/hub.yaml": hub})
    assert differences(f"{ARRIVES}- expect: {{deliveries: [{{state: delivered}}]}}\n", files) == []


@pytest.mark.parametrize(
    ("fault", "delivery", "failures"),
    [
        ("error: transient", "state: planned, attempts: 1, waits: retry, reason: Down", "[]"),
        (
            "error: rejected",
            "state: dead, attempts: 1, reason: Down",
            "[{of: delivery, connection: erp, contains: Down}]",
        ),
        ("error: auth", "state: planned, attempts: 1, waits: pause, reason: Down", "[]"),
        ("error: duplicate", "state: duplicate, attempts: 1", "[]"),
        ("error: in_doubt", "state: in_doubt, attempts: 1", "[{of: delivery, order: '#1'}]"),
    ],
)
def test_a_counterpart_fails_as_it_is_told_and_the_hub_does_what_follows(fault: str, delivery: str, failures: str):
    steps = f"""\
- fault: {{connection: erp, {fault}, message: Down}}
{ARRIVES}
- expect: {{deliveries: [{{{delivery}}}], failures: {failures}}}
"""
    assert differences(steps) == []


def test_retries_come_when_their_whole_wait_is_over_and_end_as_the_connection_says():
    steps = f"""\
- fault: {{connection: erp, error: transient, times: 3}}
{ARRIVES}
- wait: 9999ms
- expect: {{deliveries: [{{attempts: 1}}]}}
- wait: 1ms
- expect: {{deliveries: [{{attempts: 2, state: planned}}]}}
- wait: 20s
- expect: {{deliveries: [{{attempts: 3, state: dead}}], failures: [{{connection: erp}}]}}
"""
    assert differences(steps) == []


def test_one_long_wait_is_as_many_short_ones():
    steps = f"""\
- fault: {{connection: erp, error: transient, times: 2}}
{ARRIVES}
- wait: 1d
- expect: {{deliveries: [{{attempts: 3, state: delivered}}]}}
"""
    assert differences(steps) == []


def test_a_counterpart_that_asks_for_a_wait_gets_it():
    steps = f"""\
- fault: {{connection: erp, error: transient, retry_after: 2m}}
{ARRIVES}
- wait: 119s
- expect: {{deliveries: [{{attempts: 1}}]}}
- wait: 1s
- expect: {{deliveries: [{{state: delivered}}]}}
"""
    assert differences(steps) == []


def test_what_is_in_doubt_is_sent_again_where_the_system_knows_what_it_has():
    steps = f"""\
- fault: {{connection: erp, error: in_doubt}}
{ARRIVES}
- expect: {{deliveries: [{{state: sending, attempts: 1, waits: retry}}], failures: []}}
- wait: 10s
- expect: {{deliveries: [{{state: delivered, attempts: 2}}]}}
"""
    assert differences(steps, shop() | {"config/connections/erp.yaml": FILES}) == []


def test_a_person_decides_on_what_is_in_doubt():
    steps = f"""\
- fault: {{connection: erp, error: in_doubt}}
{ARRIVES}
- settle: {{connection: erp, decision: delivered, references: {{order: "77"}}}}
- expect: {{deliveries: [{{state: delivered, attempts: 1}}], failures: [], order: {{find: "77"}}}}
"""
    assert differences(steps) == []


def test_a_person_sends_what_did_not_arrive_again():
    steps = f"""\
- fault: {{connection: erp, error: in_doubt}}
{ARRIVES}
- settle: {{connection: erp, decision: not-delivered}}
- expect: {{deliveries: [{{state: delivered, attempts: 2}}], failures: []}}
"""
    assert differences(steps) == []


def test_a_paused_connection_goes_on_when_it_is_resumed():
    steps = f"""\
- fault: {{connection: erp, error: auth}}
{ARRIVES}
- wait: 1h
- expect: {{deliveries: [{{attempts: 1, waits: pause}}]}}
- resume: erp
- expect: {{deliveries: [{{state: delivered, attempts: 2}}]}}
"""
    assert differences(steps) == []


def test_what_comes_later_in_a_lane_waits_behind_a_dead_letter_until_that_is_replayed():
    steps = f"""\
- fault: {{connection: erp, error: rejected}}
{ARRIVES}
{CHANGES}
- expect: {{deliveries: [{{state: dead}}, {{state: planned, waits: lane, attempts: 0}}]}}
- replay: {{order: "#1", mode: resend}}
- expect: {{deliveries: [{{state: delivered, effect: created}}, {{state: delivered, effect: changed}}], failures: []}}
"""
    assert differences(steps) == []


def test_a_connection_in_shadow_gets_nothing_and_holds_up_nothing():
    steps = f"{ARRIVES}{CHANGES}- expect: {{deliveries: [{{state: shadowed, attempts: 0}}, {{state: shadowed}}]}}\n"
    assert differences(steps, shop(erp="shadow: true\n")) == []


def test_targets_fail_each_by_itself_and_at_the_type_that_is_named():
    steps = f"""\
- fault: {{connection: crm, error: rejected, type: sink.order}}
- fault: {{connection: erp, error: rejected, type: other.order}}
{ARRIVES}
- expect: {{deliveries: [{{to: erp, state: delivered}}, {{to: crm, state: dead}}]}}
"""
    assert differences(steps, shop(erp="", crm="")) == []


SKU = "sku: line.sku | crosswalk('skus')"
TABLE = {"config/crosswalks/skus.csv": "from,to\nCUP,1\n"}


def with_table() -> dict[str, str]:
    files = shop(more=TABLE)
    return {**files, "mappings/test/order.yaml": files["mappings/test/order.yaml"].replace("sku: line.sku", SKU)}


def test_what_is_mended_is_replayed_by_a_person():
    steps = f"""\
{ARRIVES}
- expect: {{documents: [{{state: dead, reason: MUG}}], failures: [{{of: document, contains: skus}}], messages: {{dead: 1}}}}
- crosswalk: {{skus: {{MUG: "7"}}}}
- expect: {{documents: [{{state: dead}}]}}
- replay: all
- expect:
    documents: [{{state: applied, content: {{$expr: "output.lines[0].sku == '7'"}}}}]
    failures: []
"""
    assert differences(steps, with_table()) == []


def test_given_tables_stand_in_for_those_of_the_workspace():
    steps = f"""\
{ARRIVES}
- message: {{input: $ORDER, changes: {{id: 2, name: "#2", lines.0.sku: CUP}}}}
- expect: {{documents: [{{state: applied}}, {{state: dead, reason: CUP}}]}}
"""
    assert differences(steps, with_table(), head='given: {crosswalk: {skus: {MUG: "7"}}}') == []


def test_a_test_begins_when_it_says_and_ends_no_earlier_than_its_waits():
    steps = f"""\
- wait: 2h
{ARRIVES}
- expect: {{order: {{find: "#1", changed_at: "2026-03-01T14:00:00Z"}}}}
"""
    assert differences(steps, head='at: "2026-03-01T12:00:00Z"') == []


def test_the_same_test_comes_to_the_same_each_time():
    case = case_of(draft_of(f"{ARRIVES}- expect: {{documents: [], deliveries: [], messages: {{}}}}\n"))
    first = case.run()
    assert len(first) == 3
    assert case.run() == first


def test_only_what_is_new_since_the_last_look():
    steps = f"""\
{ARRIVES}
- expect: {{documents: [{{effect: created}}]}}
{CHANGES}
- expect: {{since: last, documents: [{{effect: changed}}], deliveries: [{{effect: changed}}]}}
- expect: {{since: last, documents: [], deliveries: []}}
- expect: {{documents: [{{effect: created}}, {{effect: changed}}]}}
"""
    assert differences(steps) == []
