"""The simulated SAP's credit memo requests: ORDERS whose order type is one of a credit memo request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.erp.sap_idoc.simulator_orders import ImportRefused, OrderBook, many, one, qualified

_ORDER_TYPES = frozenset({"G2", "CR"})
"""Credit memo request: the order type as it is kept, and as it is shown in English."""


@dataclass(frozen=True, slots=True)
class CreditRequest:
    """A credit memo request; `number` is SAP's own, `credit_note` the sender's, `order` that of the sales order."""

    number: str
    credit_note: str
    order: str
    amount: Decimal
    currency: str
    quantities: Mapping[str, str]
    """By material."""


def is_credit(idoc: Mapping[str, Any]) -> bool:
    """Whether an IDoc asks for a credit memo request, by its order type (E1EDK14, QUALF 012)."""
    ordered = one(idoc, "EDI_DC40").get("MESTYP") == "ORDERS"
    return ordered and qualified(idoc, "E1EDK14", "012").get("ORGID") in _ORDER_TYPES


class CreditBook:
    """All credit memo requests, for sales orders of an order book."""

    def __init__(self, orders: OrderBook) -> None:
        self.requests: list[CreditRequest] = []
        self._orders = orders

    def post(self, idoc: Mapping[str, Any]) -> CreditRequest:
        """Create a credit memo request; ImportRefused if the IDoc cannot be posted."""
        items = many(idoc, "E1EDP01")
        if not items:
            raise ImportRefused("The credit memo request has no items")
        quantities = ((qualified(item, "E1EDP19", "002").get("IDTNR"), item.get("MENGE")) for item in items)
        request = CreditRequest(
            number=f"{60_000_000 + len(self.requests) + 1:010d}",
            credit_note=qualified(idoc, "E1EDK02", "028").get("BELNR") or "",
            order=self._order(idoc),
            amount=_amount(idoc),
            currency=one(idoc, "E1EDK01").get("CURCY") or "",
            quantities={material or "": quantity or "" for material, quantity in quantities},
        )
        self.requests.append(request)
        return request

    def state(self) -> dict[str, dict[str, Any]]:
        """By the credit note's number: how many requests, their numbers, and what the last one asks for."""
        found: dict[str, dict[str, Any]] = {}
        for request in self.requests:
            entry = found.setdefault(request.credit_note, {"requests": 0, "numbers": []})
            entry["requests"] += 1
            entry["numbers"].append(request.number)
            entry.update(order=request.order, amount=f"{request.amount:f}", currency=request.currency)
            entry["items"] = dict(request.quantities)
        return found

    def _order(self, idoc: Mapping[str, Any]) -> str:
        """The number of the sales order it is for, E1EDK02 with QUALF 002."""
        number = qualified(idoc, "E1EDK02", "002").get("BELNR") or ""
        if number not in {order.number for order in self._orders.orders}:
            raise ImportRefused(f"Sales document {number or 'of the credit memo request'} does not exist")
        return number


def _amount(idoc: Mapping[str, Any]) -> Decimal:
    """The total, E1EDS01 with SUMID 002."""
    text = next((sum_.get("SUMME") for sum_ in many(idoc, "E1EDS01") if sum_.get("SUMID") == "002"), None)
    try:
        return Decimal(text or "")
    except InvalidOperation:
        raise ImportRefused(f"{text!r} is no amount (E1EDS01, SUMID 002)") from None
