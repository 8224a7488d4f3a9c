"""The ledger: the events that everything is folded from."""

from __future__ import annotations

from hub.api.parameters import Asked, AtDesk, Words
from hub.api.threads import Router
from hub.operations.ledger import Rebuilt, rebuild
from hub.operations.orders.views import find_orders

router = Router("ledger")


class RebuildAsked(Asked):
    """The orders, by any number; all orders and stocks if none is named."""

    orders: Words


@router.post("/rebuild", summary="Fold the events of orders again, and rewrite what does not say the same")
def rebuild_(desk: AtDesk, asked: RebuildAsked) -> Rebuilt:
    """It is safe while the hub runs, and may take long for all of them."""
    subjects = [one for number in asked.orders for one in find_orders(desk.store, number)]
    return rebuild(desk.store, subjects or None)
