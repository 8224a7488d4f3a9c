"""What happens in the simulated warehouse: requests are picked, packed and shipped, goods counted and returned.

Each action returns the kind of the file that tells it, and its rows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

Json = dict[str, Any]

_GS1_PREFIX = "4012345"
"""Of example numbers."""


class Refused(ValueError):
    """A file or an action that the warehouse cannot work with; says why."""


@dataclass
class Request:
    """A request to ship. `lines`: quantity by line id; `skus`: SKU by line id."""

    number: str
    order_number: str
    lines: dict[str, str]
    skus: dict[str, str]
    ship_to: str
    stage: str = "received"
    packages: list[Json] = field(default_factory=list)
    shipments: list[str] = field(default_factory=list)


@dataclass
class Return:
    """A return that was announced, or that came all the same."""

    number: str
    lines: dict[str, str] = field(default_factory=dict)
    skus: dict[str, str] = field(default_factory=dict)
    received: list[Json] = field(default_factory=list)


class Floor:
    """One warehouse. `stock` is what it has by SKU; what is shipped leaves it."""

    def __init__(self, node: str, stock: Mapping[str, Any]) -> None:
        self._node = node
        self._stock = {sku: _quantity(quantity) for sku, quantity in stock.items()}
        self._requests: dict[str, Request] = {}
        self._returns: dict[str, Return] = {}
        self._effects: Counter[str] = Counter()
        self._packed = 0

    def state(self) -> Json:
        """Everything it knows."""
        return {
            "node": self._node,
            "requests": {number: asdict(request) for number, request in self._requests.items()},
            "returns": {number: asdict(one) for number, one in self._returns.items()},
            "stock": {sku: f"{quantity:f}" for sku, quantity in self._stock.items()},
            "effects": dict(self._effects),
        }

    def take(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Take the rows of one file: a release, its withdrawal, or a return order."""
        if not rows:
            raise Refused("The file has no rows")
        name = "request_number" if "request_number" in rows[0] else "return_number"
        numbers = list(dict.fromkeys(row.get(name) or "" for row in rows))
        if "" in numbers:
            raise Refused(f"A row has no {name}")
        for number in numbers:
            self._effects[number] += 1
            self._open(name, number, [row for row in rows if row[name] == number])

    def _open(self, name: str, number: str, rows: list[Mapping[str, Any]]) -> None:
        lines = {_line(row): f"{_quantity(row.get('quantity')):f}" for row in rows}
        skus = {_line(row): row.get("sku") or "" for row in rows}
        if name == "return_number":
            self._returns[number] = Return(number, lines, skus)
        elif rows[0].get("action") == "cancel":
            self._request({"request": number}).stage = "cancelled"
        else:
            place = f"{rows[0].get('ship_to_city') or ''} {rows[0].get('ship_to_country') or ''}".strip()
            self._requests[number] = Request(number, rows[0].get("order_number") or "", lines, skus, place)

    def pick(self, arguments: Mapping[str, Any]) -> tuple[str, list[Json]]:
        """`request`; optional `lines`, quantity by line id."""
        request = self._request(arguments)
        request.stage = "picked"
        return self._told(request, [self._goods(request, *line) for line in _lines(request, arguments)])

    def short(self, arguments: Mapping[str, Any]) -> tuple[str, list[Json]]:
        """`request` and `lines`, what can be shipped by line id; optional `reason`."""
        request = self._request(arguments)
        request.stage = "short"
        request.lines |= {line: str(quantity) for line, quantity in arguments["lines"].items()}
        reason = arguments.get("reason", "Not in stock")
        rows = [{**self._goods(request, line, request.lines[line]), "reason": reason} for line in arguments["lines"]]
        return self._told(request, rows)

    def refuse(self, arguments: Mapping[str, Any]) -> tuple[str, list[Json]]:
        """`request`; optional `reason`."""
        request = self._request(arguments)
        request.stage = "refused"
        return self._told(request, [{"reason": arguments.get("reason", "Cannot be shipped from here")}])

    def pack(self, arguments: Mapping[str, Any]) -> tuple[str, list[Json]]:
        """`request`; optional `packages`, each with `weight`, `length`, `width`, `height`, `lines` (quantity by id)."""
        request = self._request(arguments)
        request.stage = "packed"
        request.packages = [self._package(request, one) for one in arguments.get("packages", [{}])]
        return self._told(request, [row for package in request.packages for row in self._rows(request, package)])

    def ship(self, arguments: Mapping[str, Any]) -> tuple[str, list[Json]]:
        """`request`; optional `tracking` (one, or a list), `carrier`, `service`, `lot`, `expires_on`, `partial`."""
        request = self._request(arguments)
        packages = request.packages or [self._package(request, {"lines": arguments.get("lines", request.lines)})]
        tracking = arguments.get("tracking") or []
        codes = [tracking] * len(packages) if isinstance(tracking, str) else [*tracking, *[""] * len(packages)]
        number = f"{request.number}-S{len(request.shipments) + 1}"
        head = {
            "request_number": request.number,
            "shipment_number": number,
            "shipped_at": _now(),
            "carrier": arguments.get("carrier", "UPSN"),
            "carrier_service": arguments.get("service", ""),
            "complete": "N" if arguments.get("partial") else "Y",
        }
        extra = {name: arguments.get(name, "") for name in ("lot", "expires_on")}
        rows = [
            {**head, **row, "tracking": code, **extra}
            for package, code in zip(packages, codes, strict=False)
            for row in self._rows(request, package)
        ]
        request.shipments.append(number)
        request.stage = "partly shipped" if arguments.get("partial") else "shipped"
        request.packages = []
        self._move(rows, -1)
        return "SHIPMENT", rows

    def count(self, arguments: Mapping[str, Any]) -> tuple[str, list[Json]]:
        """Optional `levels`: on hand by SKU, from now on; by default what there is."""
        self._stock |= {sku: _quantity(quantity) for sku, quantity in arguments.get("levels", {}).items()}
        committed: defaultdict[str, Decimal] = defaultdict(Decimal)
        for request in self._requests.values():
            if request.stage in {"received", "picked", "packed", "short"}:
                for line, quantity in request.lines.items():
                    committed[request.skus[line]] += _quantity(quantity)
        return "STOCK", [self._level(sku, on_hand, committed[sku]) for sku, on_hand in self._stock.items()]

    def receive_return(self, arguments: Mapping[str, Any]) -> tuple[str, list[Json]]:
        """`return`, its number; optional `lines`, quantity by line id, `condition`, `disposition`."""
        number = str(arguments["return"])
        one = self._returns.setdefault(number, Return(number))
        at = _now()
        rows = [
            {
                "return_number": number,
                "received_at": at,
                "line_id": line,
                "sku": one.skus.get(line, ""),
                "quantity": str(quantity),
                "condition": arguments.get("condition", "as new"),
                "disposition": arguments.get("disposition", "restock"),
            }
            for line, quantity in arguments.get("lines", one.lines).items()
        ]
        if not rows:
            raise Refused(f"The return {number} was not announced: tell its lines")
        one.received += rows
        if arguments.get("disposition", "restock") == "restock":
            self._move(rows, 1)
        return "RETURN", rows

    def _request(self, arguments: Mapping[str, Any]) -> Request:
        number = str(arguments["request"])
        if number not in self._requests:
            raise Refused(f"There is no request {number}")
        return self._requests[number]

    def _told(self, request: Request, rows: Iterable[Json]) -> tuple[str, list[Json]]:
        head = {"request_number": request.number, "status": request.stage, "happened_at": _now()}
        return "STATUS", [{**_NOTHING, **head, **row} for row in rows]

    def _package(self, request: Request, wanted: Mapping[str, Any]) -> Json:
        self._packed += 1
        sscc = f"0{_GS1_PREFIX}{self._packed:09d}"
        lines = wanted.get("lines", request.lines)
        measures = {name: str(wanted.get(name, "")) for name in ("weight", "length", "width", "height")}
        number = f"{request.number}-{self._packed}"
        return {"package_id": number, "sscc": sscc + _check_digit(sscc), **measures, "lines": dict(lines)}

    def _rows(self, request: Request, package: Json) -> list[Json]:
        """A row for each line in a package; its measures stand in the first."""
        marks = {name: package[name] for name in ("package_id", "sscc")}
        measures = {name: package[name] for name in ("weight", "length", "width", "height")}
        if package["weight"]:
            measures |= {"weight_unit": "KGM", "dimension_unit": "CMT"}
        rows = [{**marks, **self._goods(request, *line)} for line in package["lines"].items()]
        rows[0] |= measures
        return rows

    def _goods(self, request: Request, line: str, quantity: Any) -> Json:
        if line not in request.lines:
            raise Refused(f"The request {request.number} has no line {line}")
        return {"line_id": line, "sku": request.skus[line], "quantity": str(quantity)}

    def _level(self, sku: str, on_hand: Decimal, committed: Decimal) -> Json:
        return {
            "node": self._node,
            "sku": sku,
            "on_hand": f"{on_hand:f}",
            "available": f"{on_hand - committed:f}",
            "committed": f"{committed:f}",
            "counted_at": _now(),
        }

    def _move(self, rows: Iterable[Mapping[str, Any]], sign: int) -> None:
        for row in rows:
            sku = row["sku"]
            self._stock[sku] = self._stock.get(sku, Decimal(0)) + sign * _quantity(row["quantity"])


_NOTHING = dict.fromkeys(
    ("request_number", "status", "happened_at", "line_id", "sku", "quantity", "reason", "package_id", "sscc"), ""
)
"""The columns of a status file that are always there."""


def _lines(request: Request, arguments: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    lines: Mapping[str, Any] = arguments.get("lines", request.lines)
    return lines.items()


def _line(row: Mapping[str, Any]) -> str:
    return str(row.get("line_id") or row.get("sku") or "")


def _quantity(text: Any) -> Decimal:
    try:
        return Decimal(str(text))
    except InvalidOperation:
        raise Refused(f"{text!r} is no quantity") from None


def _check_digit(digits: str) -> str:
    """The last digit of a GS1 number (GS1 General Specifications, 7.9): weights 3 and 1 from the right."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
