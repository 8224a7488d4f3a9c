"""OrderAcknowledgement: what a seller's system answered, and what the ledger answers the buyer."""

from __future__ import annotations

from hub.contract.documents import OrderAcknowledgement
from hub.ledger.orders.numbers import name, scaled
from hub.ledger.orders.state import CANCELLED, Data, OrderState, refresh_status
from hub.pipelines import LEDGER


def decide(state: OrderState, document: OrderAcknowledgement) -> list[tuple[str, Data]]:
    """An answer of a system; what the ledger says itself is the answer to the buyer."""
    if document.header.source == LEDGER:
        return [("order.answered", {"lines": [line.line_id for line in document.lines]})]
    number = document.seller_number
    data = {
        "system": document.header.source,
        "number": None if number is None else name(number, "seller_number"),
        "lines": [
            {
                "line": line.line_id,
                "status": line.status.value,
                "quantity": None if line.quantity is None else scaled(line.quantity.value, f"lines[{index}].quantity"),
                "promised_on": None if line.promised_on is None else line.promised_on.isoformat(),
            }
            for index, line in enumerate(document.lines)
        ],
    }
    return [("order.acknowledged", data)]


def _fold_acknowledged(state: OrderState, data: Data, at: int) -> None:
    for item in data["lines"]:
        line = state.lines.get(item["line"])
        if line is not None:
            # A line the buyer cancelled stays so, whatever the seller says to that, then or before.
            line.status = CANCELLED if line.status == CANCELLED else item["status"]
            line.confirmed = item["quantity"]
            line.promised_on = item["promised_on"]
    row = state.row(data["system"], at)
    row.number = data["number"] or row.number
    # An answer shows that the order is there; a later change on its way there is still expected to arrive.
    if row.expected in {row.actual, "created"}:
        row.expected = "acknowledged"
    row.actual = "acknowledged"
    row.note = None
    refresh_status(state)


def _fold_answered(state: OrderState, data: Data, at: int) -> None:
    state.answered = True


FOLDS = {"order.acknowledged": _fold_acknowledged, "order.answered": _fold_answered}
