"""Files of any kind over SFTP and in a directory: what is taken, under which type, and what is left."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.generic.files.connector import FilesConnector
from connectors.generic.files.settings import FilesConfig
from connectors.generic.files.simulator import FilesSimulator
from hub.contract.clock import FrozenClock
from hub.contract.connector import Outbound
from hub.contract.errors import AuthError, ConfigError, InDoubt, RejectedMessage, TransientError
from hub.contract.format import Tree
from hub.contract.simulator import SandboxContext
from hub.contract.testkit import FakePush, fake_context
from hub.contract.testkit.fakes import MORNING, FakeState

OUT = Outbound("t-1", "key-1", "acme.release", "acme.release 1", "text/csv", b"sku\r\nA\r\n")

INBOXES = [
    {"directory": "out", "pattern": "STOCK_*.csv", "type": "acme.stock", "ready": "renamed", "csv": {"delimiter": ";"}},
    {"directory": "./out/", "pattern": "*.csv", "type": "acme.other", "ready": "renamed"},
    {"directory": "out", "pattern": "*.json", "type": "acme.order", "format": "json", "ready": "done-file"},
    {"directory": "more", "type": "acme.more", "format": "xml", "ready": "renamed", "archive": "more/kept"},
]
OUTBOXES = [{"directory": "in", "type": "acme.release", "name": "REL_{po}_{date}_{transmission}.csv"}]


@dataclass
class Bench:
    """A partner, and the hub's part of what passes between them."""

    partner: FilesSimulator
    endpoint: Mapping[str, str]
    by_sftp: bool
    clock: FrozenClock = field(default_factory=lambda: FrozenClock(MORNING))
    cursor: str | None = None

    def connect(self, inboxes: Any = INBOXES, outboxes: Any = OUTBOXES) -> FilesConnector:
        keys = ("host", "port", "user", "password", "host_key")
        where = {"sftp": {key: self.endpoint[key] for key in keys}} if self.by_sftp else {"directory": self.root}
        config = FilesConfig.model_validate({**where, "inboxes": inboxes, "outboxes": outboxes})
        return FilesConnector(config, fake_context("acme", clock=self.clock))

    @property
    def root(self) -> str:
        return self.endpoint["directory"]

    async def drop(self, name: str, content: str = "sku\nA\n", directory: str = "out") -> None:
        await self.partner.act("drop", {"name": name, "content": content, "directory": directory})

    async def take(self, connector: FilesConnector) -> dict[str, str]:
        """Pull, read and confirm: payload types by name."""
        page = await connector.pull(self.cursor)
        self.cursor = page.cursor
        items = [replace(item, body=await asyncio.to_thread(b"".join, item.body)) for item in page.items]
        await connector.ack(items)
        return {item.name: item.type for item in items}


@pytest.fixture(params=["sftp", "directory"])
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    simulator = FilesSimulator(SandboxContext("acme", "http://127.0.0.1:9", tmp_path), {"out": ["out", "more"]})
    yield Bench(simulator, await simulator.start(), request.param == "sftp")
    await simulator.stop()


@pytest.fixture
async def connector(bench: Bench) -> AsyncIterator[FilesConnector]:
    made = bench.connect()
    yield made
    await made.close()


async def test_each_file_is_taken_once_as_the_type_of_the_first_inbox_it_fits(
    bench: Bench, connector: FilesConnector
) -> None:
    for name in ("STOCK_1.csv", "other.csv", "a.json", "b.json", "b.json.done", "notes.txt"):
        await bench.drop(name)
    await bench.drop("x.xml", "<x/>", "more")
    assert await bench.take(connector) == {
        "STOCK_1.csv": "acme.stock",
        "other.csv": "acme.other",
        "b.json": "acme.order",
        "x.xml": "acme.more",
    }
    assert await bench.take(connector) == {}
    assert bench.partner.state()["files"] == {"in": [], "out": ["a.json", "notes.txt"], "more": []}
    assert sorted(os.listdir(f"{bench.root}/out/archive")) == ["STOCK_1.csv", "b.json", "b.json.done", "other.csv"]
    assert os.listdir(f"{bench.root}/more/kept") == ["x.xml"]
    assert os.listdir(f"{bench.root}/out/.claimed") == []


