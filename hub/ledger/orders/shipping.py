"""Shipment and ShipmentStatus: what left, and where its parcels are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from hub.contract.documents import Shipment, ShipmentStatus
from hub.contract.documents.shipping import Package, PackedItem
from hub.contract.errors import RejectedMessage
from hub.ledger.orders.numbers import micros, name, scaled, summed
from hub.ledger.orders.state import Data, OrderState, Parcel, Shipped, refresh_status


def decide_shipment(state: OrderState, document: Shipment) -> list[tuple[str, Data]]:
    """What left of which lines. Goods that no line of the order has are refused: nobody ordered them."""
    data = {
        "system": document.header.source,
        "shipment": name(document.number, "number"),
        "request": document.request_number,
        "node": document.node,
        "carrier": document.carrier,
        "shipped_at": micros(document.shipped_at),
        "tracking": tracking_of(document),
        "packages": sum(1 for _ in _packages(document.packages)),
        "lines": summed(_line_of(state, item) for item in items_of(document)),
        "complete": document.complete,
    }
    return [("order.shipped", data)]


def items_of(document: Shipment) -> Iterator[PackedItem]:
    """All goods of a shipment, wherever they are packed."""
    yield from document.items
    for package in _packages(document.packages):
        yield from package.items


def tracking_of(document: Shipment) -> list[str]:
    """The tracking numbers of a shipment and its packages, each once."""
    numbers = [*document.tracking, *(one.tracking for one in _packages(document.packages) if one.tracking)]
    return list(dict.fromkeys(numbers))


def _packages(packages: Sequence[Package]) -> Iterator[Package]:
    for package in packages:
        yield package
        yield from _packages(package.packages)


def _line_of(state: OrderState, item: PackedItem) -> tuple[str, int]:
    quantity = scaled(item.quantity.value, "quantity")
    if item.line_id is not None and item.line_id in state.lines:
        return item.line_id, quantity
    by_sku = [line for line in state.lines.values() if item.sku is not None and line.sku == item.sku]
    if not by_sku:
        what = f"line {item.line_id}" if item.sku is None else f"the SKU {item.sku}"
        message = f"The shipment has {what}, which the order {state.number} has not; see what its mapping reads."
        raise RejectedMessage(message, field="items", value=item.line_id or item.sku)
    # Of several lines with one SKU, the first that still lacks something.
    lacking = [line for line in by_sku if line.shipped < line.wanted]
    return (lacking or by_sku)[0].line, quantity


def decide_status(state: OrderState, document: ShipmentStatus) -> list[tuple[str, Data]]:
    """What a carrier says; the event is named after the stage."""
    data = {
        "system": document.header.source,
        "tracking": name(document.tracking, "tracking"),
        "carrier": document.carrier,
        "at": micros(document.happened_at),
        "detail": document.detail,
        "place": document.place,
    }
    return [(f"order.{document.stage.value}", data)]


def _fold_shipped(state: OrderState, data: Data, at: int) -> None:
    number = data["shipment"]
    if number in state.shipments:
        _take_back(state, state.shipments[number])
    invoiced = number in state.shipments and state.shipments[number].invoiced
    state.shipments[number] = Shipped(
        number,
        data["request"],
        data["node"],
        data["carrier"],
        data["shipped_at"],
        data["packages"],
        data["lines"],
        invoiced,
    )
    for line, quantity in data["lines"].items():
        if line in state.lines:
            state.lines[line].shipped += quantity
    for tracking in data["tracking"]:
        parcel = state.parcels.setdefault(tracking, Parcel(tracking))
        parcel.shipment, parcel.carrier = number, data["carrier"] or parcel.carrier
    _answer_request(state, data)
    row = state.row(data["system"], at)
    row.actual = row.expected = "shipped"
    row.note = None
    refresh_status(state)


def _take_back(state: OrderState, shipment: Shipped) -> None:
    """A shipment that is told again replaces what was told before."""
    request = state.requests.get(shipment.request or "")
    for line, quantity in shipment.lines.items():
        if line in state.lines:
            state.lines[line].shipped -= quantity
        if request is not None:
            request.shipped[line] -= quantity


def _answer_request(state: OrderState, data: Data) -> None:
    request = state.requests.get(data["request"] or "")
    if request is None:
        return
    for line, quantity in data["lines"].items():
        request.shipped[line] = request.shipped.get(line, 0) + quantity
    whole = all(request.shipped.get(line, 0) >= quantity for line, quantity in request.lines.items())
    request.complete = request.complete or data["complete"] or whole
    request.stage = "shipped" if request.complete else "partly_shipped"


def _fold_stage(stage: str) -> Callable[[OrderState, Data, int], None]:
    def fold(state: OrderState, data: Data, at: int) -> None:
        parcel = state.parcels.setdefault(data["tracking"], Parcel(data["tracking"]))
        # Carriers' messages come in any order: the one that happened last counts.
        if parcel.at is None or data["at"] is None or data["at"] >= parcel.at:
            parcel.stage, parcel.at, parcel.detail = stage, data["at"], data["detail"]
            parcel.carrier = data["carrier"] or parcel.carrier
        row = state.row(data["system"], at)
        row.actual = row.expected = parcel.stage
        row.note = data["detail"] if parcel.stage == "exception" else None
        refresh_status(state)

    return fold


FOLDS: dict[str, Callable[[OrderState, Data, int], None]] = {
    "order.shipped": _fold_shipped,
    **{
        f"order.{stage}": _fold_stage(stage)
        for stage in ("labelled", "in_transit", "out_for_delivery", "delivered", "exception", "returned_to_sender")
    },
}
