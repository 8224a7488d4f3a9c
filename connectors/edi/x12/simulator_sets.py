"""The sets that the simulated partner sends: segments without ST and SE, from what actions were told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.edi.x12.simulator_text import SetRead, segment

_WRONG_DATE = "20261399"
"""No date, for an order that is to be rejected: AK403 code 8."""


def purchase_order(order: Mapping[str, Any], now: datetime) -> list[str]:
    """An 850. Keys of `order`: `po`, `lines`; optional `ship_to`, `ship_to_by_line`, `buyer`, `ship_by`, `invalid`.

    A line has `quantity`; optional `sku`, `upc`, `buyer_item`, `price`, `unit`, `description`.
    """
    lines = order["lines"]
    elsewhere = {int(place): party for place, party in order.get("ship_to_by_line", {}).items()}
    segments = [
        segment("BEG", "00", "SA", order["po"], None, _WRONG_DATE if order.get("invalid") else f"{now:%Y%m%d}"),
        segment("CUR", "BY", order.get("currency", "USD")),
        segment("REF", "DP", order.get("department", "100")),
        segment("ITD", "01", "3", None, None, None, None, "30"),
    ]
    if "ship_by" in order:
        segments.append(segment("DTM", "010", str(order["ship_by"]).replace("-", "")))
    segments += party("BY", order.get("buyer", {"name": "Northwind Stores", "id": "0001"}))
    segments += party("ST", order["ship_to"]) if "ship_to" in order else []
    for place, line in enumerate(lines, start=1):
        segments += _order_line(place, line, elsewhere.get(place))
    total = sum(Decimal(str(line["quantity"])) for line in lines)
    return [*segments, segment("CTT", len(lines), f"{total:f}")]


def _order_line(place: int, line: Mapping[str, Any], ship_to: Mapping[str, Any] | None) -> Iterator[str]:
    numbers = [("VN", "sku"), ("UP", "upc"), ("IN", "buyer_item")]
    pairs = [text for qualifier, key in numbers if key in line for text in (qualifier, line[key])]
    price = line.get("price")
    yield segment(
        "PO1", place, line["quantity"], line.get("unit", "EA"), price, None if price is None else "PE", *pairs
    )
    if "description" in line:
        yield segment("PID", "F", None, None, None, line["description"])
    if ship_to is not None:
        yield from party("ST", ship_to)


def party(role: str, details: Mapping[str, Any]) -> list[str]:
    """An N1 loop. Keys: `name`, `id`, `street`, `city`, `region`, `postcode`, `country`, all optional."""
    number = details.get("id")
    segments = [segment("N1", role, details.get("name"), *(() if number is None else ("92", number)))]
    if "street" in details:
        segments.append(segment("N3", details["street"]))
    if "city" in details:
        place = [details.get(key) for key in ("city", "region", "postcode", "country")]
        segments.append(segment("N4", *place))
    return segments


@dataclass
class Requested:
    """What a 940 asked for. A line has `line`, `sku`, `quantity` and `unit`."""

    number: str
    purchase_order: str
    lines: list[dict[str, str]]
    shipped: bool = False
    cancelled: bool = False


@dataclass(frozen=True)
class Despatch:
    """How a request is shipped: in so many `cartons`, less or more of some SKUs, lots and their expiry by SKU."""

    number: str
    cartons: int = 1
    carrier: str = "UPSN"
    bill: str = ""
    quantities: Mapping[str, Decimal] = field(default_factory=dict)
    lots: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """SKU to lot and expiry date, CCYYMMDD."""


def shipping_advice(request: Requested, despatch: Despatch, warehouse: str, serial: int, now: datetime) -> list[str]:
    """A 945: a carton is an LX loop with its SSCC and tracking number, what is in it are W12 loops.

    Lines go to the cartons in turn; `serial` makes SSCCs and tracking numbers new.
    """
    shipped = {line["sku"]: despatch.quantities.get(line["sku"], Decimal(line["quantity"])) for line in request.lines}
    segments = [
        segment("W06", "F", request.number, f"{now:%Y%m%d}", despatch.number, None, request.purchase_order),
        *party("WH", {"name": "Harbour Logistics", "id": warehouse}),
        segment("N9", "BM", despatch.bill or f"BOL{despatch.number}"),
        segment("G62", "11", f"{now:%Y%m%d}"),
        segment("W27", "U", despatch.carrier, "Ground", "PP"),
    ]
    used = min(despatch.cartons, len(request.lines))
    for carton in range(used):
        segments += [
            segment("LX", carton + 1),
            segment("MAN", "GM", f"00{sscc(serial * 10 + carton)}", None, "CP", f"1Z{serial:08d}{carton + 1:02d}"),
        ]
        for line in request.lines[carton::used]:
            segments += _shipped_line(line, shipped[line["sku"]], despatch.lots.get(line["sku"]))
    return [*segments, segment("W03", f"{sum(shipped.values()):f}")]


def _shipped_line(line: Mapping[str, str], shipped: Decimal, lot: Sequence[str] | None) -> Iterator[str]:
    ordered = Decimal(line["quantity"])
    status = "CC" if shipped >= ordered else "CP"
    missing = f"{ordered - shipped:f}" if shipped < ordered else None
    yield segment("W12", status, f"{ordered:f}", f"{shipped:f}", missing, line["unit"], None, "SK", line["sku"])
    if line["line"]:
        yield segment("N9", "LI", line["line"])
    if lot:
        yield segment("N9", "LT", lot[0])
        if len(lot) > 1:
            yield segment("G62", "36", lot[1])


def sscc(serial: int) -> str:
    """A serial shipping container code: extension 0, an invented company prefix, the check digit last."""
    digits = f"00614141{serial:09d}"
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


def stock_report(levels: Sequence[Mapping[str, Any]], warehouse: str, number: str, now: datetime) -> list[str]:
    """An 846. A level has `sku` and `available`; optional `on_hand`, `committed`, `on_order`, `upc`, `description`."""
    segments = [
        segment("BIA", "00", "MB", number, f"{now:%Y%m%d}", f"{now:%H%M}"),
        *party("WH", {"name": "Harbour Logistics", "id": warehouse}),
    ]
    for place, level in enumerate(levels, start=1):
        upc = ("UP", level["upc"]) if "upc" in level else ()
        segments.append(segment("LIN", place, "SK", level["sku"], *upc))
        if "description" in level:
            segments.append(segment("PID", "F", None, None, None, level["description"]))
        for code, key in (("33", "available"), ("17", "on_hand"), ("QC", "committed"), ("63", "on_order")):
            if key in level:
                segments.append(segment("QTY", code, level[key], "EA"))
    return [*segments, segment("CTT", len(levels))]


def acknowledgement(sets: Sequence[SetRead], *, accepted: bool) -> list[str]:
    """A 997 for the sets of one group, all of them accepted or all rejected."""
    segments = [segment("AK1", sets[0].group_code, sets[0].group)]
    for one in sets:
        segments.append(segment("AK2", one.type, one.number))
        if not accepted:
            segments += [segment("AK3", one.segments[0][0], 2, None, 8), segment("AK4", 3, 324, 7)]
        segments.append("AK5*A" if accepted else "AK5*R*5")
    count = len(sets)
    return [*segments, segment("AK9", "A" if accepted else "R", count, count, count if accepted else 0)]
