"""A simulated partner, a connector to its mailbox, and the hub's part of a message's life."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from connectors.edi.x12.connector import X12Config, X12Connector
from connectors.edi.x12.simulator import X12Simulator
from hub.contract.clock import FrozenClock
from hub.contract.connector import Item, Outbound, Receipt
from hub.contract.format import Reject, Reply, Tree
from hub.contract.simulator import SandboxContext
from hub.contract.testkit import FakePush, fake_context
from hub.contract.testkit.fakes import MORNING

ORDER: Mapping[str, Any] = {
    "po": "PO-4711",
    "ship_to": {
        "name": "Northwind DC East",
        "id": "0044",
        "street": "12 Harbour Street",
        "city": "Portland",
        "region": "ME",
        "postcode": "04101",
    },
    "lines": [
        {"sku": "MUG-BLUE", "upc": "614141000012", "quantity": 24, "price": "12.50", "unit": "CA"},
        {"sku": "TEA", "buyer_item": "778", "quantity": 2, "price": "8.90", "description": "Earl Grey"},
    ],
}
"""An order as the action `send_orders` takes it."""


class Numbers:
    """Running numbers of one connection, as the hub gives them."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def next(self, name: str, *, most: int) -> int:
        self._last[name] = self._last.get(name, 0) % most + 1
        return self._last[name]


class Bench:
    """A partner, a connector to it, and what the hub would do between them."""

    def __init__(self, partner: X12Simulator, endpoint: Mapping[str, str]) -> None:
        self.partner = partner
        self.endpoint = endpoint
        self.clock = FrozenClock(MORNING)
        self.numbers = Numbers()
        self.cursor: str | None = None
        self._transmissions = count(1)
        self.connector = self.connect()

    def config(self, **settings: Any) -> X12Config:
        """Settings that reach the partner, but for those that are given."""
        account = {key: self.endpoint[key] for key in ("host", "port", "user", "password", "host_key")}
        usual = {
            "sftp": {**account, "timeout": 5},
            "inbox": {"directory": "out"},
            "outbox": {"directory": "in"},
            "us": {"id": self.endpoint["hub_id"]},
            "them": {"id": self.endpoint["partner_id"]},
        }
        chosen = {key: value for key, value in {**usual, **settings}.items() if value is not None}
        return X12Config.model_validate(chosen)

    def connect(self, **settings: Any) -> X12Connector:
        """Another connector to the same mailbox."""
        return X12Connector(self.config(**settings), fake_context("northwind", clock=self.clock))

    def outbound(self, type_: str, tree: Any) -> Outbound:
        """A set, frozen with the next numbers."""
        body = self.connector.formats(self.connector.config)[type_].encode(tree, type_, self.numbers)
        transmission = f"0199b1f2-{next(self._transmissions)}"
        return Outbound(transmission, transmission, type_, type_, "application/edi-x12", body)

    async def send(self, type_: str, tree: Any) -> Receipt:
        """Freeze and push a set."""
        return await self.connector.push(self.outbound(type_, tree), FakePush())

    async def pull(self, looks: int = 2) -> list[Item]:
        """What `looks` pulls, a minute apart, bring; stored and acknowledged."""
        found: list[Item] = []
        for _ in range(looks):
            page = await self.connector.pull(self.cursor)
            self.cursor = page.cursor
            found += [replace(item, body=await stored(item)) for item in page.items]
            await self.connector.ack(page.items)
            self.clock.advance(60)
        return found

    def decode(self, item: Item) -> list[Tree | Reject | Reply]:
        """The parts of a file, read as the connection's settings say."""
        assert isinstance(item.body, bytes)
        return list(self.connector.formats(self.connector.config)[item.type].decode([item.body]))

    async def pull_trees(self) -> list[Tree]:
        """The accepted sets of all files that are there; the sender is told what it is owed."""
        trees: list[Tree] = []
        for item in await self.pull():
            for part in self.decode(item):
                if isinstance(part, Reply):
                    await self.send(part.type, part.data)
                elif isinstance(part, Tree):
                    trees.append(part)
        return trees

    def received(self, type_: str) -> Any:
        """The facts that the partner has of our sets of a type, by their number."""
        return self.partner.state()["received"][type_]

    def acknowledgements(self) -> Any:
        """Our 997s as the partner read them, by the number of its group."""
        return self.partner.state()["acknowledgements"]


async def stored(item: Item) -> bytes:
    """The item's body, read as the hub reads it: once, in a thread."""
    return await asyncio.to_thread(b"".join, item.body)


async def opened(tmp_path: Path, **settings: Any) -> AsyncIterator[Bench]:
    """A bench whose partner has these settings, closed in the end."""
    partner = X12Simulator(SandboxContext("northwind", "http://127.0.0.1:9", tmp_path), settings)
    bench = Bench(partner, await partner.start())
    try:
        yield bench
    finally:
        await bench.connector.close()
        await partner.stop()
