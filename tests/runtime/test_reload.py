"""Live reload: real processes follow the active version while orders flow; nothing is lost or done twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.operations.configuration.activating import put_in_force, roll_back
from hub.operations.configuration.versions import list_processes
from hub.store import tables
from hub.workspace import Workspace, load
from hub.workspace.versions import Purpose, short_version
from tests.runtime.hubs import LocalHub, local_hub, rows, until
from tests.runtime.processes import Processes, processes, stop
from tests.runtime.sinks import HOLD, Sink
from tests.runtime.webhooks import Webhook, post, send_all, webhook
from tests.runtime.workspaces import SECRET, SHOP, http_target, shop_to_targets

Texts = Mapping[str, str]
CONNECTION = "config/connections"
MAPPING = "mappings/test/sink_order.yaml"
SHOP_FILE = SHOP.replace(SECRET, "${env:SHOP_SECRET}")
DROP = """\
connection: drop
type: files
every: EVERY
directory: DIRECTORY
inboxes:
  - {directory: in, pattern: "*.txt", type: drop.text, format: json, ready: renamed}
"""


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """An empty database for what does not depend on which kind it is."""
    return f"sqlite:///{tmp_path / 'crossdock.db'}"


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shop's secret, where its file refers to it."""
    monkeypatch.setenv("SHOP_SECRET", SECRET)


@dataclass
class World:
    """A hub whose web process listens at `port` and whose workers are processes; its orders go to `sink`."""

    hub: LocalHub
    started: Processes
    sink: Sink
    files: dict[str, str]
    port: int = 0
    first: str = ""

    def apply(self, changes: Texts, *, without: str = "") -> Workspace:
        """Put the files in force as they are after some changes."""
        self.files = {path: text for path, text in {**self.files, **changes}.items() if path != without}
        loaded = load({path: text.encode() for path, text in self.files.items()})
        loaded.problems.raise_if_errors()
        assert loaded.workspace is not None
        now = self.hub.clock.now()
        put_in_force(self.hub.store, loaded.workspace, purpose=Purpose.APPLY, actor="test", at=now)
        return loaded.workspace

    async def all_run(self, version: str, count: int) -> None:
        """Wait until so many processes say that they run a version."""
        await until(lambda: self.running() == [version] * count, f"{count} processes run the version")

    def running(self) -> list[str]:
        """The versions that the processes say they run."""
        return [one.version for one in list_processes(self.hub.store)]

    def notes(self) -> list[str]:
        """What the processes say of the configuration, if anything."""
        return [one.note for one in list_processes(self.hub.store) if one.note]

    async def receive(self, *webhooks: Webhook) -> None:
        """Send webhooks; each must be acknowledged."""
        await send_all(self.port, webhooks)

    async def settled(self, deliveries: int) -> None:
        """Wait until so many deliveries are delivered, and there are no others."""
        done = {"delivered": deliveries}
        await until(lambda: self.hub.states(tables.delivery) == done, f"{deliveries} are delivered")

    def versions_of(self, table: Any) -> set[str]:
        """The versions that rows name."""
        return {row["config_version"] for row in self.hub.rows(table)}


@asynccontextmanager
async def world(database_url: str, *, workers: int = 1, web: bool = True, concurrency: int = 8) -> AsyncIterator[World]:
    """A hub that runs, with one target."""
    async with Sink() as sink:
        files = shop_to_targets({"erp": http_target("erp", sink.url("erp"), concurrency=concurrency)})
        files[f"{CONNECTION}/shop.yaml"] = SHOP_FILE
        with local_hub(database_url, files) as hub, processes(database_url) as started:
            here = World(hub, started, sink, dict(files))
            here.first = hub.workspace.version
            for _ in range(workers):
                started.worker()
            if web:
                _, here.port = await started.web()
            await here.all_run(here.first, workers + web)
            yield here


def renamed(field: str) -> dict[str, str]:
    """A mapping that says the order's number under another name."""
    text = shop_to_targets({"erp": ""})[MAPPING]
    return {MAPPING: text.replace("  order: source", f"  {field}: source")}


