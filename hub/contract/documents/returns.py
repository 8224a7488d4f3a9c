"""ReturnAuthorization and ReturnReceipt: what may come back, and what did."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from hub.contract.documents.header import Document
from hub.contract.values import Code, Model, Moment, Quantity, Text


class ReturnStage(StrEnum):
    """How far a return is."""

    REQUESTED = "requested"
    AUTHORIZED = "authorized"
    DECLINED = "declined"
    CANCELLED = "cancelled"


class ReturnLine(Model):
    """What comes back of one line of the order."""

    line_id: Code
    sku: Code | None = None
    quantity: Quantity
    reason: Text | None = None


class ReturnAuthorization(Document):
    """A return as it was asked for, or as it was authorized: then `number` is the RMA number."""

    number: Code
    order_number: Code | None = None
    request_number: Code | None = Field(
        default=None, description="The return as it was asked for, if this answers one."
    )
    stage: ReturnStage = ReturnStage.AUTHORIZED
    node: Code | None = Field(default=None, description="Warehouse it is to go to.")
    authorized_at: Moment | None = None
    lines: list[ReturnLine] = Field(min_length=1)
    reason: Text | None = None


class Disposition(StrEnum):
    """What is done with goods that came back."""

    RESTOCK = "restock"
    REPAIR = "repair"
    SCRAP = "scrap"


class ReceivedLine(Model):
    """What came back of one line, and what became of it."""

    line_id: Code
    sku: Code | None = None
    quantity: Quantity
    condition: Text | None = None
    disposition: Disposition = Disposition.RESTOCK


class ReturnReceipt(Document):
    """A warehouse received and inspected a return."""

    return_number: Code
    node: Code | None = None
    received_at: Moment | None = None
    lines: list[ReceivedLine] = Field(min_length=1)
