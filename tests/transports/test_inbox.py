"""Taking files: complete ones only, each once, whatever is cut or killed in between."""

from __future__ import annotations

import asyncio
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.transports.files import FileInbox, InboxSettings, look
from connectors.transports.sftp import SftpTransport
from hub.contract.clock import FrozenClock
from hub.contract.connector import Item, Page
from hub.contract.errors import RejectedMessage, TransientError
from tests.transports.conftest import Remote
from tests.transports.sftp_server import FaultyServer

CONTENT = b"sku;qty\nA;2\n"


class Partner:
    """An inbox with its hub: keeps cursors, and takes what it has not stored under the same key and bytes yet."""

    def __init__(self, transport: SftpTransport, root: Path, directory: str = "out", **settings: Any) -> None:
        self.transport = transport
        self.out = root / "out"
        self.out.mkdir(exist_ok=True)
        self.settings = InboxSettings(directory=directory, **settings)
        self.clock = FrozenClock(datetime(2026, 5, 4, 3, 0, tzinfo=UTC))
        self.cursor: str | None = None
        self.stored: dict[tuple[str, bytes], Item] = {}
        self.restart()

    def restart(self) -> None:
        """What a new process has: nothing in memory."""
        self.inbox = FileInbox(self.transport, self.settings, self.clock)

    def drop(self, name: str, content: bytes = CONTENT, mtime: int = 1_770_000_000) -> None:
        """What the counterpart does."""
        (self.out / name).write_bytes(content)
        os.utime(self.out / name, (mtime, mtime))

    async def pull(self) -> Page:
        page = await self.inbox.pull(self.cursor, lambda name: f"csv.{name.partition('.')[0]}")
        self.cursor = page.cursor
        return page

    async def take(self) -> list[str]:
        """Pull, store and confirm; the names that were new."""
        page = await self.pull()
        new: list[str] = []
        for item in page.items:
            key = (item.key, b"".join(item.body))
            if key not in self.stored:
                self.stored[key] = item
                new.append(item.name)
        await self.inbox.ack(page.items)
        return new

    def archived(self) -> list[bytes]:
        return sorted(path.read_bytes() for path in (self.out / "archive").iterdir())


@pytest.fixture
def partner(server: FaultyServer, transport: SftpTransport) -> Partner:
    return Partner(transport, server.root, stable_seconds=10)


@pytest.fixture
def quick(server: FaultyServer, transport: SftpTransport) -> Partner:
    """A partner who renames files once they are complete."""
    return Partner(transport, server.root, ready="renamed")


@pytest.fixture
def marked(server: FaultyServer, transport: SftpTransport) -> Partner:
    """A partner who marks complete files by another one."""
    return Partner(transport, server.root, ready="done-file")


async def test_a_file_is_taken_stored_and_archived(remote: Remote) -> None:
    partner = Partner(remote.transport, remote.root, remote.path("out"), ready="renamed")
    partner.drop("stock.csv")
    page = await partner.pull()
    (item,) = page.items
    assert (item.key, item.name, item.type) == (
        f"{remote.path('out')}/stock.csv:{len(CONTENT)}:1770000000",
        "stock.csv",
        "csv.stock",
    )
    assert item.content_in_key
    assert item.headers["path"] == remote.path("out/stock.csv")
    assert b"".join(item.body) == CONTENT
    await partner.inbox.ack(page.items)
    assert (partner.out / "archive" / "stock.csv").read_bytes() == CONTENT
    assert os.listdir(partner.out / ".claimed") == []
    assert (await partner.pull()).items == []


async def test_nothing_is_read_before_the_body_is(server: FaultyServer, quick: Partner) -> None:
    quick.drop("a.csv")
    page = await quick.pull()
    assert "read" not in server.calls
    assert b"".join(page.items[0].body) == CONTENT


