"""Failures are shown by cause, say what to do, and are decided on by a person."""

from __future__ import annotations

import pytest

from hub.operations.errors import BadInput, NotFound, OperationRefused
from hub.operations.failures.listing import list_failures, list_groups, show_failure
from hub.operations.failures.settling import Decision, Settled, settle
from hub.operations.ids import short
from hub.operations.orders.views import Order, find_orders, show_order
from tests.operations.hub_process import Hub

CAP = [{"id": 1, "sku": "CAP", "quantity": 1}]


def shown(hub: Hub, number: str) -> Order:
    [subject] = find_orders(hub.store, number)
    return show_order(hub.store, subject, now=hub.clock.now())


def decide(hub: Hub, name: str, decision: Decision, **numbers: str) -> Settled:
    return settle(hub.store, name, decision, actor="ada", clock=hub.clock, numbers=numbers)


async def test_failures_of_one_cause_are_one_group(hub: Hub) -> None:
    for number in (1, 2, 3):
        await hub.receive(number=number, lines=CAP)
    hub.misbehave("crm", "error_400")
    await hub.receive(number=4)
    await hub.settle()
    groups = {one.code: one for one in list_groups(hub.store)}
    assert groups["mapping"].count == 3
    assert groups["mapping"].connection == "erp"
    assert "'CAP'" in groups["mapping"].text
    assert groups["mapping"].first_at <= groups["mapping"].last_at
    assert groups["rejected"].count == 1
    assert [one.count for one in list_groups(hub.store, connection_name="crm")] == [1]
    flat = list_failures(hub.store, group=groups["mapping"].key)
    assert {one.order for one in flat} == {"#1001", "#1002", "#1003"}
    assert {one.state for one in flat} == {"dead"}
    assert list_failures(hub.store, group=short(flat[0].id)) == flat
    assert list_failures(hub.store, closed=True) == []


async def test_a_failure_says_what_is_wrong_where_and_what_to_do(hub: Hub) -> None:
    await hub.receive(number=1, lines=CAP, name="order.json")
    await hub.receive(number=2, lines=CAP)
    await hub.settle()
    [one, _] = list_failures(hub.store)
    failure = show_failure(hub.store, short(one.id))
    assert failure.place["crosswalk"] == "materials"
    assert failure.place["value"] == "CAP"
    assert failure.place["file"] == "mappings/test/erp_order.yaml"
    assert failure.alike == 2
    assert "crossdock crosswalk add materials CAP CODE" in failure.remedies[0]
    assert f"crossdock replay plan --group {short(failure.id)}" in failure.remedies[1]
    assert show_failure(hub.store, failure.target[-8:]).id == failure.id
    assert show_failure(hub.store, failure.group).id == failure.id


async def test_bytes_that_cannot_be_read_are_the_senders(hub: Hub) -> None:
    await hub.receive_bytes(b'{"id": ')
    hub.drain()
    [one] = list_failures(hub.store)
    failure = show_failure(hub.store, one.id)
    assert failure.target_kind == "message"
    assert "sender" in failure.remedies[0]


async def test_what_is_not_there_is_told(hub: Hub) -> None:
    await hub.receive_bytes(b'{"id": ')
    hub.drain()
    with pytest.raises(NotFound):
        show_failure(hub.store, "abcdef0123")
    with pytest.raises(BadInput):
        show_failure(hub.store, "abc")
    with pytest.raises(NotFound, match="did you mean"):
        list_failures(hub.store, group="decode:shop:1:9")


async def in_doubt(hub: Hub) -> str:
    """The id of a failure: an order of which nobody knows whether the ERP has it."""
    hub.misbehave("erp", "read_and_close")
    await hub.receive(number=1)
    await hub.settle()
    [one] = list_failures(hub.store)
    assert one.state == "in_doubt"
    return one.id


async def test_in_doubt_is_settled_as_delivered_with_its_number(hub: Hub) -> None:
    failure = await in_doubt(hub)
    assert "settle" in show_failure(hub.store, failure).remedies[0]
    settled = decide(hub, short(failure), Decision.DELIVERED, id="4711")
    assert settled.state == "delivered"
    order = shown(hub, "4711")
    erp = next(row for row in order.systems if row.system == "erp")
    assert erp.agrees
    assert [entry.actor for entry in order.timeline if entry.kind == "delivery.delivered"][-1] == "ada"
    closed = show_failure(hub.store, failure)
    assert closed.closed_by == "ada"
    assert closed.remedies == []
    assert list_failures(hub.store) == []
    await hub.receive(number=1, updated_at="2026-03-02T10:16:02Z", total="25.00")
    await hub.settle()
    assert [one.state for one in shown(hub, "#1001").deliveries if one.connection == "erp"] == ["delivered"] * 2


async def test_what_did_not_arrive_is_sent_again_under_the_same_key(hub: Hub) -> None:
    failure = await in_doubt(hub)
    delivery = show_failure(hub.store, failure).target
    assert hub.effects("erp") == {}
    assert decide(hub, delivery[-8:], Decision.NOT_DELIVERED).state == "planned"
    await hub.deliver()
    assert hub.effects("erp") == {f"test:{delivery}:1": 1}
    order = shown(hub, "#1001")
    assert next(row for row in order.systems if row.system == "erp").agrees
    assert next(one for one in order.deliveries if one.id == delivery).state == "delivered"


async def test_a_dropped_delivery_is_never_sent_and_frees_its_lane(hub: Hub) -> None:
    failure = await in_doubt(hub)
    assert decide(hub, failure, Decision.DROP).state == "dropped"
    await hub.deliver()
    assert hub.effects("erp") == {}
    order = shown(hub, "#1001")
    erp = next(row for row in order.systems if row.system == "erp")
    assert (erp.actual, erp.agrees) == ("dropped", False)
    assert any("was dropped" in entry.text and entry.actor == "ada" for entry in order.timeline)


async def test_only_what_stopped_is_decided_on(hub: Hub) -> None:
    await hub.receive(number=1)
    await hub.receive_bytes(b'{"id": ')
    await hub.settle()
    sent = shown(hub, "#1001").deliveries[0]
    with pytest.raises(OperationRefused, match="delivered"):
        decide(hub, sent.id, Decision.DROP)
    [unreadable] = list_failures(hub.store)
    with pytest.raises(OperationRefused, match="message"):
        decide(hub, unreadable.id, Decision.DROP)
    with pytest.raises(NotFound):
        decide(hub, "abcdef0123", Decision.DROP)


async def test_a_decision_is_taken_once(hub: Hub) -> None:
    failure = await in_doubt(hub)
    decide(hub, failure, Decision.DROP)
    with pytest.raises(OperationRefused):
        decide(hub, failure, Decision.DELIVERED)


async def test_a_number_that_no_database_keeps_is_refused(hub: Hub) -> None:
    failure = await in_doubt(hub)
    with pytest.raises(BadInput):
        decide(hub, failure, Decision.DELIVERED, id="x" * 500)
    assert [one.state for one in list_failures(hub.store)] == ["in_doubt"]
