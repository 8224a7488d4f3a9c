"""The simulated SAP's sales orders: made from ORDERS, changed by ORDCHG, confirmed as ORDRSP."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

_LEAD_TIME = timedelta(days=3)
_ADDED, _CHANGED, _CANCELLED, _UNCHANGED = "001", "002", "003", "004"
"""Action codes of an item, E1EDP01-ACTION."""


class ImportRefused(Exception):
    """The IDoc cannot be posted (SAP's status 51); says why."""


@dataclass
class SalesItem:
    """An item of a sales order. `position` is the buyer's POSEX, `reference` the number sent in E1EDP02 044."""

    position: str
    reference: str
    material: str
    text: str
    quantity: Decimal
    unit: str
    price: str
    per: str
    action: str = _UNCHANGED
    reason: str = ""


@dataclass
class SalesOrder:
    """A sales order; `number` is SAP's own (VBELN), `purchase_order` the buyer's."""

    number: str
    purchase_order: str
    currency: str
    items: list[SalesItem]
    changes: int = 0


@dataclass
class Decisions:
    """What a clerk decided: materials to reject, quantities to confirm by material, a date to promise."""

    reject: frozenset[str] = frozenset()
    confirm: Mapping[str, Decimal] = field(default_factory=dict)
    promised: date | None = None


class OrderBook:
    """All sales orders. `materials` are those it knows; None for any."""

    def __init__(self, materials: Iterable[str] | None) -> None:
        self.orders: list[SalesOrder] = []
        self.materials = None if materials is None else set(materials)
        self._answers = 0

    def post(self, idoc: Mapping[str, Any]) -> SalesOrder:
        """Create or change a sales order; ImportRefused if the IDoc cannot be posted."""
        message_type = one(idoc, "EDI_DC40").get("MESTYP")
        if message_type == "ORDERS":
            return self._create(idoc)
        if message_type == "ORDCHG":
            return self._change(idoc)
        raise ImportRefused(f"No inbound parameters for message type {message_type}")

    def latest(self, purchase_order: str) -> SalesOrder:
        """The youngest order of a purchase order number; ImportRefused if there is none."""
        for order in reversed(self.orders):
            if order.purchase_order == purchase_order:
                return order
        raise ImportRefused(f"Customer purchase order {purchase_order} does not exist")

    def _create(self, idoc: Mapping[str, Any]) -> SalesOrder:
        items = [self._item(segment) for segment in many(idoc, "E1EDP01")]
        if not items:
            raise ImportRefused("The order has no items")
        order = SalesOrder(
            number=f"{len(self.orders) + 1:010d}",
            purchase_order=_purchase_order(idoc),
            currency=one(idoc, "E1EDK01").get("CURCY") or "",
            items=items,
        )
        self.orders.append(order)
        return order

    def _change(self, idoc: Mapping[str, Any]) -> SalesOrder:
        order = self.latest(_purchase_order(idoc))
        known = {item.position: item for item in order.items}
        for segment in many(idoc, "E1EDP01"):
            changed = self._item(segment)
            changed.action = segment.get("ACTION") or _CHANGED
            if changed.position in known or changed.action != _CANCELLED:
                known[changed.position] = changed
        order.items = list(known.values())
        order.changes += 1
        return order

    def _item(self, segment: Mapping[str, Any]) -> SalesItem:
        material = qualified(segment, "E1EDP19", "002")
        number = material.get("IDTNR") or ""
        item = SalesItem(
            position=segment.get("POSEX") or "",
            reference=qualified(segment, "E1EDP02", "044").get("BELNR") or "",
            material=number,
            text=material.get("KTEXT") or "",
            quantity=_quantity(segment),
            unit=segment.get("MENEE") or "",
            price=segment.get("VPREI") or "",
            per=segment.get("PEINH") or "",
        )
        if self.materials is not None and number not in self.materials:
            item.action, item.reason = _CANCELLED, f"Material {number} is not maintained"
        return item

    def confirm(self, order: SalesOrder, decisions: Decisions) -> dict[str, Any]:
        """The order's ORDRSP as a tree."""
        self._answers += 1
        now = datetime.now(UTC)
        promised = decisions.promised or (now + _LEAD_TIME).date()
        return {
            "EDI_DC40": _control(self._answers, now),
            "E1EDK01": {"CURCY": order.currency or None, "BELNR": order.number},
            "E1EDK03": {"IDDAT": "012", "DATUM": f"{now:%Y%m%d}"},
            "E1EDK02": [
                {"QUALF": "001", "BELNR": order.purchase_order},
                {"QUALF": "002", "BELNR": order.number},
            ],
            "E1EDP01": [_confirmed(order, number, decisions, promised) for number in range(len(order.items))],
        }


def many(parent: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The segments of a name, one or many or none."""
    found = parent.get(name)
    if found is None:
        return []
    return found if isinstance(found, list) else [found]


def one(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The first segment of a name, or an empty one."""
    return next(iter(many(parent, name)), {})


def qualified(parent: Mapping[str, Any], name: str, qualifier: str) -> Mapping[str, Any]:
    """The first segment of a name with that QUALF, or an empty one."""
    return next((segment for segment in many(parent, name) if segment.get("QUALF") == qualifier), {})


def purchase_order(idoc: Mapping[str, Any]) -> str | None:
    """The buyer's order number, E1EDK02 with QUALF 001."""
    return qualified(idoc, "E1EDK02", "001").get("BELNR")


def _purchase_order(idoc: Mapping[str, Any]) -> str:
    number = purchase_order(idoc)
    if not number:
        raise ImportRefused("The customer purchase order number is missing (E1EDK02, QUALF 001)")
    return number


def _quantity(segment: Mapping[str, Any]) -> Decimal:
    text = segment.get("MENGE") or ""
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ImportRefused(f"Item {segment.get('POSEX')}: {text!r} is no quantity") from None


def _control(number: int, now: datetime) -> dict[str, Any]:
    return {
        "TABNAM": "EDI_DC40",
        "MANDT": "100",
        "DOCNUM": f"{number:016d}",
        "DOCREL": "755",
        "STATUS": "30",
        "DIRECT": "1",
        "OUTMOD": "2",
        "IDOCTYP": "ORDERS05",
        "MESTYP": "ORDRSP",
        "SNDPOR": "SAPERP",
        "SNDPRT": "LS",
        "SNDPRN": "ERPCLNT100",
        "RCVPOR": "CROSSDOCK",
        "RCVPRT": "KU",
        "RCVPRN": "CROSSDOCK",
        "CREDAT": f"{now:%Y%m%d}",
        "CRETIM": f"{now:%H%M%S}",
    }


def _confirmed(order: SalesOrder, index: int, decisions: Decisions, promised: date) -> dict[str, Any]:
    """One item with its confirmed schedule line; a rejected one has a reason and none."""
    item = order.items[index]
    reason = "Rejected by the clerk" if item.material in decisions.reject else item.reason
    rejected = bool(reason) or item.action == _CANCELLED
    confirmed = decisions.confirm.get(item.material, item.quantity)
    action = _CANCELLED if rejected else item.action
    if not rejected and confirmed != item.quantity:
        action = _CHANGED
    segment: dict[str, Any] = {
        "POSEX": item.position,
        "ACTION": action,
        "MENGE": f"{item.quantity:.3f}",
        "MENEE": item.unit or None,
        "VPREI": item.price or None,
        "PEINH": item.per or None,
        "ABGRU": "02" if rejected else None,
        "ABGRT": (reason or "Cancelled by the buyer")[:40] if rejected else None,
        "E1EDP02": list(_references(order, item, index)),
    }
    if not rejected:
        segment["E1EDP20"] = {"WMENG": f"{confirmed:.3f}", "EDATU": f"{promised:%Y%m%d}"}
    segment["E1EDP19"] = {"QUALF": "002", "IDTNR": item.material, "KTEXT": item.text or None}
    return segment


def _references(order: SalesOrder, item: SalesItem, index: int) -> Iterator[dict[str, Any]]:
    yield {"QUALF": "001", "BELNR": order.purchase_order, "ZEILE": item.position}
    yield {"QUALF": "002", "BELNR": order.number, "ZEILE": f"{(index + 1) * 10:06d}"}
    if item.reference:
        yield {"QUALF": "044", "BELNR": item.reference}
