"""Invoice and CreditNote: what was charged for which shipment, and given back for which return."""

from __future__ import annotations

from hub.contract.documents import CreditNote, Invoice
from hub.ledger.orders.numbers import name, scaled
from hub.ledger.orders.state import Data, OrderState


def decide_invoice(state: OrderState, document: Invoice) -> list[tuple[str, Data]]:
    """Invoiced."""
    data = {
        "number": name(document.number, "number"),
        "shipment": document.shipment_number,
        "total": scaled(document.total.amount, "total.amount"),
        "currency": document.currency,
    }
    return [("order.invoiced", data)]


def decide_credit(state: OrderState, document: CreditNote) -> list[tuple[str, Data]]:
    """Credited."""
    data = {
        "number": name(document.number, "number"),
        "return": document.return_number,
        "total": scaled(document.total.amount, "total.amount"),
        "currency": document.currency,
    }
    return [("order.credited", data)]


def _fold_invoiced(state: OrderState, data: Data, at: int) -> None:
    state.invoices.append(data["number"])
    shipment = state.shipments.get(data["shipment"] or "")
    if shipment is not None:
        shipment.invoiced = True


def _fold_credited(state: OrderState, data: Data, at: int) -> None:
    state.credits.append(data["number"])
    one = state.returns.get(data["return"] or "")
    if one is not None:
        one.credited = True


FOLDS = {"order.invoiced": _fold_invoiced, "order.credited": _fold_credited}
