"""Invoice and CreditNote: what is charged, and what is given back."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from hub.contract.documents.header import Document
from hub.contract.documents.order import Allowance, Tax
from hub.contract.values import Code, Currency, Model, Money, Price, Quantity, Text


class InvoiceLine(Model):
    """What one line of the order is charged with, or credited."""

    line_id: Code
    sku: Code | None = None
    quantity: Quantity
    price: Price | None = None
    total: Money | None = None
    taxes: list[Tax] = Field(default_factory=list)


class Invoice(Document):
    """A bill for what was shipped. `total` is what is to be paid: goods, allowances and taxes."""

    number: Code
    order_number: Code
    shipment_number: Code | None = Field(default=None, description="The shipment it is for, if for one.")
    issued_on: date
    due_on: date | None = None
    currency: Currency
    payment_terms: Code | None = None
    lines: list[InvoiceLine] = Field(min_length=1)
    allowances: list[Allowance] = Field(default_factory=list)
    taxes: list[Tax] = Field(default_factory=list)
    goods: Money
    total: Money


class CreditNote(Document):
    """What a buyer gets back for goods that came back."""

    number: Code
    order_number: Code
    return_number: Code | None = None
    issued_on: date
    currency: Currency
    lines: list[InvoiceLine] = Field(min_length=1)
    total: Money
    reason: Text | None = None