async def test_a_half_written_file_waits_until_it_is_whole(partner: Partner) -> None:
    partner.drop("stock.csv", CONTENT[:5])
    assert await partner.take() == []
    partner.clock.advance(60)
    partner.drop("stock.csv", CONTENT, mtime=1_770_000_060)
    assert await partner.take() == []
    partner.clock.advance(5)
    assert await partner.take() == []
    partner.clock.advance(5)
    partner.restart()
    assert await partner.take() == ["stock.csv"]
    assert partner.archived() == [CONTENT]


async def test_a_file_rewritten_in_the_same_length_waits_again(partner: Partner) -> None:
    partner.drop("stock.csv")
    await partner.take()
    partner.clock.advance(60)
    partner.drop("stock.csv", CONTENT[::-1], mtime=1_770_000_060)
    assert await partner.take() == []


async def test_a_clock_that_was_put_back_only_delays(partner: Partner) -> None:
    partner.drop("stock.csv")
    await partner.take()
    partner.clock.advance(-3600)
    assert await partner.take() == []
    partner.clock.advance(10)
    assert await partner.take() == ["stock.csv"]


@pytest.mark.parametrize("cursor", ["", "{", "[]", '{"looks": {"a": 1}}', "2026-05-04T00:00:00Z"])
async def test_a_foreign_cursor_only_delays(partner: Partner, cursor: str) -> None:
    partner.drop("stock.csv")
    partner.cursor = cursor
    assert await partner.take() == []
    partner.clock.advance(10)
    assert await partner.take() == ["stock.csv"]


async def test_a_file_taken_too_early_is_put_back_and_taken_whole(partner: Partner) -> None:
    partner.drop("stock.csv", CONTENT[:5])
    await partner.take()
    partner.clock.advance(10)
    page = await partner.pull()
    with (partner.out / ".claimed" / os.listdir(partner.out / ".claimed")[0]).open("ab") as writer:
        writer.write(CONTENT[5:])
    with pytest.raises(TransientError, match="still being written"):
        b"".join(page.items[0].body)
    assert await partner.take() == []
    partner.clock.advance(10)
    assert await partner.take() == ["stock.csv"]
    assert partner.archived() == [CONTENT]


async def test_the_nightly_feed_is_taken_again_though_nothing_changed(quick: Partner) -> None:
    for night in range(3):
        quick.drop("stock.csv", mtime=1_770_000_000 + night * 86_400)
        assert await quick.take() == ["stock.csv"]
    assert quick.archived() == [CONTENT] * 3
    assert len(quick.stored) == 3


async def test_a_name_used_again_before_the_first_is_confirmed(quick: Partner) -> None:
    quick.drop("stock.csv", b"monday", mtime=1_770_000_000)
    await quick.pull()
    quick.drop("stock.csv", b"tuesday", mtime=1_770_086_400)
    assert await quick.take() == ["stock.csv", "stock.csv"]
    assert quick.archived() == [b"monday", b"tuesday"]
    names = sorted(os.listdir(quick.out / "archive"))
    assert all(name.startswith("stock.") and name.endswith(".csv") for name in names)


async def test_what_a_killed_process_claimed_comes_again_under_its_key(quick: Partner) -> None:
    quick.drop("a.csv")
    first = await quick.pull()
    quick.restart()
    again = await quick.pull()
    assert [item.key for item in again.items] == [item.key for item in first.items]
    assert await quick.take() == ["a.csv"]
    assert quick.archived() == [CONTENT]


async def test_what_was_stored_but_not_confirmed_is_confirmed_later(quick: Partner) -> None:
    quick.drop("a.csv")
    page = await quick.pull()
    quick.stored[(page.items[0].key, b"".join(page.items[0].body))] = page.items[0]
    quick.restart()
    assert await quick.take() == []
    assert quick.archived() == [CONTENT]


async def test_confirming_twice_does_no_harm(quick: Partner) -> None:
    quick.drop("a.csv")
    page = await quick.pull()
    await quick.inbox.ack(page.items)
    quick.drop("a.csv", b"another")
    await quick.inbox.ack(page.items)
    assert await quick.take() == ["a.csv"]
    assert quick.archived() == sorted([CONTENT, b"another"])


