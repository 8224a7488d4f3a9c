"""`shopify.refund`: money given back for lines of an order, as a credit note says.

Source: shopify.dev/docs/api/admin-graphql, refundCreate, OrderTransaction. Money goes back to the
payments it came from. Besides the idempotency key, which Shopify knows for a day, the credit note's
number in the refund's note tells whether it was made.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, Field, PositiveInt

from connectors.storefront.shopify.allocation import Payment, repay
from connectors.storefront.shopify.api import ShopApi
from connectors.storefront.shopify.locations import Locations
from connectors.storefront.shopify.payloads import LineGid, OrderGid, Payload, number, payload_of
from hub.contract.connector import Outbound, PushContext, Receipt
from hub.contract.errors import Duplicate, RejectedMessage
from hub.contract.values import Number, fixed

_ORDER = """query CrossdockRefunds($id: ID!) {
  order(id: $id) {
    presentmentCurrencyCode
    refunds(first: 100) { id note }
    transactions(first: 100) {
      id kind status gateway amountSet { presentmentMoney { amount } } parentTransaction { id }
    }
  }
}"""
_CREATE = """mutation CrossdockRefund($input: RefundInput!%s) {
  refundCreate(input: $input)%s { refund { id } userErrors { field message } }
}"""
_TRANSACTIONS = "transactions"
"""In the notes of a push: what goes back to which payment, decided once, since the key wants equal input."""


class RefundedLine(Payload):
    """A line that money is given back for. `location` is where it is put back into stock, if it is."""

    line: LineGid
    quantity: PositiveInt
    restock: Literal["no_restock", "return", "cancel"] = "no_restock"
    location: str | None = None


class Refund(Payload):
    """A refund; `amount` is in `currency`, the one the customer paid in."""

    order: OrderGid
    number: str = Field(min_length=1, max_length=80)
    lines: list[RefundedLine] = Field(default_factory=list)
    amount: Number = Field(ge=0)
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    reason: str | None = Field(default=None, max_length=1000)
    notify: bool = False

    @property
    def title(self) -> str:
        """How the refund's note begins."""
        return f"Credit note {self.number}"

    @property
    def note(self) -> str:
        """The refund's note."""
        return f"{self.title}: {self.reason}" if self.reason else self.title


class Refunds:
    """Creates refunds."""

    def __init__(self, api: ShopApi, locations: Locations) -> None:
        self._api = api
        self._locations = locations

    async def push(self, out: Outbound, context: PushContext) -> Receipt:
        """Give the money back; Duplicate if the order has a refund for this credit note already."""
        refund = payload_of(Refund, out)
        order = await self._order(refund)
        there = order.refund_of(refund)
        if there is not None and _TRANSACTIONS not in out.done:
            raise Duplicate(f"Order {number(refund.order)} has refund {number(there)} for {refund.title} already.")
        if there is not None:
            return _receipt(refund, there)
        transactions = out.done.get(_TRANSACTIONS)
        if transactions is None:
            transactions = _transactions(refund, order)
            await context.checkpoint({_TRANSACTIONS: transactions})
        return _receipt(refund, await self._create(refund, transactions, out.idempotency_key))

    async def find(self, out: Outbound) -> Receipt | None:
        """The refund whose note names the credit note."""
        refund = payload_of(Refund, out)
        there = (await self._order(refund)).refund_of(refund)
        return None if there is None else _receipt(refund, there)

    async def _order(self, refund: Refund) -> _Order:
        order = (await self._api.ask(_OrderAnswer, _ORDER, {"id": refund.order})).order
        if order is None:
            raise RejectedMessage(f"The shop has no order {number(refund.order)}.", field="order")
        return order

    async def _create(self, refund: Refund, transactions: list[dict[str, str]], key: str) -> str:
        declared, directive = self._api.directive()
        wanted = {
            "orderId": refund.order,
            "currency": refund.currency,
            "note": refund.note,
            "notify": refund.notify,
            "refundLineItems": [self._line(line) for line in refund.lines],
            "transactions": transactions,
        }
        variables = {"input": wanted, **self._api.key(key)}
        answer = await self._api.change(_Created, _CREATE % (declared, directive), variables)
        return answer.created.refund.id

    def _line(self, line: RefundedLine) -> dict[str, Any]:
        """As `RefundLineItemInput`; what is put back into stock needs a place."""
        wanted = {"lineItemId": line.line, "quantity": line.quantity, "restockType": line.restock.upper()}
        if line.restock == "no_restock":
            return wanted
        if line.location is None:
            raise RejectedMessage(f"Line {number(line.line)} is to be restocked and names no location.", field="lines")
        return {**wanted, "locationId": self._locations.of(line.location)}


class _Id(BaseModel):
    id: str


class _Refund(BaseModel):
    id: str
    note: str | None


class _Money(BaseModel):
    amount: Number


class _AmountSet(BaseModel):
    presentment: _Money = Field(alias="presentmentMoney")


class _Transaction(BaseModel):
    id: str
    kind: str
    status: str
    gateway: str | None
    money: _AmountSet = Field(alias="amountSet")
    parent: _Id | None = Field(alias="parentTransaction")

    @property
    def amount(self) -> Decimal:
        """How much, in the currency the customer paid in."""
        return self.money.presentment.amount


class _Order(BaseModel):
    currency: str = Field(alias="presentmentCurrencyCode")
    refunds: list[_Refund]
    transactions: list[_Transaction]

    def refund_of(self, refund: Refund) -> str | None:
        """The refund that was made for a credit note."""
        notes = ((one.id, one.note or "") for one in self.refunds)
        return next((id_ for id_, note in notes if note == refund.title or note.startswith(f"{refund.title}: ")), None)

    def payments(self) -> list[Payment]:
        """The payments, with what was not given back of them yet."""
        payments = [
            Payment(one.id, one.gateway or "", one.amount)
            for one in self.transactions
            if one.kind in {"SALE", "CAPTURE"} and one.status == "SUCCESS"
        ]
        for one in self.transactions:
            if one.kind == "REFUND" and one.status in {"SUCCESS", "PENDING"} and one.parent is not None:
                for payment in payments:
                    payment.left -= one.amount if payment.id == one.parent.id else 0
        return payments


class _OrderAnswer(BaseModel):
    order: _Order | None


class _Payload(BaseModel):
    refund: _Id


class _Created(BaseModel):
    created: _Payload = Field(alias="refundCreate")


def _transactions(refund: Refund, order: _Order) -> list[dict[str, str]]:
    """As `OrderTransactionInput`; RejectedMessage where less was paid than is to be given back."""
    if refund.currency != order.currency:
        raise RejectedMessage(
            f"{refund.title} is in {refund.currency}, and the customer of order {number(refund.order)} paid in "
            f"{order.currency}; refund it in the shop.",
            field="currency",
        )
    parts, missing = repay(refund.amount, order.payments())
    if missing:
        raise RejectedMessage(
            f"{refund.title} gives back {fixed(refund.amount)} {refund.currency}, "
            f"{fixed(missing)} more than was paid of order {number(refund.order)} and not given back yet.",
            field="amount",
        )
    return [
        {
            "orderId": refund.order,
            "parentId": payment.id,
            "gateway": payment.gateway,
            "kind": "REFUND",
            "amount": fixed(part),
        }
        for payment, part in parts
    ]


def _receipt(refund: Refund, id_: str) -> Receipt:
    note = f"order {number(refund.order)}: refund {number(id_)} of {fixed(refund.amount)} {refund.currency}"
    return Receipt({"refund": number(id_)}, note=note)
