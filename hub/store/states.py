"""The states that messages, documents and deliveries can be in.

Every document and delivery ends as one of the settled ones; the others say who must act. A
message's own state only says whether it was read; people see the worst of its parts.
"""

from __future__ import annotations

from enum import StrEnum


class MessageState(StrEnum):
    """Whether a message was read."""

    RECEIVED = "received"
    """Stored, to be drained."""
    DONE = "done"
    """All its trees became documents."""
    DEAD = "dead"
    """It could not be read to its end: a dead letter."""


class DocumentState(StrEnum):
    """What became of a document."""

    APPLIED = "applied"
    FILTERED = "filtered"
    DUPLICATE = "duplicate"
    SUPERSEDED = "superseded"
    REPLACED = "replaced"
    WAITING = "waiting"
    QUARANTINED = "quarantined"
    DEAD = "dead"


class DeliveryState(StrEnum):
    """What became of a delivery."""

    PLANNED = "planned"
    """To be rendered and sent: now, when its turn comes, or at its next try."""
    SENDING = "sending"
    """An attempt is under way, or was when its worker died."""
    DELIVERED = "delivered"
    DUPLICATE = "duplicate"
    """The counterpart had it already."""
    IN_DOUBT = "in_doubt"
    DEAD = "dead"
    DROPPED = "dropped"
    """A person decided that it is not to be sent."""
    SHADOWED = "shadowed"
    """Its connection is in shadow: rendered, not sent."""


OPEN_DELIVERIES = (DeliveryState.PLANNED, DeliveryState.SENDING, DeliveryState.DEAD, DeliveryState.IN_DOUBT)
"""Deliveries that hold up the ones behind them in their lane."""

DUE_DELIVERIES = (DeliveryState.PLANNED, DeliveryState.SENDING)
"""Deliveries that a worker acts on."""

OPEN_DOCUMENTS = (DocumentState.WAITING, DocumentState.DEAD, DocumentState.QUARANTINED)
"""Documents that hold up what comes after them about their subject."""
