"""A worker killed while it leaves files at a counterpart, and while it takes files from there."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connectors.formats.idoc import IdocFormat
from connectors.storefront.shopify.orders import order_json
from hub.contract.registry import find_simulator
from hub.contract.simulator import SandboxContext, Simulator
from hub.store import Store, tables
from tests.crash.proofs import prove_untangled, restart_worker
from tests.runtime.hubs import LocalHub, expire_leases, local_hub, rows, until
from tests.runtime.processes import Processes, killed, processes, stop
from tests.runtime.webhooks import Webhook
from tests.runtime.workspaces import shop_to_sap

ORDERS = 3
LEAVING = ["file not written", "file written, not noted", "file noted, not renamed", "file renamed, not settled"]
TAKING = ["files taken, not stored", "files stored, not moved", "files moved"]


@dataclass
class Sap:
    """A simulated SAP and its directories."""

    simulator: Simulator
    root: Path

    @property
    def effects(self) -> dict[str, int]:
        """How often each IDoc was left, by its number."""
        found: dict[str, int] = self.simulator.state()["effects"]
        return found

    def names(self, directory: str) -> list[str]:
        """The plain files of a directory."""
        folder = self.root / directory
        return sorted(path.name for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []

    def leave(self, name: str, body: bytes) -> None:
        """Leave a file for the hub to take."""
        temporary = self.root / "out" / f".{name}"
        temporary.write_bytes(body)
        temporary.rename(self.root / "out" / name)


@asynccontextmanager
async def world(database_url: str, folder: Path) -> AsyncIterator[tuple[Sap, LocalHub, Processes]]:
    """A SAP that answers nothing by itself, and a hub whose workers are real processes."""
    simulator = find_simulator("sap_idoc")(SandboxContext("erp", "", folder), {"respond": "manual"})
    access = await simulator.start()
    try:
        with local_hub(database_url, shop_to_sap(access)) as hub, processes(database_url) as started:
            yield Sap(simulator, folder / "sap"), hub, started
    finally:
        await simulator.stop()


def shop_order(number: int) -> Webhook:
    """An order as Shopify has it, whole."""
    return Webhook(f"wh-{number}", json.dumps(order_json(1000 + number)).encode(), number, 1)


def confirmation(number: int) -> bytes:
    """SAP's confirmation of an order."""
    tree: dict[str, Any] = {
        "EDI_DC40": {"TABNAM": "EDI_DC40", "DOCNUM": f"{number:016d}", "IDOCTYP": "ORDERS05", "MESTYP": "ORDRSP"},
        "E1EDK01": {"CURCY": "USD", "BELNR": f"{number:010d}"},
        "E1EDK02": [{"QUALF": "001", "BELNR": f"#{1000 + number}"}],
        "E1EDP01": [{"MENGE": "2.000", "MENEE": "EA", "E1EDP02": {"QUALF": "044", "BELNR": "1"}}],
    }
    return IdocFormat().encode(tree, "idoc.ordrsp")


@pytest.mark.parametrize("point", LEAVING)
async def test_killed_while_leaving_a_file(point: str, database_url: str, tmp_path: Path) -> None:
    async with world(database_url, tmp_path) as (sap, hub, started):
        await hub.receive(shop_order(number) for number in range(ORDERS))
        await killed(started.worker(point))
        await restart_worker(hub.store, started, ORDERS)
        assert hub.states(tables.delivery) == {"delivered": ORDERS}
        assert [*sap.effects.values()] == [1] * ORDERS
        assert sorted(order["orders"] for order in sap.simulator.state()["documents"].values()) == [1] * ORDERS
        assert sap.names("in") == []
        prove_untangled(hub.store)


@pytest.mark.parametrize("point", TAKING)
async def test_killed_while_taking_files(point: str, database_url: str, tmp_path: Path) -> None:
    async with world(database_url, tmp_path) as (sap, hub, started):
        for number in range(ORDERS):
            sap.leave(f"ORDRSP_{number}.xml", confirmation(number))
        await killed(started.worker(point))
        await take_the_rest(sap, hub.store, started, ORDERS)
        prove_taken_once(sap, hub.store, [f"ORDRSP_{number}.xml" for number in range(ORDERS)])


async def test_killed_while_a_large_file_is_being_staged(database_url: str, tmp_path: Path) -> None:
    async with world(database_url, tmp_path) as (sap, hub, started):
        large = confirmation(1).replace(b"</E1EDK01>", b"</E1EDK01>" + b"<!-- padding -->" * 400_000)
        sap.leave("ORDRSP_1.xml", large)
        await killed(started.worker("a large file's first part staged"))
        await take_the_rest(sap, hub.store, started, 1)
        prove_taken_once(sap, hub.store, ["ORDRSP_1.xml"])
        message = rows(hub.store, tables.message)[0]
        bodies = rows(hub.store, tables.body)
        assert b"".join(row["data"] for row in bodies if row["owner"] == message["id"]) == large
        assert {row["owner"] for row in bodies} == {message["id"]}


async def take_the_rest(sap: Sap, store: Store, started: Processes, files: int) -> None:
    """Let a new worker take what is left, and end it."""
    expire_leases(store)
    worker = started.worker()
    await until(
        lambda: len(sap.names("out/archive")) == files and not sap.names("out/.claimed") and all_read(store),
        "all files are in the archive and read",
    )
    await stop(worker)


def all_read(store: Store) -> bool:
    """Whether no message waits to be drained."""
    return "received" not in Counter(row["state"] for row in rows(store, tables.message))


def prove_taken_once(sap: Sap, store: Store, names: list[str]) -> None:
    """Each file is one message, and in the archive under its own name."""
    assert sorted(row["name"] for row in rows(store, tables.message)) == names
    assert sap.names("out/archive") == names
    assert sap.names("out") == []
    prove_untangled(store)