async def test_what_a_killed_process_claimed_keeps_its_type_and_key(bench: Bench, connector: FilesConnector) -> None:
    for name in ("STOCK_1.csv", "other.csv"):
        await bench.drop(name)
    first = await connector.pull(None)
    restarted = bench.connect()
    again = await restarted.pull(first.cursor)
    await restarted.close()
    assert _told(again.items) == _told(first.items)
    assert {item.type for item in again.items} == {"acme.stock", "acme.other"}


def _told(items: Any) -> set[tuple[str, str, str]]:
    return {(item.key, item.type, item.name) for item in items}


async def test_each_inbox_waits_for_its_own_files(bench: Bench) -> None:
    stable = [
        {"directory": "out", "type": "acme.a", "format": "json", "stable_seconds": 10},
        {"directory": "more", "type": "acme.b", "format": "json", "stable_seconds": 60},
    ]
    connector = bench.connect(stable, [])
    await bench.drop("a.json")
    await bench.drop("b.json", directory="more")
    assert await bench.take(connector) == {}
    bench.clock.advance(30)
    assert await bench.take(connector) == {"a.json": "acme.a"}
    bench.clock.advance(30)
    assert await bench.take(connector) == {"b.json": "acme.b"}
    assert await bench.take(connector) == {}
    assert bench.cursor is None
    await connector.close()


@pytest.mark.parametrize("cursor", ["", "{", "[]", '{"out/*.csv": 1}', "null"])
async def test_a_foreign_cursor_does_no_harm(bench: Bench, connector: FilesConnector, cursor: str) -> None:
    await bench.drop("STOCK_1.csv")
    bench.cursor = cursor
    assert await bench.take(connector) == {"STOCK_1.csv": "acme.stock"}


async def test_a_document_is_left_once_under_its_name(bench: Bench, connector: FilesConnector) -> None:
    out = replace(OUT, references={"po": "PO/../7"})
    push = FakePush()
    receipt = await connector.push(out, push)
    name = "REL_PO_.._7_20260302_t-1.csv"
    assert receipt.note == f"Left as in/{name}."
    bench.clock.advance(86_400)
    again = replace(out, done=push.done)
    assert await connector.find(again) is not None
    await connector.push(again, push)
    await bench.partner.act("take", {})
    await connector.push(again, push)
    state = bench.partner.state()
    assert state["effects"] == {name: 1}
    assert state["received"] == [{"directory": "in", "name": name, "content": "sku\r\nA\r\n"}]
    assert state["files"]["in"] == []


async def test_without_a_name_it_is_the_transmission_and_the_suffix(bench: Bench) -> None:
    connector = bench.connect([], [{"directory": "in", "type": "acme.release", "format": "json"}])
    await connector.push(OUT, FakePush())
    await connector.close()
    assert list(bench.partner.state()["effects"]) == ["t-1.json"]


async def test_a_type_without_an_outbox_is_refused(connector: FilesConnector) -> None:
    with pytest.raises(RejectedMessage, match="acme has no outbox"):
        await connector.push(replace(OUT, type="acme.invoice"), FakePush())


async def test_the_check_names_the_directory_that_is_missing(bench: Bench) -> None:
    connector = bench.connect(INBOXES, [{"directory": "nowhere", "type": "acme.release"}])
    health = await connector.check()
    with pytest.raises(ConfigError, match="nowhere"):
        await connector.push(OUT, FakePush())
    await connector.close()
    assert not health.ok
    assert any("nowhere" in finding for finding in health.findings)


async def test_a_cut_in_the_rename_is_settled_by_a_look(tmp_path: Path) -> None:
    simulator = FilesSimulator(SandboxContext("acme", "http://127.0.0.1:9", tmp_path), {"out": ["out", "more"]})
    bench = Bench(simulator, await simulator.start(), by_sftp=True)
    connector = bench.connect()
    for fault, arrived in (("disconnect_before_rename", False), ("disconnect_after_rename", True)):
        simulator.misbehave(fault, 1)
        push, out = FakePush(), replace(OUT, transmission=fault)
        with pytest.raises(InDoubt):
            await connector.push(out, push)
        out = replace(out, done=push.done)
        assert (await connector.find(out) is not None) is arrived
        await connector.push(out, push)
    await connector.close()
    await simulator.stop()
    assert list(simulator.state()["effects"].values()) == [1, 1]


