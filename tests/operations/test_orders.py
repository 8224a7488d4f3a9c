"""An order shows what each system knows, what happened, and what it waits for."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hub.operations.deliveries import Delivery, show_delivery
from hub.operations.errors import NotFound
from hub.operations.orders.views import Order, find_orders, list_orders, show_order, summarize
from hub.store.connections import PAUSED_KEY, write_state
from tests.operations.hub_process import Hub

CHANGED = {"updated_at": "2026-03-02T10:16:02Z", "total": "25.00"}


def shown(hub: Hub, number: str) -> Order:
    [subject] = find_orders(hub.store, number)
    return show_order(hub.store, subject, now=hub.clock.now())


def delivery(hub: Hub, number: str, effect: str, to: str) -> Delivery:
    return next(one for one in shown(hub, number).deliveries if (one.effect, one.connection) == (effect, to))


async def test_all_is_shown_of_an_order_that_went_well(hub: Hub) -> None:
    await hub.receive(number=1)
    await hub.settle()
    await hub.receive(number=1, **CHANGED)
    await hub.settle()
    order = shown(hub, "PO-771")
    assert (order.number, order.source, order.status, order.currency) == ("#1001", "shop", "captured", "EUR")
    assert order.total == Decimal(25)
    [item] = order.items
    assert (item.sku, item.quantity, item.unit, item.confirmed) == ("MUG", Decimal(2), "EA", None)
    assert [one.system for one in order.systems] == ["shop", "crm", "erp"]
    assert all(one.agrees for one in order.systems)
    assert {(one.effect, one.connection, one.state) for one in order.deliveries} == {
        ("created", "erp", "delivered"),
        ("changed", "erp", "delivered"),
        ("created", "crm", "delivered"),
    }
    texts = [entry.text for entry in order.timeline]
    assert "Order #1001 came from shop: 1 line, EUR 19.90" in texts
    assert "shop changed the order: 1 line, EUR 25.00" in texts
    assert any(text.startswith("'changed' was delivered to erp") for text in texts)
    assert [one.state for one in order.documents] == ["applied", "applied"]


async def test_the_attempts_of_a_delivery_tell_how_each_ended(hub: Hub) -> None:
    hub.misbehave("crm", "error_400")
    await hub.receive(number=1)
    await hub.settle()
    one = delivery(hub, "#1001", "created", "crm")
    assert one.state == "dead"
    [attempt] = one.attempts
    assert attempt.outcome == "refused"
    assert "400" in (attempt.note or "")
    assert attempt.ended_at is not None
    crm = next(row for row in shown(hub, "#1001").systems if row.system == "crm")
    assert not crm.agrees
    assert "400" in (crm.note or "")


async def test_a_delivery_says_that_it_waits_for_a_number_and_behind_which_other(hub: Hub) -> None:
    hub.misbehave("erp", "error_400")
    await hub.receive(number=1)
    await hub.settle()
    await hub.receive(number=1, **CHANGED)
    await hub.settle()
    first = delivery(hub, "#1001", "created", "erp")
    waits = {one.kind: one.text for one in delivery(hub, "#1001", "changed", "erp").waits}
    assert waits["number"] == "waits for erp's id number"
    assert waits["lane"] == f"waits behind 'created' to erp ({first.id[-8:]}), a dead letter"


async def test_a_delivery_says_when_it_is_tried_again(hub: Hub) -> None:
    hub.misbehave("crm", "rate_limit")
    await hub.receive(number=1)
    await hub.settle()
    one = delivery(hub, "#1001", "created", "crm")
    assert one.state == "planned"
    [wait] = one.waits
    assert wait.kind == "retry"
    assert wait.until == one.next_at


async def test_a_delivery_says_that_its_connection_is_paused(hub: Hub) -> None:
    with hub.store.write() as connection:
        write_state(connection, "crm", PAUSED_KEY, "The key was refused.", at=hub.clock.now())
    await hub.receive(number=1)
    await hub.settle()
    [wait] = delivery(hub, "#1001", "created", "crm").waits
    assert wait.text == "crm is paused: The key was refused."


async def test_a_pause_in_the_connections_file_is_told_too(hub: Hub) -> None:
    hub.rewrite("config/connections/crm.yaml", "type: http\n", "type: http\npaused: true\n")
    await hub.receive(number=1)
    hub.drain()
    [wait] = delivery(hub, "#1001", "created", "crm").waits
    assert wait.text == "crm is paused: crm is paused in its file."


async def test_what_was_sent_is_shown_byte_for_byte(hub: Hub) -> None:
    await hub.receive(number=1)
    await hub.settle()
    one = delivery(hub, "#1001", "created", "erp")
    sent = show_delivery(hub.store, one.id[-8:], now=hub.clock.now())
    assert sent.body is not None
    assert sent.body.text == '{"number":"#1001","lines":[{"material":"100-201","quantity":2}]}'
    assert sent.type == "erp.order"
    assert sent.delivery.idempotency_key == f"test:{one.id}:1"


async def test_an_order_that_could_not_be_taken_is_shown_with_why(hub: Hub) -> None:
    await hub.receive(number=1, lines=[{"id": 1, "sku": "MUG", "quantity": "many"}])
    hub.drain()
    order = shown(hub, "#1001")
    assert order.status == "not captured"
    assert order.items == []
    [document] = order.documents
    assert document.state == "dead"
    assert document.failure is not None
    assert "quantity" in (document.reason or "")
    [line] = summarize(hub.store, [order.subject])
    assert line.status == "not captured"


async def test_a_number_of_several_orders_gives_all_of_them(hub: Hub) -> None:
    for number in (1, 2):
        await hub.receive(number=number)
    hub.drain()
    found = summarize(hub.store, find_orders(hub.store, "MUG"))
    assert {one.number for one in found} == {"#1001", "#1002"}


async def test_an_orders_own_number_is_preferred_to_a_sku(hub: Hub) -> None:
    await hub.receive(number=1)
    await hub.receive(number=2, lines=[{"id": 1, "sku": "#1001", "quantity": 1}])
    hub.drain()
    assert shown(hub, "#1001").number == "#1001"


async def test_a_number_of_no_order_is_told(hub: Hub) -> None:
    with pytest.raises(NotFound, match="#9999"):
        find_orders(hub.store, "#9999")


async def test_lists_tell_trouble_from_the_rest(hub: Hub) -> None:
    await hub.receive(number=1)
    await hub.settle()
    hub.misbehave("crm", "error_400")
    await hub.receive(number=2)
    await hub.settle()
    assert [one.number for one in list_orders(hub.store)] == ["#1002", "#1001"]
    assert [one.disagree for one in list_orders(hub.store)] == [["crm"], []]
    assert [one.number for one in list_orders(hub.store, trouble=True)] == ["#1002"]
    assert [one.number for one in list_orders(hub.store, number="PO-771")] == ["#1001"]
    assert list_orders(hub.store, status="acknowledged") == []
    assert len(list_orders(hub.store, limit=1)) == 1
