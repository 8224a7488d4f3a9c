"""Canonical documents: what every system's messages become, and what every target is made from.

`KINDS` maps a kind's name to its model. A kind carries an integer version; changes are
additive only.
"""

from __future__ import annotations

from hub.contract.documents.acknowledgement import OrderAcknowledgement
from hub.contract.documents.header import Document, Header, Intent
from hub.contract.documents.order import Order

KINDS: dict[str, type[Document]] = {model.__name__: model for model in (Order, OrderAcknowledgement)}

__all__ = ["KINDS", "Document", "Header", "Intent", "Order", "OrderAcknowledgement"]