async def test_versions_change_and_are_rolled_back_while_webhooks_flow(database_url: str) -> None:
    """Two workers; orders come all the while, and each is done once, under a version that was active."""
    async with world(database_url, workers=2) as here:
        first = here.first
        pending = [webhook(number) for number in range(60)]
        sending = asyncio.create_task(send_all(here.port, pending, connections=2))
        second = here.apply(renamed("second")).version
        await here.all_run(second, 3)
        third = here.apply(renamed("third")).version
        await here.all_run(third, 3)
        roll_back(here.hub.store, first[:8], actor="test", clock=here.hub.clock)
        await here.all_run(first, 3)
        await sending
        await here.receive(webhook(100))
        await here.settled(61)
        assert set(here.sink.keys("erp").values()) == {1}
        assert len(here.sink.keys("erp")) == 61
        assert here.versions_of(tables.document) <= {first, second, third}
        assert "order" in next(
            said for said in here.sink.said("erp") if 6_402_100_000_100 in map(_number, said.values())
        )
        purposes = [row["purpose"] for row in rows(here.hub.store, tables.config_activation)]
        assert purposes == ["run", "apply", "apply", "rollback"]


def _number(said: object) -> int:
    return int(said) if isinstance(said, str) and said.isdigit() else 0


async def test_a_delivery_under_way_ends_under_the_version_it_began_with(sqlite_url: str) -> None:
    async with world(sqlite_url) as here:
        here.sink.answers("erp", HOLD)
        await here.receive(webhook(1))
        await until(lambda: here.sink.has(1), "it is under way")
        version = here.apply({f"{CONNECTION}/crm.yaml": http_target("crm", here.sink.url("crm"))} | _route_to("crm"))
        await here.all_run(version.version, 2)
        await here.receive(webhook(2))
        await until(lambda: here.sink.keys("crm"), "the new connection is sent to while the old one waits")
        here.apply({}, without=f"{CONNECTION}/erp.yaml")
        await until(lambda: len(set(here.running())) == 1 and here.running()[0] != version.version, "erp is gone")
        here.sink.release()
        await until(lambda: here.hub.states(tables.delivery)["delivered"] == 2, "both are settled")
        assert here.hub.states(tables.delivery, connection="erp") == {"delivered": 1}
        assert set(here.sink.keys("erp").values()) == {1}


def _route_to(name: str) -> dict[str, str]:
    return {"pipelines/orders.yaml": shop_to_targets({name: ""})["pipelines/orders.yaml"]}


async def test_limits_pauses_and_shadow_follow(sqlite_url: str) -> None:
    async with world(sqlite_url, concurrency=1) as here:
        here.sink.answers("erp", always=HOLD)
        await here.receive(*(webhook(number) for number in range(4)))
        await until(lambda: here.sink.has(1), "the limit is reached")
        await here.all_run(here.apply(_erp(here, "concurrency: 3")).version, 2)
        await until(lambda: here.sink.has(3), "the wider limit is used, with what was under way before")
        await here.all_run(here.apply(_erp(here, "paused: true")).version, 2)
        here.sink.release()
        await until(lambda: here.hub.states(tables.delivery) == {"delivered": 3, "planned": 1}, "three end, one waits")
        assert len(here.sink.arrivals) == 3
        await here.all_run(here.apply(_erp(here, "shadow: true")).version, 2)
        await until(lambda: here.hub.states(tables.delivery) == {"delivered": 3, "shadowed": 1}, "it is kept back")
        assert len(here.sink.arrivals) == 3


def _erp(here: World, line: str) -> dict[str, str]:
    text = http_target("erp", here.sink.url("erp"), concurrency=1)
    key = line.partition(":")[0]
    kept = [one for one in text.splitlines() if not one.startswith(key)]
    return {f"{CONNECTION}/erp.yaml": "\n".join([*kept, line, ""])}


