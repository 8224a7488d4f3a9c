"""InventoryAdvice: how much of an article there is at a node."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from hub.contract.documents.header import Document
from hub.contract.values import Code, Moment, Quantity, Text


class InventoryAdvice(Document):
    """The stock of one article at one node, as the warehouse counted it last."""

    opens_subject: ClassVar[bool] = True
    subject_kind: ClassVar[str] = "stock"

    node: Code
    sku: Code
    gtin: Code | None = None
    description: Text | None = None
    counted_at: Moment | None = None
    on_hand: Quantity | None = None
    available: Quantity = Field(description="What can be sold: on hand less what is committed or blocked.")
    committed: Quantity | None = None
    on_order: Quantity | None = None
