"""The answer to the buyer, once every line of the order is answered."""

from __future__ import annotations

from datetime import date

from hub.contract.clock import from_micros
from hub.contract.documents import OrderAcknowledgement
from hub.contract.documents.acknowledgement import AcknowledgedLine, LineStatus
from hub.ledger.emissions.owing import Made, Owing, quantity
from hub.ledger.orders.state import CANCELLED, OPEN, Line


def owed(owing: Owing) -> Made:
    """One OrderAcknowledgement over all lines, whoever answered which of them."""
    state, rule = owing.state, owing.policy.acknowledge
    lines = [line for line in state.lines.values() if line.status != CANCELLED]
    if rule is None or state.answered or not lines or any(line.status == OPEN for line in lines):
        return
    if not rule.holds(owing.tree):
        return
    document = OrderAcknowledgement(
        header=owing.header(state.number),
        order_number=state.number,
        acknowledged_at=from_micros(owing.now),
        lines=[_line(owing, line) for line in lines],
    )
    yield document, state.number, None


def _line(owing: Owing, line: Line) -> AcknowledgedLine:
    ordered = owing.line(line.line)
    return AcknowledgedLine(
        line_id=line.line,
        status=LineStatus(line.status),
        sku=line.sku,
        quantity=quantity(line.quantity if line.confirmed is None else line.confirmed, line.unit),
        price=None if ordered is None else ordered.price,
        promised_on=None if line.promised_on is None else date.fromisoformat(line.promised_on),
    )
