"""What a document means to its subject, whatever kind of subject that is."""

from __future__ import annotations

from hub.contract.documents import Document, InventoryAdvice, Reply
from hub.ledger.orders import Data, decide
from hub.ledger.stock import decide_stock
from hub.ledger.unit import Subject


def events_of(subject: Subject, document: Document) -> list[tuple[str, Data]]:
    """The events (kind, data) that a document makes; none if it says nothing new. Raises RejectedMessage."""
    if isinstance(document, InventoryAdvice):
        return decide_stock(document)
    if isinstance(document, Reply):
        return [("interchange.replied", {"type": document.payload_type})]
    return decide(subject.order, document)
