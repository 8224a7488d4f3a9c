"""OrderAcknowledgement: what the seller's system says to an order, line by line."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from pydantic import Field

from hub.contract.documents.header import Document
from hub.contract.values import Code, Model, Moment, Price, Quantity, Text


class LineStatus(StrEnum):
    """What was decided of a line."""

    ACCEPTED = "accepted"
    CHANGED = "changed"
    BACKORDERED = "backordered"
    REJECTED = "rejected"


class AcknowledgedLine(Model):
    """The decision on one line of the order, named by the order's `line_id`."""

    line_id: Code
    status: LineStatus
    sku: Code | None = None
    quantity: Quantity | None = Field(default=None, description="Confirmed quantity.")
    price: Price | None = None
    promised_on: date | None = None
    reason: Text | None = None


class OrderAcknowledgement(Document):
    """The answer to an order."""

    order_number: Code = Field(description="The order's number as the acknowledging system knows it.")
    seller_number: Code | None = Field(default=None, description="The number the acknowledging system gave it.")
    acknowledged_at: Moment | None = None
    lines: list[AcknowledgedLine] = Field(min_length=1)
    note: Text | None = None
