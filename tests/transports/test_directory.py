"""A local directory as a mailbox: what is read, written and renamed, and that nothing leads out of it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from connectors.transports.directory import DirectoryTransport, LocalDirectory
from connectors.transports.files import FileInbox, InboxSettings, find_published, look, publish
from hub.contract.connector import Outbound
from hub.contract.errors import AuthError, ConfigError, CrossdockError, Duplicate, RejectedMessage, TransientError
from hub.contract.transport import FileTransport

MEGABYTE = 1024 * 1024
BIG = 64 * MEGABYTE


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The mailbox; beside it lies what nobody may get at."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(b"secret")
    mailbox = tmp_path / "mailbox"
    mailbox.mkdir()
    return mailbox


@pytest.fixture
def transport(root: Path) -> DirectoryTransport:
    return DirectoryTransport(str(root))


def names(transport: FileTransport, directory: str = "") -> list[str]:
    return [file.name for file in transport.list(directory)]


def test_what_is_written_is_listed_and_read(root: Path, transport: FileTransport) -> None:
    (root / "in").mkdir()
    transport.write("in/orders.csv", b"sku;qty\n")
    os.utime(root / "in" / "orders.csv", (1_700_000_000, 1_700_000_000))
    (file,) = transport.list("in")
    assert (file.name, file.path, file.size, file.mtime) == ("orders.csv", "in/orders.csv", 8, 1_700_000_000)
    assert b"".join(transport.read(file.path)) == b"sku;qty\n"
    transport.close()
    assert transport.exists("in/orders.csv")


def test_a_path_starts_at_the_root_with_a_slash_or_without(root: Path, transport: FileTransport) -> None:
    transport.make_directory("/in")
    transport.write("/in/./a", b"x")
    assert transport.list("/in")[0].path == "/in/a"
    assert names(transport, "/in/") == names(transport, "in") == ["a"]
    assert (root / "in" / "a").read_bytes() == b"x"
    transport.make_directory("")


def test_a_shorter_file_replaces_a_longer_one(root: Path, transport: FileTransport) -> None:
    transport.write("a", b"longer than the next")
    transport.write("a", b"short")
    transport.write("empty", b"")
    assert (root / "a").read_bytes() == b"short"
    assert list(transport.read("empty")) == []


def test_the_oldest_file_comes_first_and_only_plain_files_come(root: Path, transport: FileTransport) -> None:
    for name, mtime in (("b", 300), ("a", 200), ("c", 100)):
        (root / name).write_bytes(b"x")
        os.utime(root / name, (mtime, mtime))
    (root / "directory").mkdir()
    (root / "link").symlink_to(root / "a")
    os.mkfifo(root / "pipe")
    assert names(transport) == ["c", "a", "b"]


def test_a_rename_moves_a_file_and_keeps_its_time(root: Path, transport: FileTransport) -> None:
    (root / "a").write_bytes(b"1")
    os.utime(root / "a", (500, 500))
    transport.make_directory("taken")
    transport.make_directory("taken")
    assert transport.rename("a", "taken/a")
    assert not transport.exists("a")
    assert transport.list("taken")[0].mtime == 500


def test_a_rename_never_replaces(root: Path, transport: FileTransport) -> None:
    (root / "a").write_bytes(b"1")
    (root / "b").write_bytes(b"2")
    (root / "dangling").symlink_to(root / "nowhere")
    assert not transport.rename("a", "b")
    assert not transport.rename("a", "a")
    assert not transport.rename("a", "dangling")
    assert not transport.rename("gone", "c")
    assert sorted(os.listdir(root)) == ["a", "b", "dangling"]
    assert (root / "b").read_bytes() == b"2"


_RACER = """
import sys
from connectors.transports.directory import DirectoryTransport
transport, me = DirectoryTransport(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
print(sum(transport.rename(f"{me}.{number}", f"name.{number}") for number in range(300)))
"""


def test_of_two_processes_only_one_wins_a_name(root: Path) -> None:
    racers = []
    for me in ("a", "b"):
        for number in range(300):
            (root / f"{me}.{number}").write_bytes(me.encode())
        command = [sys.executable, "-c", _RACER, str(root), me]
        racers.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("\n")
        racer.stdin.flush()
    won = [int(racer.communicate(timeout=60)[0]) for racer in racers]
    assert sum(won) == 300
    assert len(os.listdir(root)) == 600


@pytest.mark.parametrize("raw", [b"\xff\xfe.csv", b"new\nline.csv", b"-rf *", "Bestellung Ü.csv".encode(), b"a\\b"])
def test_odd_names_are_taken_like_others(root: Path, transport: FileTransport, raw: bytes) -> None:
    Path(os.fsdecode(os.fsencode(root) + b"/" + raw)).write_bytes(b"content")
    (file,) = transport.list("")
    assert os.fsencode(file.name) == raw
    assert b"".join(transport.read(file.path)) == b"content"
    assert transport.rename(file.path, "moved")
    assert names(transport) == ["moved"]


def calls(transport: FileTransport, path: str) -> list[Any]:
    """Every call that could get at a path."""
    return [
        lambda: transport.list(path),
        lambda: list(transport.read(path)),
        lambda: list(transport.read(f"{path}/secret")),
        lambda: transport.write(f"{path}/secret", b"changed"),
        lambda: transport.write(f"{path}/new", b"changed"),
        lambda: transport.rename(f"{path}/secret", "mine"),
        lambda: transport.rename("mine", f"{path}/new"),
        lambda: transport.exists(f"{path}/secret"),
        lambda: transport.make_directory(f"{path}/new"),
    ]


@pytest.mark.parametrize("path", ["../outside", "in/../../outside", "link", "in/link", "/link/.", "nul\0l"])
def test_nothing_leads_out_of_the_root(root: Path, transport: FileTransport, path: str) -> None:
    (root / "in").mkdir()
    (root / "mine").write_bytes(b"mine")
    for place in (root, root / "in"):
        (place / "link").symlink_to(root.parent / "outside")
    for function in calls(transport, path):
        with pytest.raises(CrossdockError):
            function()
    assert os.listdir(root.parent / "outside") == ["secret"]
    assert (root.parent / "outside" / "secret").read_bytes() == b"secret"
    assert (root / "mine").read_bytes() == b"mine"


def test_an_absolute_path_is_beneath_the_root(root: Path, transport: FileTransport) -> None:
    assert not transport.exists(f"{root.parent}/outside/secret")


def test_a_link_in_the_place_of_a_file_is_not_followed(root: Path, transport: FileTransport) -> None:
    (root / "link").symlink_to(root.parent / "outside" / "secret")
    with pytest.raises(RejectedMessage, match="is a symbolic link"):
        list(transport.read("link"))
    with pytest.raises(ConfigError, match="symbolic link, which is not followed"):
        transport.write("link", b"changed")
    assert transport.rename("link", "moved")
    assert (root.parent / "outside" / "secret").read_bytes() == b"secret"


@given(st.lists(st.sampled_from(["..", ".", "", "link", "in", "secret", "outside", "\0"]), max_size=6).map("/".join))
def test_no_path_reads_what_is_outside(tmp_path_factory: pytest.TempPathFactory, path: str) -> None:
    base = tmp_path_factory.getbasetemp() / "hostile"
    if not base.exists():
        (base / "outside").mkdir(parents=True)
        (base / "outside" / "secret").write_bytes(b"secret")
        (base / "mailbox" / "in").mkdir(parents=True)
        (base / "mailbox" / "link").symlink_to(base / "outside")
    transport = DirectoryTransport(str(base / "mailbox"))
    with pytest.raises((ConfigError, RejectedMessage)):
        list(transport.read(f"{path}/secret"))


def test_the_root_may_be_a_link(root: Path) -> None:
    (root.parent / "current").symlink_to(root)
    transport = DirectoryTransport(str(root.parent / "current"))
    transport.write("a", b"x")
    assert names(transport) == ["a"]


def test_missing_things_say_what_to_do(transport: FileTransport) -> None:
    with pytest.raises(ConfigError, match="make the directory there"):
        transport.list("nope")
    with pytest.raises(ConfigError, match="make the directory there"):
        transport.write("nope/a", b"x")
    with pytest.raises(RejectedMessage, match="nope is gone"):
        list(transport.read("nope"))
    assert not transport.exists("nope")
    assert not transport.exists("nope/a")


def test_what_is_no_file_is_not_read(root: Path, transport: FileTransport) -> None:
    os.mkfifo(root / "pipe")
    for name in ("pipe", ""):
        with pytest.raises(RejectedMessage, match="is no plain file"):
            list(transport.read(name))


def test_a_file_in_the_place_of_a_directory_is_said(root: Path, transport: FileTransport) -> None:
    (root / "a").write_bytes(b"x")
    with pytest.raises(ConfigError, match="is no directory"):
        transport.make_directory("a")
    with pytest.raises(ConfigError, match="leads through a file"):
        transport.list("a")


async def test_a_share_that_is_not_mounted_can_be_tried_again(tmp_path: Path) -> None:
    transport = DirectoryTransport(str(tmp_path / "mnt"))
    with pytest.raises(TransientError, match="mount it"):
        transport.list("")
    assert not (await look(transport, ["in"])).ok
    (tmp_path / "mnt").mkdir()
    assert transport.list("") == []


def test_what_the_file_system_refuses_can_be_tried_again(transport: FileTransport) -> None:
    with pytest.raises(TransientError, match="File name too long"):
        transport.write("x" * 300, b"x")


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="no sysfs, in which nobody may make files")
def test_a_directory_without_permission_needs_a_person() -> None:
    transport = DirectoryTransport("/sys")
    with pytest.raises(AuthError, match="may not do that with crossdock in /sys"):
        transport.write("crossdock", b"x")
    with pytest.raises(AuthError):
        transport.make_directory("crossdock")


def test_a_big_file_flows_in_flat_memory(root: Path, transport: FileTransport) -> None:
    with (root / "big").open("wb") as big:
        for number in range(BIG // MEGABYTE):
            big.write(number.to_bytes(4, "big") * (MEGABYTE // 4))
    tracemalloc.start()
    try:
        size = 0
        for chunk in transport.read("big"):
            assert chunk[:4] == (size // MEGABYTE).to_bytes(4, "big")
            size += len(chunk)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size == BIG
    assert peak < 8 * MEGABYTE


def test_a_file_that_grows_is_read_as_long_as_it_was(root: Path, transport: FileTransport) -> None:
    (root / "a").write_bytes(b"x" * 3 * MEGABYTE)
    size = 0
    for chunk in transport.read("a"):
        size += len(chunk)
        with (root / "a").open("ab") as writer:
            writer.write(b"more")
    assert size == 3 * MEGABYTE


def test_threads_may_share_a_transport(root: Path, transport: FileTransport) -> None:
    bodies = {f"f{number}": os.urandom(200_000) for number in range(6)}
    read: dict[str, bytes] = {}

    def carry(name: str) -> None:
        transport.write(name, bodies[name])
        read[name] = b"".join(transport.read(name))

    threads = [threading.Thread(target=carry, args=(name,)) for name in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read == bodies
    assert len(os.listdir(root)) == 6


def test_no_handle_is_left_open(root: Path, transport: FileTransport) -> None:
    (root / "a").write_bytes(b"x" * 3 * MEGABYTE)
    before = len(os.listdir("/dev/fd"))
    chunks = transport.read("a")
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]
    for function in calls(transport, "nope"):
        try:
            function()
        except CrossdockError:
            continue
    transport.write("b", b"x")
    transport.rename("b", "c")
    assert len(os.listdir("/dev/fd")) == before


@pytest.mark.parametrize("path", ["", "exchange", "./exchange", "~/exchange", "/mnt/\0"])
def test_the_root_is_a_whole_path(path: str) -> None:
    with pytest.raises(ValidationError, match="whole path"):
        TypeAdapter(LocalDirectory).validate_python(path)


class KilledError(Exception):
    """The process is gone."""


@dataclass
class Hub:
    """A delivery as the hub keeps it."""

    transport: DirectoryTransport
    dies: bool = False
    out: Outbound = field(
        default_factory=lambda: Outbound("0197-a", "key-1", "csv.release", "r.csv", "text/csv", b"sku,quantity\n")
    )

    async def checkpoint(self, done: Mapping[str, Any]) -> None:
        self.out = replace(self.out, done=dict(done))
        if self.dies:
            self.dies = False
            raise KilledError

    async def push(self) -> str:
        return (await publish(self.transport, self.out, self, "in", "r.csv")).note

    async def find(self) -> str | None:
        found = await find_published(self.transport, self.out, "in", "r.csv")
        return found.note if found else None


@pytest.mark.parametrize("taken", [False, True], ids=["left lying", "taken at once"])
async def test_a_file_is_left_once(root: Path, transport: DirectoryTransport, taken: bool) -> None:
    (root / "in").mkdir()
    hub = Hub(transport, dies=True)
    with pytest.raises(KilledError):
        await hub.push()
    assert await hub.find() is None
    assert await hub.push() == "Left as in/r.csv."
    assert os.listdir(root / "in") == ["r.csv"]
    if taken:
        (root / "in" / "r.csv").unlink()
    assert await hub.find() is not None
    assert "earlier attempt" in await hub.push()
    assert os.listdir(root / "in") == ([] if taken else ["r.csv"])


async def test_another_file_of_that_name_is_not_touched(root: Path, transport: DirectoryTransport) -> None:
    (root / "in").mkdir()
    (root / "in" / "r.csv").write_bytes(b"another")
    with pytest.raises(RejectedMessage, match="not overwritten"):
        await Hub(transport).push()
    (root / "in" / "r.csv").write_bytes(Hub(transport).out.body)
    with pytest.raises(Duplicate):
        await Hub(transport).push()


async def test_files_are_taken_once_and_archived(root: Path, transport: DirectoryTransport) -> None:
    (root / "out").mkdir()
    (root / "out" / "link.csv").symlink_to(root.parent / "outside" / "secret")
    (root / "out" / "stock.csv").write_bytes(b"sku\nA\n")
    inbox = FileInbox(transport, InboxSettings(directory="out", ready="renamed"))
    first = await inbox.pull(None, lambda _: "csv")
    again = await FileInbox(transport, InboxSettings(directory="out", ready="renamed")).pull(None, lambda _: "csv")
    assert [item.name for item in first.items] == ["stock.csv"]
    assert [item.key for item in again.items] == [item.key for item in first.items]
    assert b"".join(again.items[0].body) == b"sku\nA\n"
    await inbox.ack(first.items)
    assert os.listdir(root / "out" / "archive") == ["stock.csv"]
    assert os.listdir(root / "out" / ".claimed") == []


async def test_a_half_written_file_waits_until_it_is_whole(root: Path, transport: DirectoryTransport) -> None:
    (root / "out").mkdir()
    inbox = FileInbox(transport, InboxSettings(directory="out", stable_seconds=0))
    cursor = None
    for piece in ("sku\n", "A\n", "B\n"):
        with (root / "out" / "stock.csv").open("a") as writer:
            writer.write(piece)
        page = await inbox.pull(cursor, lambda _: "csv")
        cursor = page.cursor
        assert page.items == []
    page = await inbox.pull(cursor, lambda _: "csv")
    assert b"".join(page.items[0].body) == b"sku\nA\nB\n"
