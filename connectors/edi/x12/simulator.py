"""A trading partner with an SFTP mailbox: a retailer that orders, and a warehouse that ships.

Settings: `partner` and `hub` (each `qualifier`, `id`, `group_id`: what the two call themselves),
`warehouse` (its code), `usage` (P, the default, or T), `acknowledge` ("manual", the default, or "auto": a 997 for
each group as it comes).

What arrives in `in/` is read at once and moved to `in/processed`, or to `in/error` where it cannot
be read. Each file that gets its name there is one effect, counted by its interchange number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from connectors.edi.x12.simulator_book import Book
from connectors.edi.x12.simulator_sets import Despatch, acknowledgement, purchase_order, shipping_advice, stock_report
from connectors.edi.x12.simulator_text import Ids, Sender, Unreadable, read
from connectors.transports.simulated_mailbox import FAULTS as MAILBOX_FAULTS
from connectors.transports.simulated_mailbox import SimulatedMailbox, waiting
from hub.contract.simulator import SandboxContext, Simulator

_IN, _OUT = "in", "out"
_PROCESSED, _ERROR = "processed", "error"

_NAME_REUSED: Final = "name_reused"
FAULTS: Final = (*MAILBOX_FAULTS, _NAME_REUSED)
"""Names of the faults, as `Simulator.misbehave` takes them."""


@dataclass(frozen=True)
class _Ordered:
    """What was sent under one interchange number: the orders, and the text they became."""

    orders: Sequence[Mapping[str, Any]]
    text: str


class X12Simulator(Simulator):
    """The simulated partner."""

    def __init__(self, context: SandboxContext, settings: Mapping[str, Any]) -> None:
        super().__init__(context, settings)
        self._partner = _ids(settings.get("partner", {}), "NORTHWIND")
        self._hub = _ids(settings.get("hub", {}), "ACME")
        self._sender = Sender(self._partner, self._hub, str(settings.get("usage", "P")))
        self._warehouse = str(settings.get("warehouse", "WH1"))
        self._mailbox = SimulatedMailbox(context.directory / "x12", self._received, [_IN], [_OUT])
        self._book = Book()
        self._effects: Counter[str] = Counter()
        self._refused: list[dict[str, str]] = []
        self._sent: list[dict[str, Any]] = []
        self._orders: dict[int, _Ordered] = {}
        self._number = 0
        self._names_reused = 0
        self._last_name = ""
        self._actions: dict[str, Callable[[Mapping[str, Any]], Any]] = {
            "send_orders": self._send_orders,
            "send_again": self._send_again,
            "drop": self._drop,
            "acknowledge": self._acknowledge,
            "ship": self._ship,
            "stock": self._stock,
        }

    async def start(self) -> Mapping[str, str]:
        """Listen; how to sign in, `directory` (the mailbox itself), and the ids of both sides."""
        endpoint = await self._mailbox.start()
        for name in (_PROCESSED, _ERROR):
            (self._mailbox.root / _IN / name).mkdir(exist_ok=True)
        return {
            **endpoint,
            "partner_id": self._partner.id,
            "partner_group_id": self._partner.group_id,
            "hub_id": self._hub.id,
            "hub_group_id": self._hub.group_id,
        }

    async def stop(self) -> None:
        """Stop listening."""
        await self._mailbox.stop()

    async def act(self, action: str, arguments: Mapping[str, Any]) -> Any:
        """`send_orders`, `send_again`, `drop`, `acknowledge`, `ship` or `stock`; see the README."""
        if action not in self._actions:
            raise ValueError(f"The partner does not know the action {action!r}; it knows {', '.join(self._actions)}.")
        self._mailbox.collect()
        return self._actions[action](arguments)

    def state(self) -> Any:
        """What was received by type and number, what it acknowledged, and effects by interchange number."""
        self._mailbox.collect()
        return {
            **self._book.state(),
            "effects": dict(self._effects),
            "refused": [dict(refused) for refused in self._refused],
            "sent": [dict(sent) for sent in self._sent],
            "files": {name: [path.name for path in waiting(self._mailbox.root / name)] for name in (_IN, _OUT)},
        }

    def misbehave(self, fault: str, times: int) -> None:
        """One of FAULTS; see the README."""
        if fault not in FAULTS:
            raise ValueError(f"The partner does not know the fault {fault!r}; it knows {', '.join(FAULTS)}.")
        if fault == _NAME_REUSED:
            self._names_reused += times
        else:
            self._mailbox.misbehave(fault, times)

    def _received(self, path: Path) -> None:
        """A file got its name: an effect, whatever becomes of it."""
        text = path.read_bytes().decode("utf-8", "replace")
        try:
            sets = read(text)
        except Unreadable as error:
            self._effects[path.name] += 1
            self._refused.append({"file": path.name, "reason": str(error)})
            path.replace(path.parent / _ERROR / path.name)
            return
        self._effects[sets[0].interchange if sets else path.name] += 1
        path.replace(path.parent / _PROCESSED / path.name)
        for one in sets:
            self._book.enter(one)
        if self.settings.get("acknowledge", "manual") == "auto":
            self._acknowledge({})

    def _send_orders(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """`orders`; optional `control` (interchange number), `copies`, `name`."""
        number = self._next(arguments.get("control"))
        orders = [dict(order) for order in arguments["orders"]]
        self._orders[number] = _Ordered(orders, self._order_text(number, orders))
        return self._send_text("850", number, self._orders[number].text, arguments)

    def _send_again(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Optional `control` (by default the last orders), `changed` (other content), `copies`, `name`."""
        if not self._orders:
            raise ValueError("No orders were sent yet; use send_orders first.")
        number = int(arguments.get("control", next(reversed(self._orders))))
        if number not in self._orders:
            raise ValueError(f"No orders were sent under control number {number}.")
        ordered = self._orders[number]
        text = self._order_text(number, map(_more, ordered.orders)) if arguments.get("changed") else ordered.text
        name = {"name": f"850_{number:09d}_again{len(self._sent)}.edi"}
        return self._send_text("850", number, text, {**name, **arguments})

    def _drop(self, arguments: Mapping[str, Any]) -> str:
        """`name` and `content`; optional `slowly`: leave a file in `out/` with this text, whatever it is."""
        name = str(arguments["name"])
        if arguments.get("slowly"):
            self._mailbox.misbehave("half_written", 1)
        self._mailbox.leave(_OUT, name, str(arguments["content"]).encode())
        return name

    def _acknowledge(self, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Optional `type` (of the set it answers, 856), `accepted` (true): a 997 for each group not yet answered."""
        accepted = bool(arguments.get("accepted", True))
        answered = self._book.unanswered(arguments.get("type"))
        return [self._send("997", [acknowledgement(sets, accepted=accepted)]) for sets in answered]

    def _ship(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Optional `request` (else all that is open), `cartons`, `carrier`, `bill`, `quantities`, `lots` by SKU."""
        requests = self._book.open_requests(arguments.get("request"))
        if not requests:
            raise ValueError(
                f"There is no open request {arguments.get('request', '')}; known: {self._book.requests()}."
            )
        sets = []
        for request in requests:
            serial = self._book.shipment_number()
            despatch = _despatch(f"SH{serial:06d}", arguments)
            sets.append(shipping_advice(request, despatch, self._warehouse, serial, _now()))
            request.shipped = True
        return {**self._send("945", sets), "requests": [request.number for request in requests]}

    def _stock(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """`levels`; optional `number` of the report."""
        number = str(arguments.get("number", f"INV{self._number + 1:06d}"))
        return self._send("846", [stock_report(arguments["levels"], self._warehouse, number, _now())])

    def _order_text(self, number: int, orders: Iterable[Mapping[str, Any]]) -> str:
        now = _now()
        return self._sender.interchange(number, "850", [purchase_order(order, now) for order in orders], now)

    def _send(self, kind: str, sets: Sequence[Sequence[str]]) -> dict[str, Any]:
        number = self._next(None)
        return self._send_text(kind, number, self._sender.interchange(number, kind, sets, _now()), {})

    def _send_text(self, kind: str, number: int, text: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Leave an interchange, `copies` times; what was sent, as the state shows it."""
        name = self._file_name(str(arguments.get("name", f"{kind}_{number:09d}.edi")))
        files = [name, *(f"copy{copy}_{name}" for copy in range(1, int(arguments.get("copies", 1))))]
        for file in files:
            self._mailbox.leave(_OUT, file, text.encode())
        sent = {"type": kind, "interchange": f"{number:09d}", "group": str(number), "files": files}
        self._sent.append(sent)
        return sent

    def _file_name(self, name: str) -> str:
        """The name, or the last one again while that fault is due."""
        if self._names_reused and self._last_name:
            self._names_reused -= 1
            return self._last_name
        self._last_name = name
        return name

    def _next(self, wanted: Any) -> int:
        self._number = self._number + 1 if wanted is None else int(wanted)
        return self._number


def _ids(given: Mapping[str, str], name: str) -> Ids:
    """What a party calls itself; its group id is its id unless it has one of its own."""
    identifier = given.get("id", name)
    return Ids(given.get("qualifier", "ZZ"), identifier, given.get("group_id", identifier))


def _now() -> datetime:
    return datetime.now(UTC)


def _more(order: Mapping[str, Any]) -> dict[str, Any]:
    """The order with one more of its first line."""
    first, *rest = order["lines"]
    return {**order, "lines": [{**first, "quantity": f"{Decimal(str(first['quantity'])) + 1:f}"}, *rest]}


def _despatch(number: str, arguments: Mapping[str, Any]) -> Despatch:
    given = {key: arguments[key] for key in ("carrier", "bill", "lots") if key in arguments}
    quantities = {sku: Decimal(str(quantity)) for sku, quantity in arguments.get("quantities", {}).items()}
    return Despatch(number, int(arguments.get("cartons", 1)), quantities=quantities, **given)