@pytest.mark.parametrize("fault", ["before rename", "after rename", "before scandir", "before lstat", "before read"])
@pytest.mark.parametrize("ready", ["renamed", "done-file"])
async def test_a_cut_connection_loses_and_repeats_nothing(
    server: FaultyServer, transport: SftpTransport, fault: str, ready: str
) -> None:
    partner = Partner(transport, server.root, ready=ready)
    for number in range(3):
        partner.drop(f"f{number}.csv", f"{number}".encode())
        partner.drop(f"f{number}.csv.done", b"")
    if ready == "renamed":
        for number in range(3):
            (partner.out / f"f{number}.csv.done").unlink()
    taken: list[str] = []
    for cut in range(8):
        server.calls.clear()
        server.faults = [fault] if cut % 2 == 0 else []
        try:
            taken += await partner.take()
        except TransientError:
            partner.restart()
    assert sorted(item.name for item in partner.stored.values()) == ["f0.csv", "f1.csv", "f2.csv"]
    assert sorted(content for content in partner.archived() if content) == [b"0", b"1", b"2"]
    assert os.listdir(partner.out / ".claimed") == []


@pytest.mark.parametrize("cut", range(1, 9))
async def test_a_cut_at_any_rename_loses_and_repeats_nothing(
    server: FaultyServer, transport: SftpTransport, cut: int
) -> None:
    partner = Partner(transport, server.root, ready="done-file")
    for name in ("a.csv", "b.csv"):
        partner.drop(name, name.encode())
        partner.drop(f"{name}.done", b"")
    server.faults = [f"after rename {cut}"]
    for _ in range(4):
        try:
            await partner.take()
        except TransientError:
            partner.restart()
    assert server.faults == []
    assert sorted(item.name for item in partner.stored.values()) == ["a.csv", "b.csv"]
    assert [content for content in partner.archived() if content] == [b"a.csv", b"b.csv"]


async def test_two_claimers_take_every_file_under_one_key(server: FaultyServer, quick: Partner) -> None:
    for number in range(30):
        quick.drop(f"f{number:02}.csv", f"{number}".encode())
    other = Partner(SftpTransport(server.settings()), server.root, ready="renamed")
    pages = await asyncio.gather(quick.pull(), other.pull())
    keys = [{item.key for item in page.items} for page in pages]
    assert len(keys[0] | keys[1]) == 30
    await asyncio.gather(quick.inbox.ack(pages[0].items), other.inbox.ack(pages[1].items))
    await quick.take()
    assert len(quick.archived()) == 30
    other.transport.close()


async def test_without_its_done_file_nothing_is_taken(marked: Partner) -> None:
    marked.drop("a.csv")
    marked.drop("b.csv.done", b"")
    assert await marked.take() == []
    marked.drop("a.csv.done", b"")
    assert await marked.take() == ["a.csv"]
    assert sorted(path.name for path in marked.out.iterdir() if path.is_file()) == ["b.csv.done"]


async def test_an_old_done_file_does_not_let_a_new_half_file_in(marked: Partner) -> None:
    marked.drop("a.csv")
    marked.drop("a.csv.done", b"")
    page = await marked.pull()
    marked.drop("a.csv", b"half")
    assert len((await marked.pull()).items) == 1
    await marked.inbox.ack(page.items)
    assert await marked.take() == []
    assert (marked.out / "a.csv").read_bytes() == b"half"


async def test_a_claim_cut_after_its_done_file_is_finished(server: FaultyServer, marked: Partner) -> None:
    marked.drop("a.csv")
    marked.drop("a.csv.done", b"")
    server.faults = ["after rename"]
    with pytest.raises(TransientError):
        await marked.take()
    assert (marked.out / "a.csv").exists()
    marked.restart()
    assert await marked.take() == ["a.csv"]


async def test_a_done_file_whose_file_vanished_lets_no_later_one_in(server: FaultyServer, marked: Partner) -> None:
    marked.drop("a.csv")
    marked.drop("a.csv.done", b"")
    server.faults = ["after rename"]
    with pytest.raises(TransientError):
        await marked.take()
    (marked.out / "a.csv").unlink()
    assert await marked.take() == []
    marked.drop("a.csv", b"half")
    assert await marked.take() == []


