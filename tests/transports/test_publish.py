"""Leaving a file: exactly once, whatever is cut or killed in between, and never over another."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.transports._file_names import checked, claimed_name, free_name, original_name, quoted, shown, unquoted
from connectors.transports.files import FileInbox, InboxSettings, call, find_published, publish
from connectors.transports.sftp import SftpTransport
from hub.contract.connector import Outbound, Receipt
from hub.contract.errors import ConfigError, Duplicate, InDoubt, RejectedMessage, TransientError
from tests.transports.conftest import Remote
from tests.transports.sftp_server import FaultyServer

BODY = b"<ORDERS05/>" * 10
NAME = "ORDERS_4711.xml"


class KilledError(Exception):
    """The process is gone."""


@dataclass
class Hub:
    """A delivery as the hub keeps it: what was checkpointed is in the next attempt's `done`."""

    transport: SftpTransport
    directory: str = "in"
    out: Outbound = field(
        default_factory=lambda: Outbound("0197-a", "key-1", "idoc.orders", NAME, "application/xml", BODY)
    )
    dies: str = ""

    async def checkpoint(self, done: Mapping[str, Any]) -> None:
        if self.dies == "before checkpoint":
            self.dies = ""
            raise KilledError
        self.out = replace(self.out, done=dict(done))
        if self.dies == "after checkpoint":
            self.dies = ""
            raise KilledError

    async def push(self, name: str = NAME) -> Receipt:
        return await publish(self.transport, self.out, self, self.directory, name)

    async def find(self, name: str = NAME) -> Receipt | None:
        return await find_published(self.transport, self.out, self.directory, name)


@dataclass
class Erp:
    """The counterpart: what it finds under a name it reads, it takes, and counts."""

    server: FaultyServer
    taken: list[bytes] = field(default_factory=list)

    def take(self) -> None:
        for path in sorted((self.server.root / "in").iterdir()):
            if not path.name.startswith("."):
                self.taken.append(path.read_bytes())
                path.unlink()


@pytest.fixture
def hub(server: FaultyServer, transport: SftpTransport) -> Hub:
    (server.root / "in").mkdir()
    return Hub(transport)


@pytest.fixture
def erp(server: FaultyServer) -> Erp:
    return Erp(server)


async def test_a_file_appears_whole_under_its_name(remote: Remote) -> None:
    hub = Hub(remote.transport, remote.base)
    receipt = await hub.push()
    assert receipt.note == f"Left as {remote.path(NAME)}."
    assert os.listdir(remote.root) == [NAME]
    assert (remote.root / NAME).read_bytes() == BODY


async def test_bytes_arrive_before_the_name_does(server: FaultyServer, hub: Hub) -> None:
    await hub.push()
    calls = [call for call in server.calls if call in {"write", "rename"}]
    assert calls == ["write", "rename"]


CUTS = ["before lstat 1", "before write", "after write", "before lstat 2", "before rename", "after rename"]
DEATHS = ["before checkpoint", "after checkpoint"]


@pytest.mark.parametrize("step", CUTS + DEATHS)
@pytest.mark.parametrize("eager", [False, True], ids=["left lying", "taken at once"])
@pytest.mark.parametrize("looks_up", [False, True], ids=["pushes again", "looks up first"])
async def test_cut_at_any_step_it_arrives_once(
    server: FaultyServer, hub: Hub, erp: Erp, step: str, eager: bool, looks_up: bool
) -> None:
    server.faults = [step] if step in CUTS else []
    hub.dies = step if step in DEATHS else ""
    with pytest.raises((KilledError, TransientError, InDoubt)):
        await hub.push()
    if eager:
        erp.take()
    found = await hub.find() if looks_up else None
    if found is None:
        await hub.push()
    erp.take()
    assert erp.taken == [BODY]
    assert await hub.find() is not None
    assert os.listdir(server.root / "in") == []


async def test_the_look_up_tells_every_state_apart(hub: Hub, erp: Erp) -> None:
    assert await hub.find() is None
    hub.dies = "before checkpoint"
    with pytest.raises(KilledError):
        await hub.push()
    assert await hub.find() is None
    hub.dies = "after checkpoint"
    with pytest.raises(KilledError):
        await hub.push()
    assert await hub.find() is None
    await hub.push()
    there = await hub.find()
    assert there is not None
    assert there.note.endswith("it is there.")
    erp.take()
    gone = await hub.find()
    assert gone is not None
    assert gone.note.endswith("the counterpart has taken it.")


async def test_a_push_after_it_was_taken_leaves_nothing(server: FaultyServer, hub: Hub, erp: Erp) -> None:
    server.faults = ["after rename"]
    with pytest.raises(InDoubt):
        await hub.push()
    erp.take()
    receipt = await hub.push()
    assert "earlier attempt" in receipt.note
    erp.take()
    assert erp.taken == [BODY]


async def test_another_file_of_that_name_is_not_touched(server: FaultyServer, hub: Hub, erp: Erp) -> None:
    (server.root / "in" / NAME).write_bytes(b"another order")
    with pytest.raises(RejectedMessage, match="taken by another file, which is not overwritten"):
        await hub.push()
    assert await hub.find() is None
    assert os.listdir(server.root / "in") == [NAME]
    erp.take()
    await hub.push()
    erp.take()
    assert erp.taken == [b"another order", BODY]


