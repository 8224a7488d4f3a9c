"""Invoices for what was shipped, and credits for what came back.

A line is charged with its price times the quantity, and with its share of its taxes and allowances;
amounts are rounded half up to cents. Allowances of the whole order stand on its first invoice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from hub.contract.documents import CreditNote, Invoice
from hub.contract.documents.billing import InvoiceLine
from hub.contract.documents.order import OrderLine, Tax
from hub.contract.errors import RejectedMessage
from hub.contract.values import Money, Price, from_scaled
from hub.ledger.emissions.owing import Made, Owing, quantity
from hub.ledger.orders.state import Shipped

_CENT: Final = Decimal("0.01")
_ZERO: Final = Decimal(0)


def owed_invoices(owing: Owing) -> Made:
    """An Invoice for each shipment that has none."""
    rule = owing.policy.invoice
    open_ = [one for one in owing.state.shipments.values() if not one.invoiced and one.lines]
    if rule is None or not open_ or not rule.holds(owing.tree):
        return
    for count, shipment in enumerate(open_):
        number = owing.number("invoice", len(owing.state.invoices) + count)
        is_first = not owing.state.invoices and not count
        yield _invoice(owing, number, shipment, is_first=is_first), number, "invoice"


def _invoice(owing: Owing, number: str, shipment: Shipped, *, is_first: bool) -> Invoice:
    order = owing.order
    lines = _lines(owing, shipment.lines)
    goods = _sum(line.total for line in lines)
    allowances = order.allowances if is_first else []
    taxes = _sum(tax.amount for line in lines for tax in line.taxes)
    total = goods + taxes + _sum(one.amount for one in allowances)
    return Invoice(
        header=owing.header(number),
        number=number,
        order_number=owing.state.number,
        shipment_number=shipment.number,
        issued_on=owing.today,
        currency=order.currency,
        payment_terms=order.payment_terms,
        lines=lines,
        allowances=allowances,
        goods=Money(amount=goods, currency=order.currency),
        total=Money(amount=total, currency=order.currency),
    )


def owed_credits(owing: Owing) -> Made:
    """A CreditNote for each return of which something was received and not credited."""
    rule = owing.policy.credit
    open_ = [one for one in owing.state.returns.values() if one.received and not one.credited]
    if rule is None or not open_ or not rule.holds(owing.tree):
        return
    for count, one in enumerate(open_):
        number = owing.number("credit", len(owing.state.credits) + count)
        lines = _lines(owing, one.received)
        amount = _sum(line.total for line in lines) + _sum(tax.amount for line in lines for tax in line.taxes)
        credit = CreditNote(
            header=owing.header(number),
            number=number,
            order_number=owing.state.number,
            return_number=one.number,
            issued_on=owing.today,
            currency=owing.order.currency,
            lines=lines,
            total=Money(amount=amount, currency=owing.order.currency),
            reason=one.reason,
        )
        yield credit, number, "credit"


def _lines(owing: Owing, amounts: Mapping[str, int]) -> list[InvoiceLine]:
    return [_line(owing, line_id, amount) for line_id, amount in amounts.items()]


def _line(owing: Owing, line_id: str, scaled: int) -> InvoiceLine:
    ordered, price = _priced(owing, line_id)
    share = from_scaled(scaled) / ordered.quantity.value
    goods = price.amount * from_scaled(scaled) / price.per.value + share * _allowances(ordered)
    currency = price.currency
    return InvoiceLine(
        line_id=line_id,
        sku=ordered.sku,
        quantity=quantity(scaled, ordered.quantity.unit),
        price=price,
        total=Money(amount=_rounded(goods), currency=currency),
        taxes=[_share_of(tax, share) for tax in ordered.taxes],
    )


def _priced(owing: Owing, line_id: str) -> tuple[OrderLine, Price]:
    """A line and its price; RejectedMessage where the order, as it is said now, tells no amount for it."""
    ordered = owing.line(line_id)
    if ordered is None:
        why = "is not in it any more"
    elif ordered.price is None or not ordered.price.per.value:
        why = "has no price"
    elif not ordered.quantity.value:
        why = "is ordered 0 times by now"
    else:
        return ordered, ordered.price
    message = f"Line {line_id} of the order {owing.state.number} {why}, so it cannot be charged or credited."
    raise RejectedMessage(message, field="price", value=line_id)


def _allowances(line: OrderLine) -> Decimal:
    return sum((one.amount.amount for one in line.allowances), _ZERO)


def _share_of(tax: Tax, share: Decimal) -> Tax:
    amount = Money(amount=_rounded(tax.amount.amount * share), currency=tax.amount.currency)
    return Tax(amount=amount, rate=tax.rate, name=tax.name)


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)


def _sum(amounts: Iterable[Money | None]) -> Decimal:
    return sum((one.amount for one in amounts if one is not None), _ZERO)
