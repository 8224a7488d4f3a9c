"""An order's state, folded from its events, and what a document means to it.

`decide` turns a document into events; `fold` is the only place where an event changes state,
so that rebuilding from the recorded events gives what was there before. One module for each
group of documents holds both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from hub.contract.documents import (
    CreditNote,
    Document,
    FulfilmentRequest,
    FulfilmentStatus,
    FunctionalAcknowledgement,
    Invoice,
    Order,
    OrderAcknowledgement,
    ReturnAuthorization,
    ReturnReceipt,
    Shipment,
    ShipmentStatus,
)
from hub.ledger.orders import acknowledgement, billing, capture, deliveries, fulfilment, returns, shipping
from hub.ledger.orders.state import Data, Line, OrderState, SystemRow

ORDER_EVENTS: Final = "order."
"""How the kinds of events begin that change the order itself."""

_DECISIONS: Final[dict[type[Document], Callable[[OrderState, Any], list[tuple[str, Data]]]]] = {
    Order: capture.decide,
    OrderAcknowledgement: acknowledgement.decide,
    FulfilmentRequest: fulfilment.decide_request,
    FulfilmentStatus: fulfilment.decide_status,
    Shipment: shipping.decide_shipment,
    ShipmentStatus: shipping.decide_status,
    Invoice: billing.decide_invoice,
    CreditNote: billing.decide_credit,
    ReturnAuthorization: returns.decide_authorization,
    ReturnReceipt: returns.decide_receipt,
    FunctionalAcknowledgement: deliveries.decide_acknowledgement,
}
_FOLDS: Final[dict[str, Callable[[OrderState, Data, int], None]]] = {
    **capture.FOLDS,
    **acknowledgement.FOLDS,
    **fulfilment.FOLDS,
    **shipping.FOLDS,
    **billing.FOLDS,
    **returns.FOLDS,
    **deliveries.FOLDS,
}


def decide(state: OrderState, document: Document) -> list[tuple[str, Data]]:
    """The events (kind, data) that a document makes of this state; none if it says nothing new.

    Raises RejectedMessage, naming the field, for what the tables of the ledger cannot hold.
    """
    deciding = _DECISIONS.get(type(document))
    return [] if deciding is None else deciding(state, document)


def effect_of(event_kind: str) -> str:
    """The effect that routes and mappings see: `created`, `changed`, `acknowledged`, `shipped` …"""
    effect = event_kind.partition(".")[2]
    return "created" if effect == "captured" else effect


def fold(state: OrderState, kind: str, data: Data, at: int) -> None:
    """Change the state as the event says; events that do not touch it are passed over.

    `changed_at` tells when the order itself changed: deliveries and numbers leave it.
    """
    change = _FOLDS.get(kind)
    if change is None:
        return
    change(state, data, at)
    if kind.startswith(ORDER_EVENTS):
        state.changed_at = at


__all__ = ["ORDER_EVENTS", "Data", "Line", "OrderState", "SystemRow", "decide", "effect_of", "fold"]
