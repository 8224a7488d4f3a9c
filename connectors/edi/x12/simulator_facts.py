"""What the simulated partner understands of the sets it receives, as plain facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from connectors.edi.x12.simulator_text import SetRead, at

_Loop = list[list[str]]


def loops(segments: Iterable[list[str]], trigger: str) -> Iterator[_Loop]:
    """The segments from each `trigger` to the next; what stands before the first is left out."""
    loop: _Loop = []
    for found in segments:
        if found[0] == trigger:
            if loop:
                yield loop
            loop = [found]
        elif loop:
            loop.append(found)
    if loop:
        yield loop


def item_number(found: list[str], first: int, *qualifiers: str) -> str:
    """The product id with one of these qualifiers, pairs beginning at element `first`."""
    pairs = {at(found, place): at(found, place + 1) for place in range(first, len(found), 2)}
    return next((pairs[qualifier] for qualifier in qualifiers if qualifier in pairs), "")


def _value(loop: _Loop, name: str, qualifier: str, place: int = 2) -> str:
    return next((at(found, place) for found in loop if found[0] == name and at(found, 1) == qualifier), "")


def order_acknowledgement(read: SetRead) -> dict[str, Any]:
    """An 855: its kind and one entry a line."""
    lines = []
    for loop in loops(read.segments, "PO1"):
        answers = [found for found in loop if found[0] == "ACK"]
        answer = answers[0] if answers else []
        lines.append(
            {
                "line": at(loop[0], 1),
                "sku": item_number(loop[0], 6, "VN", "SK"),
                "status": at(answer, 1),
                "quantity": at(answer, 2),
                "unit": at(answer, 3),
                "date": at(answer, 5),
                "price": at(loop[0], 4),
            }
        )
    return {"po": at(read.first("BAK"), 3), "kind": at(read.first("BAK"), 2), "lines": lines}


def invoice(read: SetRead) -> dict[str, Any]:
    """An 810. `total` is in cents, as TDS has it."""
    big = read.first("BIG")
    lines = [
        {
            "line": at(it1, 1),
            "sku": item_number(it1, 6, "VN", "SK"),
            "quantity": at(it1, 2),
            "unit": at(it1, 3),
            "price": at(it1, 4),
        }
        for it1 in read.all("IT1")
    ]
    return {"po": at(big, 4), "number": at(big, 2), "total": at(read.first("TDS"), 1), "lines": lines}


def ship_notice(read: SetRead) -> list[dict[str, Any]]:
    """An 856: one entry for each order in it, with the facts of the shipment that they share."""
    levels = list(loops(read.segments, "HL"))
    shipment = next((level for level in levels if at(level[0], 3) == "S"), [])
    shared = {
        "shipment": at(read.first("BSN"), 2),
        "carrier": next((at(found, 3) for found in shipment if found[0] == "TD5"), ""),
        "bill": _value(shipment, "REF", "BM"),
        "tracking": [at(found, 2) for found in shipment if found[:2] == ["REF", "CN"]],
    }
    return [{**shared, **entry} for entry in _ordered(levels)]


def _ordered(levels: list[_Loop]) -> Iterator[dict[str, Any]]:
    """The orders among HL levels, each with the packs and items below it."""
    entry: dict[str, Any] | None = None
    for level in levels:
        kind = at(level[0], 3)
        if kind == "O":
            if entry is not None:
                yield entry
            entry = {"po": at(next((found for found in level if found[0] == "PRF"), []), 1), "packs": [], "items": []}
        elif entry is not None and kind in {"P", "T"}:
            entry["packs"].append(
                {"sscc": _value(level, "MAN", "GM"), "tracking": _value(level, "MAN", "CP"), "items": []}
            )
        elif entry is not None and kind == "I":
            (entry["packs"][-1] if entry["packs"] else entry)["items"].append(_item(level))
    if entry is not None:
        yield entry


def _item(level: _Loop) -> dict[str, str]:
    lin = next((found for found in level if found[0] == "LIN"), [])
    sn1 = next((found for found in level if found[0] == "SN1"), [])
    return {"line": at(lin, 1), "sku": item_number(lin, 2, "VN", "SK"), "quantity": at(sn1, 2), "unit": at(sn1, 3)}


def warehouse_order(read: SetRead) -> dict[str, Any]:
    """A 940. `action` is N for a new one, F for its cancellation."""
    w05, ship_to = read.first("W05"), next(iter(loops(read.segments, "N1")), [])
    lines = [
        {
            "line": _value(loop, "N9", "LI"),
            "sku": item_number(loop[0], 4, "SK", "VN"),
            "quantity": at(loop[0], 1),
            "unit": at(loop[0], 2),
        }
        for loop in loops(read.segments, "W01")
    ]
    city = next((at(found, 1) for found in ship_to if found[0] == "N4"), "")
    return {
        "number": at(w05, 2),
        "po": at(w05, 3),
        "action": at(w05, 1),
        "ship_to": {"name": at(read.first("N1", "ST"), 2), "city": city},
        "lines": lines,
    }


def functional_acknowledgement(read: SetRead) -> dict[str, Any]:
    """A 997: which group it answers, code and codes by set, counts, and the faults it names."""
    ak1, ak9 = read.first("AK1"), read.first("AK9")
    sets = {
        at(loop[0], 2): next((at(found, 1) for found in loop if found[0] == "AK5"), "")
        for loop in loops(read.segments, "AK2")
    }
    return {
        "group": at(ak1, 2),
        "of": at(ak1, 1),
        "code": at(ak9, 1),
        "received": int(at(ak9, 3) or 0),
        "accepted": int(at(ak9, 4) or 0),
        "sets": sets,
        "faults": ["*".join(found) for found in read.all("AK3", "AK4")],
    }


def interchange_acknowledgement(read: SetRead) -> dict[str, Any]:
    """A TA1: which interchange it answers, its code (A, E or R) and the note code that says why."""
    ta1 = read.first("TA1")
    return {"answers": at(ta1, 1), "code": at(ta1, 4), "note": at(ta1, 5)}


def _listed(fact: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [dict(fact)]


FACTS: Final[Mapping[str, Callable[[SetRead], list[dict[str, Any]]]]] = {
    "855": lambda read: _listed(order_acknowledgement(read)),
    "856": ship_notice,
    "810": lambda read: _listed(invoice(read)),
    "940": lambda read: _listed(warehouse_order(read)),
    "997": lambda read: _listed(functional_acknowledgement(read)),
    "TA1": lambda read: _listed(interchange_acknowledgement(read)),
}
"""How a set of each type is understood: one fact or more."""

KEYS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("855", "856", "810"), "po"),
    "940": "number",
    "997": "group",
    "TA1": "answers",
}
"""By what the facts of a type are found in the state."""
