"""Orders: what every system knows of one, and what happened to it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from hub.api.parameters import AtDesk, Limit, Word
from hub.api.threads import Router
from hub.operations.errors import OperationRefused
from hub.operations.orders.views import Order, OrderLine, find_orders, list_orders, show_order

router = Router("orders")


@router.get("", summary="List orders, the last changed first")
def list_(
    desk: AtDesk,
    status: Annotated[Word | None, Query(description="Only in this status.")] = None,
    number: Annotated[Word | None, Query(description="Only with this number, or an item of this SKU.")] = None,
    trouble: Annotated[bool, Query(description="Only where something waits for a person.")] = False,
    limit: Limit = 50,
) -> list[OrderLine]:
    """Each with the systems in which it is not as expected."""
    return list_orders(desk.store, status=status, number=number, trouble=trouble, limit=limit)


@router.get("/{number:path}", summary="Show one order, by any number that any system has for it")
def show(desk: AtDesk, number: Word) -> Order:
    """A row for each system, its lines, and every event, delivery and attempt. 409 if several have this number."""
    found = find_orders(desk.store, number)
    if len(found) > 1:
        raise OperationRefused(
            f"{len(found)} orders have the number {number!r}; give one that only one of them has, or its id.",
            value=number,
            orders=found,
        )
    return show_order(desk.store, found[0], now=desk.now)