async def test_a_host_key_that_a_person_confirmed_is_kept(tmp_path: Path) -> None:
    simulator = FilesSimulator(SandboxContext("acme", "http://127.0.0.1:9", tmp_path), {})
    endpoint = await simulator.start()
    sftp = {key: endpoint[key] for key in ("host", "port", "user", "password")}
    config = FilesConfig.model_validate({"sftp": sftp, "outboxes": OUTBOXES})
    state = FakeState()
    connector = FilesConnector(config, fake_context("acme", state=state))
    with pytest.raises(AuthError, match="crossdock connections trust acme"):
        await connector.push(OUT, FakePush())
    await state.set(f"host_key:127.0.0.1:{endpoint['port']}", endpoint["host_key"])
    await connector.push(OUT, FakePush())
    await connector.close()
    await simulator.stop()
    assert len(simulator.state()["effects"]) == 1


async def test_a_share_that_is_gone_is_tried_again(tmp_path: Path) -> None:
    config = {"directory": str(tmp_path / "mnt"), "inboxes": [{"directory": "out", "type": "acme.a"}]}
    connector = FilesConnector(FilesConfig.model_validate(config), fake_context())
    with pytest.raises(TransientError, match="mount it"):
        await connector.pull(None)
    await connector.close()


def test_each_type_is_read_as_its_settings_say() -> None:
    fixed = {"records": [{"columns": [{"name": "sku", "start": 1, "width": 3}]}]}
    old = {"directory": "old", "type": "acme.old", "format": "fixed_width", "fixed_width": fixed}
    settings = {"directory": "/mnt/acme", "inboxes": [*INBOXES, old], "outboxes": OUTBOXES}
    config = FilesConfig.model_validate(settings)
    formats = FilesConnector.formats(config)
    assert {type_: one.name for type_, one in formats.items()} == {
        "acme.stock": "csv",
        "acme.other": "csv",
        "acme.order": "json",
        "acme.more": "xml",
        "acme.old": "fixed_width",
        "acme.release": "csv",
    }
    (tree,) = formats["acme.stock"].decode([b"sku;qty\nA;1\n"])
    assert isinstance(tree, Tree)
    assert tree.data == {"sku": "A", "qty": "1"}
    assert list(formats["acme.old"].decode([b"MUG\n"])) == [Tree({"sku": "MUG"}, "line 1")]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"directory": None}, "give either sftp or directory"),
        ({"sftp": {"host": "h", "user": "u", "password": "p"}}, "give either sftp or directory"),
        ({"directory": "mnt"}, "whole path"),
        ({"inboxes": [], "outboxes": []}, "give inboxes, outboxes or both"),
        ({"inboxes": [INBOXES[0], {**INBOXES[0], "type": "acme.x"}]}, r"two of the inbox out/STOCK_\*.csv"),
        ({"outboxes": [*OUTBOXES, *OUTBOXES]}, "two of the outbox for the type acme.release"),
        ({"outboxes": [{"directory": "in", "type": "acme.stock"}]}, "the type acme.stock has two formats"),
        ({"inboxes": [{"directory": "out", "type": "acme.a", "format": "jsn"}]}, "did you mean 'json'"),
        ({"inboxes": [{"directory": "out", "type": "a b"}]}, "type"),
        ({"inboxes": [{"directory": "out", "type": "acme.a", "format": "xml", "csv": {}}]}, "csv options are for"),
        ({"inboxes": [{"directory": "out", "type": "acme.a", "format": "fixed_width"}]}, "needs fixed_width"),
        ({"outboxes": [{"directory": "in", "type": "acme.a", "name": "{transmission"}]}, "both braces"),
        ({"outboxes": [{"directory": "in", "type": "acme.a", "name": "{a.b}"}]}, "a place is"),
        ({"outboxes": [{"directory": "in", "type": "acme.a", "name": "x/{date}"}]}, "has no '/'"),
    ],
)
def test_wrong_settings_are_refused(changes: dict[str, Any], reason: str) -> None:
    right = {"directory": "/mnt/acme", "inboxes": INBOXES, "outboxes": OUTBOXES}
    with pytest.raises(ValidationError, match=reason):
        FilesConfig.model_validate({**right, **changes})