async def test_a_file_that_may_not_be_read_goes_to_the_error_directory(server: FaultyServer, quick: Partner) -> None:
    quick.drop("bad.csv")
    quick.drop("good.csv", mtime=1_770_000_100)
    server.denied = b"~bad.csv"
    with pytest.raises(RejectedMessage, match="may not be read"):
        await quick.take()
    assert await quick.take() == ["good.csv"]
    assert os.listdir(quick.out / "error") == ["bad.csv"]


async def test_only_names_of_the_pattern_are_taken(server: FaultyServer, transport: SftpTransport) -> None:
    partner = Partner(transport, server.root, ready="renamed", pattern="ORDRSP_*.xml")
    for name in ("ORDRSP_1.xml", "ordrsp_2.xml", "ORDRSP_3.xml.tmp", ".ORDRSP_4.xml", "other"):
        partner.drop(name)
    assert await partner.take() == ["ORDRSP_1.xml"]


async def test_archive_and_error_may_be_elsewhere(server: FaultyServer, transport: SftpTransport) -> None:
    (server.root / "done").mkdir()
    partner = Partner(transport, server.root, ready="renamed", archive="done/stock", error="done/bad")
    partner.drop("a.csv")
    assert await partner.take() == ["a.csv"]
    assert os.listdir(server.root / "done" / "stock") == ["a.csv"]


async def test_many_files_come_in_pages(quick: Partner) -> None:
    for number in range(230):
        quick.drop(f"f{number:03}.csv", b"x", mtime=1_770_000_000 + number)
    sizes, more, order = [], [], []
    for _ in range(4):
        page = await quick.pull()
        order += [item.name for item in page.items]
        sizes.append(len(page.items))
        more.append(page.more)
        await quick.inbox.ack(page.items)
    assert (sizes, more) == ([100, 100, 30, 0], [True, True, False, False])
    assert order == [f"f{number:03}.csv" for number in range(230)]


async def test_stable_files_come_in_pages_without_waiting_again(partner: Partner) -> None:
    for number in range(150):
        partner.drop(f"f{number:03}.csv", f"{number}".encode())
    assert await partner.take() == []
    partner.clock.advance(10)
    assert len(await partner.take()) == 100
    assert len(await partner.take()) == 50
    assert await partner.take() == []
    assert partner.cursor is None


ODD = [b"\xff\xfe.csv", b"new\nline.csv", b"%2e%2e%2f.csv", b"a~b.csv", b"back\\slash.csv"]
LONG = ["Ü".encode() * 127, b"x" * 255]
NAMES = [(ready, raw) for ready in ("renamed", "stable") for raw in ODD + LONG] + [("done-file", raw) for raw in ODD]


@pytest.mark.parametrize(("ready", "raw"), NAMES)
async def test_odd_names_come_through(server: FaultyServer, transport: SftpTransport, raw: bytes, ready: str) -> None:
    partner = Partner(transport, server.root, ready=ready)
    name = os.fsdecode(raw)
    partner.drop(name)
    if ready == "done-file":
        partner.drop(f"{name}.done", b"")
    await partner.take()
    partner.clock.advance(10)
    await partner.take()
    (item,) = partner.stored.values()
    assert item.name.isprintable()
    assert json.dumps([item.key, item.name, dict(item.headers)], ensure_ascii=False).encode()
    assert sorted(content for content in partner.archived() if content) == [CONTENT]
    assert [path.name for path in partner.out.iterdir() if path.is_file()] == []


async def test_looking_takes_nothing_and_names_what_is_missing(server: FaultyServer, quick: Partner) -> None:
    quick.drop("a.csv")
    health = await look(quick.transport, ["out", "nope"])
    assert not health.ok
    assert health.findings[0] == "out: 1 file."
    assert "nope" in health.findings[1]
    assert (quick.out / "a.csv").exists()
    server.stop()
    health = await look(SftpTransport(server.settings()), ["out", "nope"])
    assert not health.ok
    assert len(health.findings) == 1
    server.restart()
