"""A replay is planned, said, run, and kept; it touches nothing but what stopped."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from hub.operations.crosswalks import add_crosswalk_row
from hub.operations.errors import BadInput, NotFound, OperationRefused
from hub.operations.failures.listing import list_failures
from hub.operations.failures.replays import (
    Plan,
    Selection,
    cancel_replay,
    list_replays,
    plan_replay,
    run_replay,
    show_replay,
)
from hub.operations.ids import short
from hub.operations.orders.views import Order, find_orders, show_order
from hub.runtime.replay import Mode
from hub.store import leases, tables
from tests.operations.hub_process import Hub

CAP = [{"id": 1, "sku": "CAP", "quantity": 1}]
ALL = Selection(everything=True)


def plan(hub: Hub, selection: Selection = ALL, mode: Mode = Mode.REPROCESS) -> Plan:
    return plan_replay(hub.store, selection, mode, actor="ada", clock=hub.clock)


def run(hub: Hub, id_: str) -> Plan:
    return run_replay(hub.store, hub.workspace, id_, actor="ada", owner="test-replay", clock=hub.clock)


def states(made: Plan) -> list[str]:
    return [item.state for item in made.items]


def shown(hub: Hub, number: str) -> Order:
    [subject] = find_orders(hub.store, number)
    return show_order(hub.store, subject, now=hub.clock.now())


async def test_a_mended_cause_lets_all_its_failures_through(hub: Hub) -> None:
    for number in (1, 2):
        await hub.receive(number=number, lines=CAP)
    await hub.settle()
    add_crosswalk_row(hub.store, hub.workspace, "materials", "CAP", "300-1", actor="ada", clock=hub.clock)
    made = plan(hub, Selection(group=list_failures(hub.store)[0].id))
    assert states(made) == ["would-resubmit"] * 2
    assert [item.note for item in made.items] == ["It is made anew and sent to erp."] * 2
    assert hub.effects("erp") == {}, "a plan does nothing"
    done = run(hub, short(made.id))
    assert (done.state, states(done)) == ("done", ["resubmitted"] * 2)
    assert done.counts == {"resubmitted": 2}
    await hub.deliver()
    assert sorted(hub.effects("erp").values()) == [1, 1]
    assert all(key.endswith(":2") for key in hub.effects("erp")), "new bytes have a new key"
    order = shown(hub, "#1001")
    assert next(row for row in order.systems if row.system == "erp").agrees
    assert any("is made anew" in entry.text and entry.actor == "ada" for entry in order.timeline)
    assert list_failures(hub.store) == []
    assert {one.order for one in list_failures(hub.store, closed=True)} == {"#1001", "#1002"}


async def test_resend_sends_the_same_bytes_under_the_same_key(hub: Hub) -> None:
    hub.misbehave("crm", "error_400")
    await hub.receive(number=1)
    await hub.settle()
    [failure] = list_failures(hub.store)
    made = plan(hub, Selection(failures=(short(failure.id),)), Mode.RESEND)
    assert made.items[0].note == "The same bytes are sent to crm."
    run(hub, made.id)
    await hub.deliver()
    assert hub.effects("crm") == {f"test:{failure.target}:1": 1}
    crm = next(one for one in shown(hub, "#1001").deliveries if one.connection == "crm")
    assert [one.outcome for one in crm.attempts] == ["refused", "delivered"]


async def test_resend_skips_what_was_never_made(hub: Hub) -> None:
    await hub.receive(number=1, lines=CAP)
    await hub.receive_bytes(b'{"id": ')
    await hub.settle()
    made = plan(hub, ALL, Mode.RESEND)
    assert states(made) == ["skipped", "skipped"]
    assert all("reprocess" in (item.note or "") for item in made.items)


async def test_in_doubt_is_replayed_by_its_own_id_alone(hub: Hub) -> None:
    hub.misbehave("erp", "read_and_close")
    await hub.receive(number=1)
    await hub.settle()
    [failure] = list_failures(hub.store)
    for selection in (ALL, Selection(group=failure.group), Selection(order="#1001"), Selection(connection="erp")):
        made = plan(hub, selection)
        assert states(made) == ["skipped"]
        assert states(run(hub, made.id)) == ["skipped"]
    await hub.deliver()
    assert hub.effects("erp") == {}
    made = plan(hub, Selection(failures=(failure.id,)), Mode.RESEND)
    assert states(made) == ["would-resubmit"]
    run(hub, made.id)
    await hub.deliver()
    assert hub.effects("erp") == {f"test:{failure.target}:1": 1}


async def test_documents_and_messages_are_made_again_under_the_configuration_of_now(hub: Hub) -> None:
    await hub.receive(number=1, lines=[{"id": 1, "sku": "MUG", "quantity": "2 pcs"}])
    unreadable = await hub.receive_bytes(b'{"id": ')
    await hub.settle()
    hub.rewrite(
        "mappings/test/order.yaml", "line.quantity | quantity('EA')", "line.quantity | truncate(1) | quantity('EA')"
    )
    made = plan(hub)
    assert {item.target_kind: item.note for item in made.items} == {
        "document": "It is made again from its message.",
        "message": "It is read again.",
    }
    assert run(hub, made.id).counts == {"resubmitted": 2}
    await hub.settle()
    order = shown(hub, "#1001")
    assert order.status == "captured"
    assert hub.effect_count("erp") == 1
    [again] = list_failures(hub.store)
    assert again.target == unreadable, "what is still unreadable failed anew"


async def test_what_fails_again_is_an_error_with_a_failure_of_its_own(hub: Hub) -> None:
    await hub.receive(number=1, lines=[{"id": 1, "sku": "MUG", "quantity": "many"}])
    await hub.settle()
    [before] = list_failures(hub.store)
    done = run(hub, plan(hub).id)
    assert done.counts == {"error": 1}
    assert "quantity" in (done.items[0].note or "")
    [after] = list_failures(hub.store)
    assert after.target == before.target
    assert after.id != before.id


async def test_a_document_that_a_newer_one_replaced_says_so(hub: Hub) -> None:
    await hub.receive(number=1, lines=[{"id": 1, "sku": "MUG", "quantity": "many"}])
    await hub.settle()
    made = plan(hub)
    await hub.receive(number=1, updated_at="2026-03-02T10:16:02Z")
    await hub.settle()
    assert states(run(hub, made.id)) == ["skipped"]
    assert shown(hub, "#1001").status == "captured"
    assert hub.effect_count("erp") == 1


async def test_a_plan_does_not_touch_what_was_settled_since(hub: Hub) -> None:
    hub.misbehave("crm", "error_400")
    await hub.receive(number=1)
    await hub.settle()
    first, second = plan(hub), plan(hub)
    run(hub, first.id)
    await hub.deliver()
    done = run(hub, second.id)
    assert states(done) == ["skipped"]
    await hub.deliver()
    assert hub.effect_count("crm") == 1


async def test_a_dead_delivery_that_waits_for_a_number_takes_it_when_it_is_replayed(hub: Hub) -> None:
    """The number became known while it was dead, when nobody looked."""
    hub.misbehave("erp", "rate_limit", 1)
    await hub.receive(number=1)
    await hub.settle()
    await hub.receive(number=1, updated_at="2026-03-02T10:16:02Z", total="25.00")
    hub.drain()
    changed = next(one for one in shown(hub, "#1001").deliveries if one.effect == "changed")
    with hub.store.write() as connection:
        connection.execute(update(tables.delivery).where(tables.delivery.c.id == changed.id).values(state="dead"))
        failure = connection.execute(select(tables.failure).limit(1)).mappings().one()
        row = {**failure, "id": "01a00000-0000-7000-8000-00000000beef", "target": changed.id}
        connection.execute(tables.failure.insert(), [row])
    run(hub, plan(hub).id)
    await hub.deliver()
    assert hub.effect_count("erp") == 2


async def test_a_plan_that_is_cancelled_or_done_does_not_run(hub: Hub) -> None:
    hub.misbehave("crm", "error_400")
    await hub.receive(number=1)
    await hub.settle()
    made = plan(hub)
    assert cancel_replay(hub.store, made.id).state == "cancelled"
    with pytest.raises(OperationRefused, match="cancelled"):
        run(hub, made.id)
    done = run(hub, plan(hub).id)
    with pytest.raises(OperationRefused, match="done"):
        run(hub, done.id)
    with pytest.raises(OperationRefused, match="done"):
        cancel_replay(hub.store, done.id)
    assert [one.state for one in list_replays(hub.store)] == ["done", "cancelled"]
    assert show_replay(hub.store, short(done.id)).actor == "ada"


async def test_what_another_process_runs_is_left_to_it_and_taken_up_when_it_is_gone(hub: Hub) -> None:
    hub.misbehave("crm", "error_400")
    await hub.receive(number=1)
    await hub.settle()
    made = plan(hub)
    with hub.store.write() as connection:
        assert leases.take(connection, f"replay:{made.id}", "another", length=60_000_000)
    with pytest.raises(OperationRefused, match="nother process"):
        run(hub, made.id)
    assert show_replay(hub.store, made.id).state == "running"
    with hub.store.write() as connection:
        leases.give_back(connection, f"replay:{made.id}", "another")
    assert states(run(hub, made.id)) == ["resubmitted"]


async def test_a_plan_of_more_than_one_batch_runs_to_its_end(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(120):
        await hub.receive(number=number, lines=CAP)
    hub.rewrite("mappings/test/crm_order.yaml", "number: source.number", "number: source.nothing")
    hub.drain()
    await hub.deliver()
    made = plan(hub, Selection(connection="erp"))
    assert made.counts == {"would-resubmit": 120}
    assert run(hub, made.id).counts == {"resubmitted": 120}


async def test_a_selection_is_one_thing_and_finds_something(hub: Hub) -> None:
    with pytest.raises(BadInput):
        plan(hub, Selection())
    with pytest.raises(BadInput):
        plan(hub, Selection(order="#1", everything=True))
    with pytest.raises(NotFound):
        plan(hub)
    assert list_replays(hub.store) == []
