"""ReturnAuthorization and ReturnReceipt: what was asked to come back, may come back, and came back."""

from __future__ import annotations

from hub.contract.documents import ReturnAuthorization, ReturnReceipt
from hub.contract.errors import RejectedMessage
from hub.ledger.orders.numbers import name, scaled, summed
from hub.ledger.orders.state import Data, OrderState, Return, refresh_status


def decide_authorization(state: OrderState, document: ReturnAuthorization) -> list[tuple[str, Data]]:
    """Requested, authorized, declined or cancelled. What is authorized answers the request it names."""
    data = {
        "system": document.header.source,
        "return": name(document.number, "number"),
        "request": document.request_number,
        "node": document.node,
        "lines": summed(
            (_known(state, line.line_id, index), scaled(line.quantity.value, f"lines[{index}].quantity"))
            for index, line in enumerate(document.lines)
        ),
        "reason": document.reason or next((line.reason for line in document.lines if line.reason), None),
    }
    return [(f"order.return_{document.stage.value}", data)]


def decide_receipt(state: OrderState, document: ReturnReceipt) -> list[tuple[str, Data]]:
    """What came back."""
    data = {
        "system": document.header.source,
        "return": name(document.return_number, "return_number"),
        "node": document.node,
        "lines": summed(
            (_known(state, line.line_id, index), scaled(line.quantity.value, f"lines[{index}].quantity"))
            for index, line in enumerate(document.lines)
        ),
        "dispositions": sorted({line.disposition.value for line in document.lines}),
    }
    return [("order.return_received", data)]


def _known(state: OrderState, line: str, index: int) -> str:
    if line not in state.lines:
        message = f"The return has line {line}, which the order {state.number} has not; see what its mapping reads."
        raise RejectedMessage(message, field=f"lines[{index}].line_id", value=line)
    return line


def _fold_requested(state: OrderState, data: Data, at: int) -> None:
    state.returns.setdefault(data["return"], Return(data["return"], "requested", data["lines"], data["reason"]))


def _fold_authorized(state: OrderState, data: Data, at: int) -> None:
    request = state.returns.get(data["request"] or "")
    if request is not None:
        request.stage = "answered"
    state.returns[data["return"]] = Return(
        data["return"], "authorized", data["lines"], data["reason"], answers=data["request"]
    )


def _fold_ended(state: OrderState, data: Data, at: int) -> None:
    one = state.returns.get(data["return"])
    if one is not None:
        one.stage = "ended"


def _fold_received(state: OrderState, data: Data, at: int) -> None:
    one = state.returns.setdefault(data["return"], Return(data["return"], "received", data["lines"]))
    one.stage = "received"
    for line, quantity in data["lines"].items():
        one.received[line] = one.received.get(line, 0) + quantity
        if line in state.lines:
            state.lines[line].returned += quantity
    one.credited = False
    row = state.row(data["system"], at)
    row.actual = row.expected = "return_received"
    refresh_status(state)


FOLDS = {
    "order.return_requested": _fold_requested,
    "order.return_authorized": _fold_authorized,
    "order.return_declined": _fold_ended,
    "order.return_cancelled": _fold_ended,
    "order.return_received": _fold_received,
}
