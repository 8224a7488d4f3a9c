"""FulfilmentRequest and FulfilmentStatus: what nodes were asked to ship, and how far they are."""

from __future__ import annotations

from collections.abc import Callable

from hub.contract.documents import FulfilmentRequest, FulfilmentStatus
from hub.ledger.orders.numbers import micros, name, scaled, summed
from hub.ledger.orders.state import Data, OrderState, Request, refresh_status


def decide_request(state: OrderState, document: FulfilmentRequest) -> list[tuple[str, Data]]:
    """Released to a node, or taken back from it."""
    lines = summed(
        (name(line.line_id, f"lines[{index}].line_id"), scaled(line.quantity.value, f"lines[{index}].quantity"))
        for index, line in enumerate(document.lines)
    )
    items = {line.line_id: {"sku": line.sku, "unit": line.quantity.unit} for line in document.lines}
    data = {"request": name(document.number, "number"), "node": document.node, "lines": lines, "items": items}
    return [("order.withdrawn" if document.cancelled else "order.released", data)]


def decide_status(state: OrderState, document: FulfilmentStatus) -> list[tuple[str, Data]]:
    """How far a node is with a request; the event is named after the stage."""
    data = {
        "system": document.header.source,
        "request": document.request_number,
        "at": micros(document.happened_at),
        "packages": len(document.packages),
        "reason": document.reason,
    }
    return [(f"order.{document.stage.value}", data)]


def _fold_released(state: OrderState, data: Data, at: int) -> None:
    number = data["request"]
    state.requests[number] = Request(number, data["node"], "released", data["lines"], data["items"])
    for line, quantity in data["lines"].items():
        if line in state.lines:
            state.lines[line].released += quantity
    refresh_status(state)


def _fold_withdrawn(state: OrderState, data: Data, at: int) -> None:
    request = state.requests.get(data["request"])
    if request is None or request.stage == "withdrawn":
        return
    request.stage = "withdrawn"
    request.complete = True
    for line, quantity in data["lines"].items():
        if line in state.lines:
            state.lines[line].released -= quantity
    refresh_status(state)


def _fold_stage(stage: str) -> Callable[[OrderState, Data, int], None]:
    def fold(state: OrderState, data: Data, at: int) -> None:
        request = state.requests.get(data["request"])
        # What is said late does not undo what was shipped.
        if request is not None and request.stage not in {"shipped", "withdrawn"}:
            request.stage = stage
        row = state.row(data["system"], at)
        row.actual = row.expected = stage
        row.note = data["reason"]

    return fold


FOLDS = {
    "order.released": _fold_released,
    "order.withdrawn": _fold_withdrawn,
    **{f"order.{stage}": _fold_stage(stage) for stage in ("received", "picked", "packed", "short", "refused")},
}
