"""A simulated SAP, a connector to it, and the hub's part of a transmission's life."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from connectors.erp.sap_idoc.connector import SapIdocConfig, SapIdocConnector
from connectors.erp.sap_idoc.simulator import SapSimulator
from connectors.formats.idoc import IdocFormat
from hub.contract.clock import FrozenClock
from hub.contract.connector import Item, Outbound, Receipt
from hub.contract.format import Tree
from hub.contract.simulator import SandboxContext
from hub.contract.testkit import FakePush, fake_context
from hub.contract.testkit.fakes import MORNING

FORMAT = IdocFormat()


class Bench:
    """A SAP, a connector to it, and the hub's part of a transmission's life."""

    def __init__(self, simulator: SapSimulator, endpoint: Mapping[str, str]) -> None:
        self.sap = simulator
        self.endpoint = endpoint
        self.clock = FrozenClock(MORNING)
        self.cursor: str | None = None
        self.connector = self.connect()

    def connect(self, **account: str | None) -> SapIdocConnector:
        keys = {"host", "port", "user", "password", "host_key"}
        sftp = {key: self.endpoint[key] for key in keys} | {"timeout": 5} | account
        settings = {"sftp": sftp, "inbox": {"directory": "out"}, "outbox": {"directory": "in"}}
        return SapIdocConnector(SapIdocConfig.model_validate(settings), fake_context("acme-sap", clock=self.clock))

    async def send(self, out: Outbound) -> Receipt:
        return await self.connector.push(out, FakePush())

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

    def documents(self) -> Any:
        return self.sap.state()["documents"]


async def stored(item: Item) -> bytes:
    return await asyncio.to_thread(b"".join, item.body)


def idoc(item: Item) -> Any:
    (tree,) = FORMAT.decode([item.body])
    assert isinstance(tree, Tree)
    assert tree.type == "idoc.ordrsp"
    return tree.data


def order(
    po: str = "#1001", docnum: int = 1, lines: Mapping[str, str] | None = None, kind: str = "ORDERS", action: str = ""
) -> Outbound:
    """An order for quantities of materials, lines `L-1`, `L-2` …"""
    items = [
        {
            "POSEX": f"{number * 10:06d}",
            "ACTION": action or None,
            "MENGE": quantity,
            "MENEE": "EA",
            "VPREI": "19.90",
            "E1EDP02": [{"QUALF": "044", "BELNR": f"gid://shop/LineItem/{number}"}],
            "E1EDP19": [{"QUALF": "002", "IDTNR": material}],
        }
        for number, (material, quantity) in enumerate((lines or {"M-1": "2"}).items(), start=1)
    ]
    tree = {
        "EDI_DC40": {"IDOCTYP": "ORDERS05", "MESTYP": kind, "DOCNUM": f"{docnum:016d}"},
        "E1EDK01": {"CURCY": "EUR"},
        "E1EDK02": [{"QUALF": "001", "BELNR": po}],
        "E1EDP01": items,
    }
    type_ = f"idoc.{kind.lower()}"
    return Outbound(
        transmission=f"0199b1f2-{docnum}",
        idempotency_key=f"key-{docnum}",
        type=type_,
        name=po,
        content_type="application/xml",
        body=FORMAT.encode(tree, type_),
    )


async def opened(tmp_path: Path, **settings: Any) -> AsyncIterator[Bench]:
    simulator = SapSimulator(SandboxContext("acme-sap", "http://127.0.0.1:9", tmp_path), settings)
    bench = Bench(simulator, await simulator.start())
    try:
        yield bench
    finally:
        await bench.connector.close()
        await simulator.stop()
