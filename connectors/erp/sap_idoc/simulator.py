"""A SAP system that reads orders from files and answers with confirmations.

Settings: `materials` (a list; any material is known without it), `import` and `respond` ("auto",
the default, or "manual": only by the actions of those names).

What arrives in `in/` is posted and moved to `in/processed`, or to `in/error` where it cannot be
posted; each order is answered by an ORDRSP in `out/`. Each file that gets its final name in `in/`
is one effect, counted by the DOCNUM of its control record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from connectors.erp.sap_idoc.simulator_files import FAULTS, FileServer
from connectors.erp.sap_idoc.simulator_orders import (
    Decisions,
    ImportRefused,
    OrderBook,
    SalesOrder,
    one,
    purchase_order,
)
from connectors.formats.idoc import IdocFormat
from hub.contract.errors import DecodeError
from hub.contract.format import Tree
from hub.contract.simulator import SandboxContext, Simulator

_FORMAT = IdocFormat()


class SapSimulator(Simulator):
    """The simulated SAP."""

    def __init__(self, context: SandboxContext, settings: Mapping[str, Any]) -> None:
        super().__init__(context, settings)
        self._server = FileServer(context.directory / "sap", self._received)
        self._book = OrderBook(settings.get("materials"))
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
        return await self._server.start()

    async def stop(self) -> None:
        """Stop listening."""
        await self._server.stop()

    async def act(self, action: str, arguments: Mapping[str, Any]) -> Any:
        """`import`, `respond`, `drop` or `add_material`; see the README."""
        if action not in self._actions:
            raise ValueError(f"SAP does not know the action {action!r}; it knows {', '.join(self._actions)}.")
        return self._actions[action](arguments)

    def state(self) -> Any:
        """Orders by purchase order number, effects by DOCNUM, and what came and went in its order."""
        return {
            "documents": self._orders(),
            "effects": dict(self._effects),
            "received": [dict(document) for document in self._documents],
            "refused": [dict(refused) for refused in self._refused],
            "answers": [dict(answer) for answer in self._answers],
            "files": {"in": _names(self._server.inbound), "out": _names(self._server.outbound)},
        }

    def misbehave(self, fault: str, times: int) -> None:
        """One of FAULTS; see the README."""
        if fault not in FAULTS:
            raise ValueError(f"SAP does not know the fault {fault!r}; it knows {', '.join(FAULTS)}.")
        self._server.misbehave(fault, times)

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
        """Post what waits in `in/`, oldest first; the numbers of the sales orders."""
        waiting = [path for path in self._server.inbound.iterdir() if path.is_file() and not path.name.startswith(".")]
        numbers: list[str] = []
        for path in sorted(waiting, key=lambda path: (path.stat().st_mtime_ns, path.name)):
            try:
                posted = [self._book.post(idoc) for idoc in _read(path)]
            except (DecodeError, ImportRefused) as error:
                self._refused.append({"file": path.name, "reason": str(error)})
                path.replace(path.parent / "error" / path.name)
                continue
            path.replace(path.parent / "processed" / path.name)
            numbers += [order.number for order in posted]
            if self.settings.get("respond", "auto") == "auto":
                for order in posted:
                    self._respond(order, Decisions())
        return numbers

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
        self._leave(name, body, order)
        if self._server.takes("twice"):
            self._leave(f"{name.removesuffix('.xml')}_1.xml", body, order)
        return name

    def _leave(self, name: str, body: bytes, order: SalesOrder) -> None:
        self._server.leave(name, body)
        self._answers.append({"file": name, "po": order.purchase_order, "number": order.number})

    def _drop(self, arguments: Mapping[str, Any]) -> str:
        """`name` and `content`: leave a file in `out/` with this text, whatever it is."""
        name = str(arguments["name"])
        if "/" in name:
            raise ValueError(f"{name!r} is a path; a file is dropped by its name.")
        self._server.leave(name, str(arguments["content"]).encode())
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


def _names(directory: Path) -> list[str]:
    """Names of the plain files of a directory, hidden ones left out; none before it is there."""
    if not directory.is_dir():
        return []
    return sorted(path.name for path in directory.iterdir() if path.is_file() and not path.name.startswith("."))
