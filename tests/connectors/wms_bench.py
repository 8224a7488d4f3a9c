"""A simulated warehouse, a connector to it, and the mappings between its payloads and canonical documents."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.wms.wms_files.connector import WarehouseConnector
from connectors.wms.wms_files.settings import WarehouseConfig
from connectors.wms.wms_files.simulator import WarehouseSimulator
from hub.contract.clock import FrozenClock
from hub.contract.connector import Outbound
from hub.contract.documents import KINDS, Document
from hub.contract.format import Reject, Tree
from hub.contract.simulator import SandboxContext
from hub.contract.testkit import FakePush, fake_context
from hub.contract.testkit.fakes import MORNING
from hub.mapping import CrosswalkMissing, compile_mapping
from hub.pipelines import tree_of
from hub.source import Problems, parse

MAPPINGS = Path(__file__).parents[2] / "mappings" / "wms"
HEADER = {"source": "ledger", "source_id": "1001-F1"}
ORDER = {"number": "1001", "po_number": "PO-7", "lines": [{"line_id": "1", "sku": "MUG-BLUE"}]}
INBOUND = {
    "wms.status": ("status", "FulfilmentStatus"),
    "wms.shipment": ("shipment", "Shipment"),
    "wms.stock": ("stock", "InventoryAdvice"),
    "wms.return": ("return_receipt", "ReturnReceipt"),
}


class _Nothing:
    """The hub's answers to mappings that ask for nothing."""

    def crosswalk(self, table: str, key: str, **options: Any) -> str:
        raise CrosswalkMissing(table, key)

    def xref(self, system: str, kind: str) -> str | None:
        return None

    def sequence(self, name: str) -> int:
        raise AssertionError(name)


def mapped(name: str, tree: Any) -> Any:
    """What the mapping `wms/<name>` makes of a tree."""
    problems = Problems()
    node = parse((MAPPINGS / f"{name}.yaml").read_bytes(), f"mappings/wms/{name}.yaml", problems)
    assert node is not None
    mapping = compile_mapping(node, problems)
    problems.raise_if_errors()
    assert mapping is not None
    return mapping.run({"source": tree, "order": ORDER, "effect": "created", "target": "acme-east"}, _Nothing())


def sample(kind: str, name: str, **changes: Any) -> Any:
    """A canonical sample as mappings see it."""
    data = json.loads((MAPPINGS / "samples" / f"{name}.json").read_bytes())
    return tree_of(KINDS[kind].model_validate({"header": HEADER, **data, **changes}))


@dataclass
class Warehouse:
    """The warehouse, and the hub's part of what passes between them."""

    simulator: WarehouseSimulator
    connector: WarehouseConnector
    clock: FrozenClock
    cursor: str | None = None
    sent: int = 0
    faults: list[Reject] = field(default_factory=list)

    async def send(self, type_: str, mapping: str, document: Any) -> None:
        """Leave a document's file, as the hub does."""
        self.sent += 1
        body = self.connector.formats(self.connector.config)[type_].encode(mapped(mapping, document), type_)
        await self.connector.push(Outbound(f"t-{self.sent}", f"k-{self.sent}", type_, "", "text/csv", body), FakePush())

    async def release(self, **changes: Any) -> None:
        await self.send("wms.release", "release", sample("FulfilmentRequest", "request", **changes))

    async def announce(self, **changes: Any) -> None:
        await self.send("wms.return_order", "return_order", sample("ReturnAuthorization", "authorization", **changes))

    async def payloads(self) -> list[tuple[str, Any]]:
        """What two pulls, a minute apart, bring: payload types and trees. Rejects are put aside."""
        found: list[tuple[str, Any]] = []
        formats = self.connector.formats(self.connector.config)
        for _ in range(2):
            page = await self.connector.pull(self.cursor)
            self.cursor = page.cursor
            for item in page.items:
                body = await asyncio.to_thread(b"".join, item.body)
                for part in formats[item.type].decode([body]):
                    if isinstance(part, Tree):
                        found.append((item.type, part.data))
                    else:
                        assert isinstance(part, Reject)
                        self.faults.append(part)
            await self.connector.ack(page.items)
            self.clock.advance(60)
        return found

    async def told(self) -> list[Document]:
        """What the warehouse said, as canonical documents."""
        return [document(type_, tree) for type_, tree in await self.payloads()]

    async def does(self, action: str, **arguments: Any) -> list[Document]:
        """What the warehouse says of what it did."""
        await self.simulator.act(action, arguments)
        return await self.told()

    def state(self) -> Any:
        return self.simulator.state()


def document(type_: str, tree: Any) -> Document:
    """The canonical document of a payload, checked by its model."""
    name, kind = INBOUND[type_]
    made = mapped(name, tree)
    return KINDS[kind].model_validate({"header": {"source": "acme-east", "source_id": "1"}, **made})


@asynccontextmanager
async def opened(
    tmp_path: Path, *, by_sftp: bool = True, stock: Mapping[str, str] | None = None, **settings: Any
) -> AsyncIterator[Warehouse]:
    """A warehouse and a connection to it."""
    simulator = WarehouseSimulator(
        SandboxContext("acme-east", "http://127.0.0.1:9", tmp_path), {"stock": dict(stock or {})}
    )
    endpoint = await simulator.start()
    keys = ("host", "port", "user", "password", "host_key")
    where: dict[str, Any] = {"directory": endpoint["directory"]}
    if by_sftp:
        where = {"sftp": {key: endpoint[key] for key in keys}}
    clock = FrozenClock(MORNING)
    config = WarehouseConfig.model_validate({**where, "node": "east", **settings})
    connector = WarehouseConnector(config, fake_context("acme-east", clock=clock))
    try:
        yield Warehouse(simulator, connector, clock)
    finally:
        await connector.close()
        await simulator.stop()
