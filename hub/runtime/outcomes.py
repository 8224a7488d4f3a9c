"""How an attempt ended, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hub.contract.connector import Outbound, Receipt
from hub.store.deliveries import ClaimedDelivery
from hub.store.failures import FailureNote

SHADOW_REASON: Final = "The connection is in shadow: rendered, not sent."


class AttemptOutcome(StrEnum):
    """The outcome kept with an attempt."""

    OPEN = "open"
    """It is under way, or its worker died: nobody knows whether it was sent."""
    DELIVERED = "delivered"
    DUPLICATE = "duplicate"
    """The counterpart had it already."""
    FAILED = "failed"
    """Nothing happened at the counterpart; another try may work."""
    REFUSED = "refused"
    """The counterpart refused it for good."""
    UNAUTHORISED = "unauthorised"
    """Credentials were refused; the connection is paused."""
    IN_DOUBT = "in_doubt"
    """It left, and no answer came."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """A delivery with its transmission, ready to be sent.

    `doubtful` says that an earlier attempt may have been sent.
    """

    delivery: ClaimedDelivery
    out: Outbound
    doubtful: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one attempt came to.

    `retry_after` (seconds) is the least wait the counterpart asked for. `note` explains
    anything but success. `resolvable` says whether a doubt can be settled without a person, by
    looking it up or since the target knows what it had.
    """

    frozen: Frozen
    kind: AttemptOutcome
    receipt: Receipt | None = None
    note: FailureNote | None = None
    retry_after: float | None = None
    resolvable: bool = False
