"""The authorization of what is asked to come back."""

from __future__ import annotations

from hub.contract.clock import from_micros
from hub.contract.documents import ReturnAuthorization
from hub.contract.documents.returns import ReturnLine, ReturnStage
from hub.contract.errors import RejectedMessage
from hub.ledger.emissions.owing import Made, Owing, quantity
from hub.ledger.orders.state import Return


def owed(owing: Owing) -> Made:
    """A ReturnAuthorization, with a number of its own (the RMA number), for each return that was requested."""
    rule = owing.policy.authorize_returns
    asked = [one for one in owing.state.returns.values() if one.stage == "requested"]
    if rule is None or not asked or not rule.holds(owing.tree):
        return
    given = sum(1 for one in owing.state.returns.values() if one.answers)
    for count, one in enumerate(asked):
        number = owing.number("return", given + count)
        if not owing.state.lines.keys() & one.lines.keys():
            message = f"The return {one.number} names no line that the order {owing.state.number} still has."
            raise RejectedMessage(message, field="lines", value=one.number)
        yield _authorization(owing, number, one), number, "return"


def _authorization(owing: Owing, number: str, asked: Return) -> ReturnAuthorization:
    return ReturnAuthorization(
        header=owing.header(number),
        number=number,
        order_number=owing.state.number,
        request_number=asked.number,
        stage=ReturnStage.AUTHORIZED,
        node=owing.policy.node_for(owing.tree),
        authorized_at=from_micros(owing.now),
        lines=[
            ReturnLine(
                line_id=line_id,
                sku=owing.state.lines[line_id].sku,
                quantity=quantity(amount, owing.state.lines[line_id].unit),
                reason=asked.reason,
            )
            for line_id, amount in asked.lines.items()
            if line_id in owing.state.lines
        ],
        reason=asked.reason,
    )
