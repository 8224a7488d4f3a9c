"""A SAP system that reads orders from files and answers with confirmations.

Settings: `materials` (a list; any material is known without it), `import` and `respond` ("auto",
the default, or "manual": only by the actions of those names).

What arrives in `in/` is posted and moved to `in/processed`, or to `in/error` where it cannot be
posted; each order is answered by an ORDRSP in `out/`, credit memo requests are not. Each file that
gets its final name in `in/` is one effect, counted by the DOCNUM of its control record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from connectors.erp.sap_idoc.simulator_credits import CreditBook, CreditRequest, is_credit
from connectors.erp.sap_idoc.simulator_orders import (
    Decisions,
    ImportRefused,
    OrderBook,
    SalesOrder,
    one,
    purchase_order,
)
from connectors.formats.idoc import IdocFormat
from connectors.transports.simulated_mailbox import SimulatedMailbox, waiting
from hub.contract.errors import DecodeError
from hub.contract.format import Tree
from hub.contract.simulator import SandboxContext, Simulator

_FORMAT = IdocFormat()
_IN, _OUT = "in", "out"


class SapSimulator(Simulator):
    """The simulated SAP."""

    def __init__(self, context: SandboxContext, settings: Mapping[str, Any]) -> None:
        super().__init__(context, settings)
        self._mailbox = SimulatedMailbox(context.directory / "sap", self._received)
        self._book = OrderBook(settings.get("materials"))
        self._credits = CreditBook(self._book)
        self._effects: Counter[str] = Counter()
        self._documents: list[dict[str, Any]] = []
        self._refused: list[dict[str, str]] = []
        self._answers: list[dict[str, str]] = []
        self._actions: dict[str, Callable[[Mapping[str, Any]], Any]] = {
            "import": lambda _arguments: self._import(),
            "respond": self._respond_to,
            "drop": self._drop,
            "add_material": self._add_material,
        }

    async def start(self) -> Mapping[str, str]:
        """Listen; host, port, user, password, private_key and host_key of the SFTP server."""
        for name in ("processed", "error"):
            (self._mailbox.root / _IN / name).mkdir(parents=True, exist_ok=True)
        return await self._mailbox.start()

    async def stop(self) -> None:
        """Stop listening."""
        await self._mailbox.stop()

    async def act(self, action: str, arguments: Mapping[str, Any]) -> Any:
        """`import`, `respond`, `drop` or `add_material`; see the README."""
        if action not in self._actions:
            raise ValueError(f"SAP does not know the action {action!r}; it knows {', '.join(self._actions)}.")
        return self._actions[action](arguments)

    def state(self) -> Any:
        """Orders and credits by number, effects by DOCNUM, and what came and went in its order."""
        return {
            "documents": self._orders(),
            "credits": self._credits.state(),
            "effects": dict(self._effects),
            "received": [dict(document) for document in self._documents],
            "refused": [dict(refused) for refused in self._refused],
            "answers": [dict(answer) for answer in self._answers],
            "files": {name: [path.name for path in waiting(self._mailbox.root / name)] for name in (_IN, _OUT)},
        }

    def misbehave(self, fault: str, times: int) -> None:
        """One of the faults of a mailbox; see the README."""
        self._mailbox.misbehave(fault, times)

    def _orders(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for order in self._book.orders:
            entry = found.setdefault(order.purchase_order, {"orders": 0, "changes": 0, "numbers": []})
            entry["orders"] += 1
            entry["changes"] += order.changes
            entry["numbers"].append(order.number)
            entry["items"] = {item.material: f"{item.quantity:f}" for item in order.items}
        return found

    def _received(self, path: Path) -> None:
        """A file got its final name: an effect, whatever becomes of it."""
        try:
            idocs = _read(path)
        except DecodeError:
            idocs = []
        for idoc in idocs:
            control = one(idoc, "EDI_DC40")
            docnum = control.get("DOCNUM") or path.name
            self._effects[docnum] += 1
            self._documents.append(
                {"file": path.name, "type": control.get("MESTYP"), "docnum": docnum, "po": purchase_order(idoc)}
            )
        if not idocs:
            self._effects[path.name] += 1
        if self.settings.get("import", "auto") == "auto":
            self._import()

    def _import(self) -> list[str]:
        """Post what waits in `in/`, oldest first; the numbers of what was made of it."""
        numbers: list[str] = []
        for path in waiting(self._mailbox.root / _IN):
            try:
                posted = [self._post(idoc) for idoc in _read(path)]
            except (DecodeError, ImportRefused) as error:
                self._refused.append({"file": path.name, "reason": str(error)})
                path.replace(path.parent / "error" / path.name)
                continue
            path.replace(path.parent / "processed" / path.name)
            numbers += [made.number for made in posted]
            if self.settings.get("respond", "auto") == "auto":
                for made in posted:
                    if isinstance(made, SalesOrder):
                        self._respond(made, Decisions())
        return numbers

    def _post(self, idoc: Mapping[str, Any]) -> SalesOrder | CreditRequest:
        return self._credits.post(idoc) if is_credit(idoc) else self._book.post(idoc)

    def _respond_to(self, arguments: Mapping[str, Any]) -> str:
        """`po`; optional `reject` (materials), `confirm` (quantity by material), `date` (YYYY-MM-DD)."""
        confirm = arguments.get("confirm", {})
        decisions = Decisions(
            reject=frozenset(arguments.get("reject", ())),
            confirm={material: Decimal(str(quantity)) for material, quantity in confirm.items()},
            promised=date.fromisoformat(arguments["date"]) if "date" in arguments else None,
        )
        try:
            order = self._book.latest(arguments["po"])
        except ImportRefused as error:
            raise ValueError(str(error)) from None
        return self._respond(order, decisions)

    def _respond(self, order: SalesOrder, decisions: Decisions) -> str:
        tree = self._book.confirm(order, decisions)
        body = _FORMAT.encode(tree, "idoc.ordrsp")
        name = f"ORDRSP_{tree['EDI_DC40']['DOCNUM']}.xml"
        self._mailbox.leave(_OUT, name, body)
        self._answers.append({"file": name, "po": order.purchase_order, "number": order.number})
        return name

    def _drop(self, arguments: Mapping[str, Any]) -> str:
        """`name` and `content`: leave a file in `out/` with this text, whatever it is."""
        name = str(arguments["name"])
        self._mailbox.leave(_OUT, name, str(arguments["content"]).encode())
        return name

    def _add_material(self, arguments: Mapping[str, Any]) -> None:
        """`material`: know it from now on."""
        if self._book.materials is not None:
            self._book.materials.add(str(arguments["material"]))


def _read(path: Path) -> list[dict[str, Any]]:
    """The IDocs of a file; DecodeError if there are none, or one says not what it is."""
    idocs: list[dict[str, Any]] = []
    for found in _FORMAT.decode([path.read_bytes()]):
        if not isinstance(found, Tree):
            raise DecodeError(found.message, position=found.position)
        idocs.append(found.data)
    return idocs
