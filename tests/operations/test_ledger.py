"""The heads of orders are what their events say, however they were damaged."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, select, update

from hub.operations import ledger
from hub.operations.ledger import rebuild
from hub.operations.orders.views import find_orders
from hub.store import tables
from tests.operations.hub_process import Hub

HEADS = (tables.order_head, tables.order_line, tables.order_system)


def heads(hub: Hub) -> list[list[tuple[Any, ...]]]:
    with hub.store.read() as connection:
        return [sorted(map(tuple, connection.execute(select(table))), key=repr) for table in HEADS]


async def lived(hub: Hub, orders: int = 3) -> None:
    """Orders that were changed, refused, dropped and are in doubt."""
    hub.misbehave("crm", "error_400")
    hub.misbehave("erp", "read_and_close")
    for number in range(orders):
        await hub.receive(number=number)
    await hub.settle()
    await hub.receive(
        number=1, updated_at="2026-03-02T10:16:02Z", total="25.00", lines=[{"id": 9, "sku": "TEA", "quantity": 1}]
    )
    await hub.settle()


async def test_what_is_right_is_left_as_it_is(hub: Hub) -> None:
    await lived(hub)
    before = heads(hub)
    assert rebuild(hub.store) == ledger.Rebuilt(3, 0, [])
    assert heads(hub) == before


async def test_what_was_lost_or_changed_comes_back(hub: Hub) -> None:
    await lived(hub)
    before = heads(hub)
    [first] = find_orders(hub.store, "#1001")
    [second] = find_orders(hub.store, "#1002")
    with hub.store.write() as connection:
        connection.execute(update(tables.order_head).where(tables.order_head.c.subject == first).values(status="gone"))
        connection.execute(delete(tables.order_line).where(tables.order_line.c.subject == first))
        for table in HEADS:
            connection.execute(delete(table).where(table.c.subject == second))
    rebuilt = rebuild(hub.store)
    assert {one.number: one.tables for one in rebuilt.differences} == {
        "#1001": ["order_head", "order_line"],
        "#1002": ["order_head", "order_line", "order_system"],
    }
    assert heads(hub) == before


async def test_only_the_orders_asked_for_are_rebuilt(hub: Hub) -> None:
    await lived(hub)
    [first] = find_orders(hub.store, "#1001")
    with hub.store.write() as connection:
        connection.execute(update(tables.order_head).values(status="gone"))
    assert [one.subject for one in rebuild(hub.store, [first]).differences] == [first]
    assert rebuild(hub.store, []) == ledger.Rebuilt(0, 0, [])


async def test_many_orders_are_rebuilt_in_batches(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "BATCH", 2)
    await lived(hub, orders=5)
    with hub.store.write() as connection:
        connection.execute(update(tables.order_head).values(status="gone"))
    assert len(rebuild(hub.store).differences) == 5
    assert rebuild(hub.store) == ledger.Rebuilt(5, 0, [])
