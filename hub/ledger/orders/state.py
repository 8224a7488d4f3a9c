"""What is known of an order: the state that its events fold into. Quantities and amounts are times 10**6."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypedDict

Data = dict[str, Any]

OPEN = "open"
CAPTURED = "captured"
CANCELLED = "cancelled"
"""Of an order and of a line."""

DECLINED = frozenset({"rejected", CANCELLED})
"""Lines of which nothing will be shipped."""


@dataclass(slots=True)
class Line:
    """One line as last known. `status` is what was said of it; the quantities tell how far it is."""

    line: str
    ordinal: int
    sku: str | None
    quantity: int
    unit: str
    status: str = OPEN
    confirmed: int | None = None
    promised_on: str | None = None
    released: int = 0
    shipped: int = 0
    returned: int = 0

    @property
    def wanted(self) -> int:
        """How much of it is to be shipped: what was confirmed, or what was ordered; nothing of a declined one."""
        if self.status in DECLINED:
            return 0
        return self.quantity if self.confirmed is None else self.confirmed


@dataclass(slots=True)
class SystemRow:
    """What one system knows of the order: its number, what is expected there, what is so."""

    system: str
    expected: str
    actual: str
    number: str | None = None
    note: str | None = None
    changed_at: int = 0


class Item(TypedDict):
    """What a node was asked for, as it was asked: the order may say something else by now."""

    sku: str | None
    unit: str


@dataclass(slots=True)
class Request:
    """What a node was asked to ship. `lines` and `shipped` are quantities by line, `items` what a line was."""

    number: str
    node: str
    stage: str
    lines: dict[str, int]
    items: dict[str, Item]
    shipped: dict[str, int] = field(default_factory=dict)
    complete: bool = False


@dataclass(slots=True)
class Parcel:
    """A tracked parcel, and what its carrier said last."""

    tracking: str
    shipment: str | None = None
    carrier: str | None = None
    stage: str = "-"
    at: int | None = None
    detail: str | None = None


@dataclass(slots=True)
class Shipped:
    """A shipment: what left, from where, in how many packages, and which request it answers."""

    number: str
    request: str | None
    node: str | None
    carrier: str | None
    shipped_at: int
    packages: int
    lines: dict[str, int]
    invoiced: bool = False


@dataclass(slots=True)
class Return:
    """A return. `lines` are quantities that may come back, `received` those that did, both by line."""

    number: str
    stage: str
    lines: dict[str, int]
    reason: str | None = None
    answers: str | None = None
    """The number under which it was asked for."""
    received: dict[str, int] = field(default_factory=dict)
    credited: bool = False


@dataclass(slots=True)
class OrderState:
    """The head of an order."""

    exists: bool = False
    number: str = ""
    source: str = ""
    status: str = ""
    currency: str = ""
    total: int | None = None
    ordered_at: int | None = None
    changed_at: int = 0
    lines: dict[str, Line] = field(default_factory=dict)
    systems: dict[str, SystemRow] = field(default_factory=dict)
    answered: bool = False
    """Whether its buyer was given the answer to all lines."""
    requests: dict[str, Request] = field(default_factory=dict)
    shipments: dict[str, Shipped] = field(default_factory=dict)
    parcels: dict[str, Parcel] = field(default_factory=dict)
    returns: dict[str, Return] = field(default_factory=dict)
    invoices: list[str] = field(default_factory=list)
    credits: list[str] = field(default_factory=list)

    def row(self, system: str, at: int) -> SystemRow:
        """The row of a system, which is noted to change at `at`."""
        row = self.systems.get(system)
        if row is None:
            row = self.systems[system] = SystemRow(system, expected="-", actual="-")
        row.changed_at = at
        return row


def refresh_status(state: OrderState) -> None:
    """Set the status by what is so: the farthest that all of the order has come."""
    if state.status != CANCELLED:
        state.status = _returned(state) or _shipped(state) or _released(state) or _answered(state)


def _returned(state: OrderState) -> str | None:
    shipped = sum(line.shipped for line in state.lines.values())
    returned = sum(line.returned for line in state.lines.values())
    if not returned:
        return None
    return "returned" if returned >= shipped else "partly_returned"


def _shipped(state: OrderState) -> str | None:
    if not any(line.shipped for line in state.lines.values()):
        return None
    if any(line.shipped < line.wanted for line in _open_lines(state)):
        return "partly_shipped"
    arrived = [parcel.stage == "delivered" for parcel in state.parcels.values()]
    return "delivered" if arrived and all(arrived) else "shipped"


def _open_lines(state: OrderState) -> list[Line]:
    """Lines of which more may be shipped; not those whose requests said that nothing follows."""
    ended = {line for request in state.requests.values() if request.complete for line in request.lines}
    return [line for line in state.lines.values() if line.line not in ended or line.released < line.wanted]


def _released(state: OrderState) -> str | None:
    return "released" if any(line.released for line in state.lines.values()) else None


def _answered(state: OrderState) -> str:
    statuses = {line.status for line in state.lines.values()} - {CANCELLED}
    if not statuses - {OPEN}:
        return CAPTURED
    if statuses == {"rejected"}:
        return "rejected"
    return "acknowledged" if statuses <= {"accepted"} else "partly_acknowledged"
