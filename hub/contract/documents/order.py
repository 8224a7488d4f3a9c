"""Order: what a buyer wants, as the source last said it."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from hub.contract.documents.header import Document
from hub.contract.documents.parties import Party
from hub.contract.values import Code, Currency, Model, Moment, Money, Number, Price, Quantity, Text


class ChannelClass(StrEnum):
    """Who buys."""

    D2C = "D2C"
    """A consumer, at a storefront."""
    B2B = "B2B"
    """A business, by a purchase order."""
    MARKETPLACE = "marketplace"


class OrderType(StrEnum):
    """What kind of order it is."""

    STANDARD = "standard"
    DROP_SHIP = "drop_ship"
    BLANKET = "blanket"
    REPLACEMENT = "replacement"
    SAMPLE = "sample"


class PaymentStatus(StrEnum):
    """What is known of the payment."""

    PENDING = "pending"
    AUTHORIZED = "authorized"
    PARTIALLY_PAID = "partially_paid"
    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    VOIDED = "voided"
    ON_TERMS = "on_terms"


class Tax(Model):
    """One tax; `rate` is a fraction (0.19)."""

    amount: Money
    rate: Number | None = None
    name: Text | None = None


class Allowance(Model):
    """An allowance (negative) or a charge (positive), with its code where there is one."""

    amount: Money
    code: Code | None = None
    name: Text | None = None


class Component(Model):
    """A part of a kit line; quantity per one of the line's unit."""

    sku: Code
    quantity: Quantity


class Schedule(Model):
    """A part of a line's quantity for one date or place."""

    quantity: Quantity
    requested_on: date | None = None
    ship_to: Party | None = None


class OrderLine(Model):
    """A line. Item numbers: the seller's (`sku`), the buyer's, and the GTIN."""

    line_id: Code = Field(description="The line's id at the source, stable over revisions.")
    sku: Code | None = None
    buyer_item: Code | None = None
    gtin: Code | None = Field(default=None, pattern=r"^\d{8}(\d{4,6})?$")
    description: Text | None = None
    quantity: Quantity
    price: Price | None = None
    total: Money | None = None
    taxes: list[Tax] = Field(default_factory=list)
    allowances: list[Allowance] = Field(default_factory=list)
    ship_to: Party | None = Field(default=None, description="Where this line goes, if not where the order goes.")
    schedules: list[Schedule] = Field(default_factory=list)
    components: list[Component] = Field(default_factory=list)
    cancelled: bool = False


class Totals(Model):
    """What the source declares the order to amount to."""

    goods: Money | None = None
    shipping: Money | None = None
    allowances: Money | None = None
    tax: Money | None = None
    grand: Money | None = None


class Order(Document):
    """A purchase by somebody of something."""

    opens_subject: ClassVar[bool] = True

    number: Code = Field(description="The number people use for it.")
    po_number: Code | None = Field(default=None, description="The buyer's purchase order number.")
    type: OrderType = OrderType.STANDARD
    channel_class: ChannelClass = ChannelClass.D2C
    ordered_at: Moment | None = None
    currency: Currency
    test: bool = Field(default=False, description="A test order of the source: not to be shipped.")
    cancelled: bool = False
    buyer: Party
    bill_to: Party | None = None
    ship_to: Party | None = None
    mark_for: Party | None = None
    requested_on: date | None = None
    ship_by: date | None = None
    cancel_after: date | None = None
    payment_status: PaymentStatus = PaymentStatus.PENDING
    payment_terms: Code | None = None
    carrier_service: Text | None = None
    freight_terms: Code | None = None
    lines: list[OrderLine] = Field(min_length=1)
    taxes: list[Tax] = Field(default_factory=list)
    allowances: list[Allowance] = Field(default_factory=list)
    totals: Totals = Field(default_factory=Totals)
    note: Text | None = None
