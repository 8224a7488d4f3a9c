"""Requests to nodes: for what can be shipped, and taken back for what was cancelled."""

from __future__ import annotations

from hub.contract.documents import FulfilmentRequest
from hub.contract.documents.fulfilment import FulfilmentLine
from hub.contract.documents.parties import Party
from hub.contract.errors import RejectedMessage
from hub.ledger.emissions.owing import Made, Owing, quantity
from hub.ledger.orders.state import CANCELLED, DECLINED, OPEN, Line, Request


def owed(owing: Owing) -> Made:
    """A FulfilmentRequest for each address that lines go to, or the withdrawal of those that nobody needs."""
    if owing.state.status == CANCELLED:
        yield from _withdrawn(owing)
        return
    rule = owing.policy.release
    lines = [line for line in owing.state.lines.values() if line.wanted > line.released]
    if rule is None or not lines or not _may_go(owing) or not rule.holds(owing.tree):
        return
    node = owing.policy.node_for(owing.tree)
    if node is None:
        message = f"No node ships the order {owing.state.number}; see nodes in config/fulfilment.yaml."
        raise RejectedMessage(message, field="nodes")
    for count, (ship_to, group) in enumerate(_by_address(owing, lines)):
        number = owing.number("request", len(owing.state.requests) + count)
        yield _request(owing, number, node, ship_to, group), number, "request"


def _may_go(owing: Owing) -> bool:
    """Whether the lines were accepted, if that is waited for: all of them, so that nothing goes by halves."""
    if owing.policy.release_when_captured:
        return True
    lines = [line for line in owing.state.lines.values() if line.status not in DECLINED]
    return all(line.status not in {OPEN, "backordered"} for line in lines)


def _by_address(owing: Owing, lines: list[Line]) -> list[tuple[Party, list[Line]]]:
    groups: list[tuple[Party, list[Line]]] = []
    for line in lines:
        ordered = owing.line(line.line)
        ship_to = (ordered.ship_to if ordered else None) or owing.order.ship_to or owing.order.buyer
        for known, group in groups:
            if known == ship_to:
                group.append(line)
                break
        else:
            groups.append((ship_to, [line]))
    return groups


def _request(owing: Owing, number: str, node: str, ship_to: Party, lines: list[Line]) -> FulfilmentRequest:
    order = owing.order
    return FulfilmentRequest(
        header=owing.header(number),
        number=number,
        order_number=owing.state.number,
        node=node,
        ship_to=ship_to,
        requested_on=order.requested_on,
        ship_by=order.ship_by,
        carrier_service=order.carrier_service,
        lines=[_line(owing, line, line.wanted - line.released) for line in lines],
        note=order.note,
    )


def _line(owing: Owing, line: Line, amount: int) -> FulfilmentLine:
    ordered = owing.line(line.line)
    return FulfilmentLine(
        line_id=line.line,
        sku=line.sku,
        gtin=None if ordered is None else ordered.gtin,
        description=None if ordered is None else ordered.description,
        quantity=quantity(amount, line.unit),
    )


def _withdrawn(owing: Owing) -> Made:
    for request in owing.state.requests.values():
        if not request.complete and not request.shipped:
            yield _withdrawal(owing, request), request.number, None


def _withdrawal(owing: Owing, request: Request) -> FulfilmentRequest:
    lines = [
        FulfilmentLine(
            line_id=line_id,
            sku=request.items[line_id]["sku"],
            quantity=quantity(amount, request.items[line_id]["unit"]),
        )
        for line_id, amount in request.lines.items()
    ]
    return FulfilmentRequest(
        header=owing.header(request.number),
        number=request.number,
        order_number=owing.state.number,
        node=request.node,
        cancelled=True,
        ship_to=owing.order.ship_to or owing.order.buyer,
        lines=lines,
    )