async def test_the_door_follows(sqlite_url: str) -> None:
    """With which secret it receives, and how large a body may be; what it cannot follow is named."""
    async with world(sqlite_url, workers=0) as here:
        await here.receive(webhook(1))
        changed = {
            f"{CONNECTION}/shop.yaml": SHOP_FILE.replace(
                "webhook_secret: ${env:SHOP_SECRET}", "webhook_secret: another"
            )
        }
        await here.all_run(here.apply(changed).version, 1)
        assert (await post(here.port, webhook(2).request()))[0] == 401
        small = here.files["config/hub.yaml"].replace("64 KiB", "1 KiB")
        await here.all_run(here.apply({f"{CONNECTION}/shop.yaml": SHOP_FILE, "config/hub.yaml": small}).version, 1)
        await here.receive(webhook(3))
        assert (await post(here.port, webhook(4, note="x" * 2000).request()))[0] == 413
        await here.all_run(here.apply({"config/hub.yaml": f"{small}workers: 3\nlisten: 127.0.0.1:8499\n"}).version, 1)
        assert here.notes() == ["To follow a change of listen, workers it must be started again."]


async def test_what_is_pulled_follows(sqlite_url: str, tmp_path: Path) -> None:
    """A connection that is new is pulled from, in the rhythm that is said last, until it is gone."""
    async with world(sqlite_url, web=False) as here:
        (tmp_path / "in").mkdir()
        drop = DROP.replace("DIRECTORY", str(tmp_path))
        await here.all_run(here.apply({f"{CONNECTION}/drop.yaml": drop.replace("EVERY", "366d")}).version, 1)
        await until(lambda: rows(here.hub.store, tables.lease, name="pull:drop"), "it was pulled from")
        (tmp_path / "in" / "one.txt").write_text("one")
        await here.all_run(here.apply({f"{CONNECTION}/drop.yaml": drop.replace("EVERY", "100ms")}).version, 1)
        await until(lambda: rows(here.hub.store, tables.message), "it is pulled from again")
        await here.all_run(here.apply({}, without=f"{CONNECTION}/drop.yaml").version, 1)


async def test_a_version_that_cannot_be_used_in_a_process_leaves_the_old_one(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(sqlite_url) as here:
        first = here.first
        monkeypatch.setenv("KNOWN_TO_THE_OPERATOR", "token")  # and not to the processes, which were started before
        secret = SHOP_FILE.replace("api_token: ${env:SHOP_SECRET}", "api_token: ${env:KNOWN_TO_THE_OPERATOR}")
        bad = here.apply({f"{CONNECTION}/shop.yaml": secret}).version
        await until(lambda: len(here.notes()) == 2, "both say so")
        assert all(short_version(bad) in note and "KNOWN_TO_THE_OPERATOR" in note for note in here.notes())
        assert here.running() == [first] * 2
        await here.receive(webhook(1))
        await here.settled(1)
        assert here.versions_of(tables.document) == {first}
        roll_back(here.hub.store, first, actor="test", clock=here.hub.clock)
        await until(lambda: not here.notes(), "nothing is to be said any more")


async def test_a_process_that_begins_with_a_version_that_it_cannot_use_says_so(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a kill: there is no other version to go on with."""
    async with world(sqlite_url, workers=0) as here:
        monkeypatch.setenv("KNOWN_TO_THE_OPERATOR", "token")
        secret = SHOP_FILE.replace("api_token: ${env:SHOP_SECRET}", "api_token: ${env:KNOWN_TO_THE_OPERATOR}")
        bad = here.apply({f"{CONNECTION}/shop.yaml": secret}).version
        monkeypatch.delenv("KNOWN_TO_THE_OPERATOR")
        here.started.worker()
        await until(lambda: len(here.notes()) == 2, "both say so")
        assert all(short_version(bad) in note and "KNOWN_TO_THE_OPERATOR" in note for note in here.notes())
        assert set(here.running()) == {here.first, bad}
        roll_back(here.hub.store, here.first, actor="test", clock=here.hub.clock)
        await until(lambda: not here.notes(), "nothing is to be said any more")
        assert here.running() == [here.first] * 2


async def test_a_worker_that_stops_under_an_earlier_version_leaves_nothing(sqlite_url: str) -> None:
    """A stop right after a change waits for what is under way under both versions."""
    async with world(sqlite_url, workers=0) as here:
        worker = here.started.worker()
        here.sink.answers("erp", HOLD)
        await here.receive(webhook(1))
        await until(lambda: here.sink.has(1), "it is under way")
        await here.all_run(here.apply(renamed("again")).version, 2)
        worker.terminate()
        await asyncio.sleep(0)
        here.sink.release()
        await stop(worker)
        assert here.hub.states(tables.delivery) == {"delivered": 1}
        assert len(here.running()) == 1
