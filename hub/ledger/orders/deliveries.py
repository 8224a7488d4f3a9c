"""What deliveries, replies of partners and numbers do to the row of a system."""

from __future__ import annotations

from hub.contract.documents import FunctionalAcknowledgement
from hub.ledger.orders.state import Data, OrderState


def decide_acknowledgement(state: OrderState, document: FunctionalAcknowledgement) -> list[tuple[str, Data]]:
    """A partner could read what it was sent, or could not."""
    faults = [f"{fault.place}: {fault.code}" for fault in document.faults]
    data = {
        "system": document.header.source,
        "group": document.group_number,
        "type": document.of_type,
        "code": document.code,
        "faults": faults,
    }
    return [("transmission.accepted" if document.accepted else "transmission.rejected", data)]


def _fold_planned(state: OrderState, data: Data, at: int) -> None:
    row = state.row(data["system"], at)
    row.expected = data["effect"]


def _fold_delivered(state: OrderState, data: Data, at: int) -> None:
    row = state.row(data["system"], at)
    # The answer to an order may come before it is known that the order arrived.
    if data["effect"] != "created" or row.actual != "acknowledged":
        row.actual = data["effect"]
    row.note = None


def _fold_trouble(state: OrderState, data: Data, at: int) -> None:
    row = state.row(data["system"], at)
    row.actual = data["state"]
    row.note = data["reason"]


def _fold_resumed(state: OrderState, data: Data, at: int) -> None:
    row = state.row(data["system"], at)
    row.actual = "resumed"
    row.note = None


def _fold_rejected(state: OrderState, data: Data, at: int) -> None:
    row = state.row(data["system"], at)
    row.actual = "rejected"
    row.note = f"The partner rejected the {data['type']} of group {data['group']}: {', '.join(data['faults'])}"


def _fold_references(state: OrderState, data: Data, at: int) -> None:
    for system, kind, _scope, value in data["references"]:
        row = state.systems.get(system)
        if row is not None and kind == "order":
            row.number = value
            row.changed_at = at


FOLDS = {
    "delivery.planned": _fold_planned,
    "delivery.delivered": _fold_delivered,
    "delivery.failed": _fold_trouble,
    "delivery.in_doubt": _fold_trouble,
    "delivery.dropped": _fold_trouble,
    "delivery.resumed": _fold_resumed,
    "transmission.rejected": _fold_rejected,
    "references.added": _fold_references,
}
