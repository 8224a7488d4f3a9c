"""Hubs of the scaled form: PostgreSQL, Redis, a web process and workers that are real processes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import redis

from hub.store import tables
from tests.runtime.hubs import LocalHub, local_hub, until
from tests.runtime.processes import Processes, processes
from tests.runtime.sinks import Sink
from tests.runtime.webhooks import Webhook, send_all
from tests.runtime.workspaces import HUB, http_target, shop_to_targets

QUEUES = "crossdock-test:"
"""What the hub's keys in Redis begin with."""


@dataclass
class ScaledHub:
    """A hub whose web process takes webhooks at `port`; workers are started by the test."""

    hub: LocalHub
    started: Processes
    sink: Sink
    port: int

    async def receive(self, webhooks: Iterable[Webhook]) -> None:
        """Send webhooks; each must be acknowledged."""
        await send_all(self.port, webhooks)

    async def settled(self, deliveries: int, *, within: float = 60.0) -> None:
        """Wait until all that arrived is read, and so many deliveries are delivered and no others are there."""
        await until(lambda: self.is_settled(deliveries), f"{deliveries} are delivered", within=within)

    def is_settled(self, deliveries: int) -> bool:
        """Whether it is so by now."""
        return set(self.hub.states(tables.message)) == {"done"} and self.hub.states(tables.delivery) == {
            "delivered": deliveries
        }

    def prove_once(self, count: int) -> None:
        """So many effects at the target, none of them twice, and each of a delivery of the hub."""
        keys = self.sink.keys("erp")
        assert set(keys.values()) == {1}
        assert set(keys) == {f"test:{row['id']}:1" for row in self.hub.rows(tables.delivery)}
        assert len(keys) == count


def files(sink: Sink, broker: str, *, concurrency: int = 8) -> Mapping[str, str]:
    """A workspace whose orders go to one target that knows no keys."""
    found = shop_to_targets({"erp": http_target("erp", sink.url("erp"), concurrency=concurrency)})
    found["config/hub.yaml"] = f"{HUB.replace('level: warning', 'level: info')}broker: {broker}\n"
    return found


@asynccontextmanager
async def scaled_hub(database_url: str, broker: str, *, workers: int, concurrency: int = 8) -> AsyncIterator[ScaledHub]:
    """A hub with its web process and so many workers."""
    async with Sink() as sink:
        with (
            local_hub(database_url, files(sink, broker, concurrency=concurrency)) as hub,
            processes(database_url) as started,
        ):
            _, port = await started.web()
            for _ in range(workers):
                started.worker()
            yield ScaledHub(hub, started, sink, port)


@contextmanager
def looking(broker: str) -> Iterator[redis.Redis]:
    """A client of the broker."""
    with redis.Redis.from_url(broker) as client:
        yield client


def consumers(client: redis.Redis) -> int:
    """How many processes spoke to the broker since it is empty."""
    return int(client.zcard(f"{QUEUES}__heartbeats__"))
