"""What the makers of documents look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any, Final

from hub.contract.clock import from_micros
from hub.contract.documents import Document, Header, Intent, Order
from hub.contract.documents.order import OrderLine
from hub.contract.values import Quantity, from_scaled
from hub.ledger.orders.state import OrderState
from hub.ledger.policy import Policy
from hub.pipelines import LEDGER

_LETTERS: Final = {"request": "F", "invoice": "I", "return": "R", "credit": "C"}

Made = Iterator[tuple[Document, str, str | None]]
"""Documents, each with its number and the kind of that number; None for one that has none of its own."""


@dataclass(frozen=True, slots=True)
class Owing:
    """An order's state, what its source said last, and the policy; `now` in microseconds."""

    state: OrderState
    order: Order
    tree: dict[str, Any]
    policy: Policy
    now: int
    is_free: Callable[[str, str], bool]

    def header(self, number: str) -> Header:
        """The header of a document that the ledger makes."""
        return Header(source=LEDGER, source_id=number, occurred_at=from_micros(self.now), intent=Intent.COMMAND)

    def number(self, kind: str, taken: int) -> str:
        """The order's next number of a kind: `1001-F1`, or `1001.2-F1` where another order of that number has it."""
        order = self.state.number.lstrip("#")[:60]
        for copy in count(1):
            number = f"{order}{'' if copy == 1 else f'.{copy}'}-{_LETTERS[kind]}{taken + 1}"
            if self.is_free(kind, number):
                return number
        raise AssertionError("there is always a free number")

    @property
    def today(self) -> date:
        """The day, in UTC."""
        return from_micros(self.now).date()

    def line(self, line_id: str) -> OrderLine | None:
        """A line as the source said it."""
        return next((line for line in self.order.lines if line.line_id == line_id), None)


def quantity(scaled: int, unit: str) -> Quantity:
    """A quantity of the ledger as documents have it, without trailing zeros."""
    value = from_scaled(scaled)
    whole = value.to_integral_value()
    return Quantity(value=whole if whole == value else Decimal(value).normalize(), unit=unit)
