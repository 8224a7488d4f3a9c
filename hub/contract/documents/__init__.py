"""Canonical documents: what every system's messages become, and what every target is made from.

`KINDS` maps a kind's name to its model. A kind carries an integer version; changes are
additive only.
"""

from __future__ import annotations

from hub.contract.documents.acknowledgement import OrderAcknowledgement
from hub.contract.documents.billing import CreditNote, Invoice
from hub.contract.documents.exchange import FunctionalAcknowledgement, Reply
from hub.contract.documents.fulfilment import FulfilmentRequest, FulfilmentStatus
from hub.contract.documents.header import Document, Header, Intent
from hub.contract.documents.inventory import InventoryAdvice
from hub.contract.documents.order import Order
from hub.contract.documents.returns import ReturnAuthorization, ReturnReceipt
from hub.contract.documents.shipping import Shipment, ShipmentStatus

_MODELS: tuple[type[Document], ...] = (
    Order,
    OrderAcknowledgement,
    FulfilmentRequest,
    FulfilmentStatus,
    Shipment,
    ShipmentStatus,
    Invoice,
    CreditNote,
    ReturnAuthorization,
    ReturnReceipt,
    InventoryAdvice,
    FunctionalAcknowledgement,
    Reply,
)
KINDS: dict[str, type[Document]] = {model.__name__: model for model in _MODELS}

__all__ = [
    "KINDS",
    "CreditNote",
    "Document",
    "FulfilmentRequest",
    "FulfilmentStatus",
    "FunctionalAcknowledgement",
    "Header",
    "Intent",
    "InventoryAdvice",
    "Invoice",
    "Order",
    "OrderAcknowledgement",
    "Reply",
    "ReturnAuthorization",
    "ReturnReceipt",
    "Shipment",
    "ShipmentStatus",
]
