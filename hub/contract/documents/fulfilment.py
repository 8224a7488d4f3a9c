"""FulfilmentRequest and FulfilmentStatus: what a warehouse is asked for, and how far it is."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from pydantic import Field

from hub.contract.documents.header import Document
from hub.contract.documents.parties import Party
from hub.contract.documents.shipping import Package
from hub.contract.values import Code, Model, Moment, Quantity, Text


class FulfilmentLine(Model):
    """What is to be shipped of one line of the order."""

    line_id: Code = Field(description="The order's line id.")
    sku: Code | None = None
    gtin: Code | None = None
    description: Text | None = None
    quantity: Quantity


class FulfilmentRequest(Document):
    """What one node ships to one address, made by the ledger when it releases an order.

    The order itself (its numbers, terms, parties) is at hand to mappings as `order`.
    """

    number: Code = Field(description="The request's own number; the warehouse quotes it.")
    order_number: Code
    node: Code = Field(description="Warehouse that ships, as `config/fulfilment.yaml` names it.")
    cancelled: bool = Field(default=False, description="Takes the request back.")
    ship_to: Party
    requested_on: date | None = None
    ship_by: date | None = None
    carrier_service: Text | None = None
    lines: list[FulfilmentLine] = Field(min_length=1)
    note: Text | None = None


class FulfilmentStage(StrEnum):
    """How far a warehouse is with a request."""

    RECEIVED = "received"
    PICKED = "picked"
    PACKED = "packed"
    SHORT = "short"
    """Less is there than was asked for; `lines` tell what can be shipped."""
    REFUSED = "refused"


class FulfilmentStatus(Document):
    """What a warehouse says about a request before it ships. Packed, it tells the packages."""

    request_number: Code
    stage: FulfilmentStage
    happened_at: Moment | None = None
    lines: list[FulfilmentLine] = Field(default_factory=list, description="What it is about; empty for all lines.")
    packages: list[Package] = Field(default_factory=list)
    reason: Text | None = None
