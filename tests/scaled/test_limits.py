"""A connection's `concurrency` is the hub's: the target counts what is with it at once, whatever the workers are."""

from __future__ import annotations

from dataclasses import dataclass

from hub.store import tables
from tests.crash.proofs import prove_once
from tests.runtime.hubs import expire_leases, local_hub, rows, until
from tests.runtime.processes import killed, processes
from tests.runtime.sinks import HOLD, Arrival, Sink
from tests.runtime.webhooks import webhook
from tests.runtime.workspaces import http_target, shop_to_targets
from tests.scaled.hubs import scaled_hub

LIMIT = 3
ORDERS = 18


@dataclass
class Gauge:
    """Counts at a sink that answers when it is told to how much was with it at once, at most."""

    sink: Sink
    most: int = 0
    waiting: int = 0

    def __post_init__(self) -> None:
        self.sink.answers("erp", always=HOLD)
        self.sink.on_arrival = self._arrived

    def _arrived(self, _: Arrival) -> None:
        self.waiting += 1
        self.most = max(self.most, self.waiting)

    def release(self) -> None:
        """Answer all that wait."""
        self.waiting = 0
        self.sink.release()


async def test_four_workers_keep_one_limit(postgresql_url: str, redis_url: str) -> None:
    async with scaled_hub(postgresql_url, redis_url, workers=4, concurrency=LIMIT) as here:
        gauge = Gauge(here.sink)
        await here.receive(webhook(number) for number in range(ORDERS))
        await answer_in_rounds(gauge, rounds=ORDERS // LIMIT)
        await here.settled(ORDERS)
        assert gauge.most == LIMIT


async def test_workers_without_a_broker_keep_one_limit(database_url: str) -> None:
    async with Sink() as sink:
        gauge = Gauge(sink)
        files = shop_to_targets({"erp": http_target("erp", sink.url("erp"), concurrency=LIMIT)})
        with local_hub(database_url, files) as hub, processes(database_url) as started:
            for _ in range(2):
                started.worker()
            await hub.receive(webhook(number) for number in range(ORDERS))
            await answer_in_rounds(gauge, rounds=ORDERS // LIMIT)
            await until(lambda: hub.states(tables.delivery) == {"delivered": ORDERS}, "all is delivered")
        assert gauge.most == LIMIT


async def test_what_a_killed_worker_had_under_way_counts_until_its_leases_end(database_url: str) -> None:
    async with Sink() as sink:
        gauge = Gauge(sink)
        files = shop_to_targets({"erp": http_target("erp", sink.url("erp"), concurrency=LIMIT)})
        with local_hub(database_url, files) as hub, processes(database_url) as started:
            worker = started.worker()
            await hub.receive(webhook(number) for number in range(ORDERS))
            await until(lambda: gauge.waiting == LIMIT, "as many as may be are under way")
            worker.kill()
            await killed(worker)
            started.worker()
            await until(lambda: len(rows(hub.store, tables.lease)) == 2, "another worker is at work")
            assert gauge.waiting == LIMIT
            expire_leases(hub.store)
            await until(lambda: gauge.waiting == 2 * LIMIT, "it goes on once the leases ended")
            sink.answers("erp")
            gauge.release()
            await until(lambda: hub.states(tables.delivery)["delivered"] == ORDERS - LIMIT, "the rest is delivered")
            assert prove_once(hub.store, sink, "erp") == LIMIT


async def answer_in_rounds(gauge: Gauge, rounds: int) -> None:
    """Wait until the limit is used up, answer, and so on; whoever goes beyond it is counted."""
    for _ in range(rounds):
        await until(lambda: gauge.waiting >= LIMIT, "the limit is used up")
        gauge.release()
