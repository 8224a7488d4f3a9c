"""What the ledger makes by itself: documents that an order's state and the policy ask for.

Each function looks at the state and says what is owed now; applying the document changes the
state, so that nothing is made twice. Numbers are made of the order's own: `1001-F1`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from hub.contract.documents import Document, Order
from hub.ledger.emissions import answers, billing, releases, returns
from hub.ledger.emissions.owing import Owing
from hub.ledger.orders.state import OrderState
from hub.ledger.policy import Policy

_MAKERS: Final = (answers.owed, releases.owed, billing.owed_invoices, returns.owed, billing.owed_credits)


@dataclass(frozen=True, slots=True)
class Emission:
    """A document to be applied, and the kind of number (`request`, `invoice` …) under which it is found."""

    document: Document
    number: str
    number_kind: str | None


def owed(
    state: OrderState,
    order: Order,
    tree: dict[str, Any],
    policy: Policy,
    *,
    now: int,
    is_free: Callable[[str, str], bool],
) -> Iterator[Emission]:
    """What the ledger owes for an order: `order` and its `tree` are what its source said last.

    `is_free` tells whether no other order has a number (kind, value). Raises RejectedMessage where
    a condition of the policy cannot be computed, or where something is missing.
    """
    owing = Owing(state, order, tree, policy, now, is_free)
    for maker in _MAKERS:
        for document, number, kind in maker(owing):
            yield Emission(document, number, kind)