async def test_another_file_that_comes_between_is_not_touched(server: FaultyServer, hub: Hub, erp: Erp) -> None:
    hub.dies = "after checkpoint"
    with pytest.raises(KilledError):
        await hub.push()
    (server.root / "in" / NAME).write_bytes(b"another order")
    with pytest.raises(RejectedMessage):
        await hub.push()
    erp.take()
    await hub.push()
    erp.take()
    assert erp.taken == [b"another order", BODY]


@pytest.mark.parametrize("other", [BODY + b" ", BODY[:-1], b"", b"x" + BODY[1:]])
async def test_only_the_very_same_bytes_are_a_duplicate(server: FaultyServer, hub: Hub, other: bytes) -> None:
    (server.root / "in" / NAME).write_bytes(other)
    with pytest.raises(RejectedMessage):
        await hub.push()
    (server.root / "in" / NAME).write_bytes(BODY)
    with pytest.raises(Duplicate):
        await hub.push()
    assert await hub.find() is not None


async def test_the_name_noted_at_first_stays(server: FaultyServer, hub: Hub) -> None:
    hub.dies = "after checkpoint"
    with pytest.raises(KilledError):
        await hub.push("ORDERS_at_0300.xml")
    await hub.push("ORDERS_at_0301.xml")
    assert os.listdir(server.root / "in") == ["ORDERS_at_0300.xml"]


async def test_other_checkpoints_are_kept(hub: Hub) -> None:
    hub.out = replace(hub.out, done={"created": "4711"})
    await hub.push()
    assert hub.out.done == {"created": "4711", "written": NAME}


async def test_a_missing_directory_is_said(hub: Hub) -> None:
    hub.directory = "nowhere"
    with pytest.raises(ConfigError, match="make the directory there"):
        await hub.push()


HOSTILE = ["", ".", "..", "../x", "a/b", "/etc/passwd", ".hidden", "a\nb", "a\0b", "x" * 201, "\udcff", "a\u202eb"]


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_name_that_leads_elsewhere_is_refused(server: FaultyServer, hub: Hub, name: str) -> None:
    with pytest.raises(RejectedMessage):
        await hub.push(name)
    with pytest.raises(RejectedMessage):
        await hub.find(name)
    assert os.listdir(server.root / "in") == []
    assert os.listdir(server.root) == ["in"]


async def test_all_share_a_transport_and_none_disturbs_another(server: FaultyServer, hub: Hub, erp: Erp) -> None:
    (server.root / "out").mkdir()
    for number in range(20):
        (server.root / "out" / f"f{number}").write_bytes(os.urandom(100_000))
    expected = sorted(path.read_bytes() for path in (server.root / "out").iterdir())
    inbox = FileInbox(hub.transport, InboxSettings(directory="out", ready="renamed"))
    bodies = [f"order {number}".encode() for number in range(20)]
    hubs = [
        Hub(hub.transport, out=replace(hub.out, transmission=f"0197-{number}", body=body))
        for number, body in enumerate(bodies)
    ]

    async def pull() -> list[bytes]:
        page = await inbox.pull(None, lambda _: "csv")
        return [await asyncio.to_thread(b"".join, item.body) for item in page.items]

    results = await asyncio.gather(pull(), *(one.push(f"{number}.txt") for number, one in enumerate(hubs)))
    assert sorted(results[0]) == expected
    erp.take()
    assert sorted(erp.taken) == sorted(bodies)
    assert len(server.connections) == 1


async def test_a_caller_that_gave_up_does_not_let_calls_overlap(hub: Hub) -> None:
    writes = [asyncio.create_task(call(hub.transport, hub.transport.write, "in/a", BODY)) for _ in range(5)]
    await asyncio.sleep(0)
    for task in writes[::2]:
        task.cancel()
    await asyncio.gather(*writes, return_exceptions=True)
    assert b"".join(await call(hub.transport, lambda: list(hub.transport.read("in/a")))) == BODY


def raw_names() -> st.SearchStrategy[str]:
    return st.binary(min_size=1, max_size=255).filter(lambda raw: b"/" not in raw and b"\0" not in raw).map(os.fsdecode)


@given(raw_names())
def test_any_name_survives_claiming(name: str) -> None:
    claim = claimed_name(name)
    original = original_name(claim)
    assert original is not None
    assert os.fsencode(name).endswith(os.fsencode(original))
    assert original == name or len(os.fsencode(original)) == 200
    assert len(os.fsencode(free_name(claim))) <= 255
    assert len(os.fsencode(claim)) <= 255
    assert original_name(claimed_name(original)) == original


@given(raw_names())
def test_any_name_can_be_kept_as_text(name: str) -> None:
    assert shown(name).isprintable()
    assert shown(name).encode()
    assert unquoted(quoted(name)) == name
    assert quoted(name).isascii()


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=300))
def test_a_checked_name_stays_in_its_directory(name: str) -> None:
    fine = "/" not in name and name[0] != "." and len(name.encode()) <= 200
    if fine:
        assert os.path.normpath(f"in/{checked(name)}") == f"in/{name}"
    else:
        with pytest.raises(RejectedMessage):
            checked(name)
