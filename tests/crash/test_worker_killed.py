"""A worker killed at every step of the way from a stored message to a settled delivery."""

from __future__ import annotations

from functools import partial
from itertools import groupby

import pytest

from hub.store import tables
from tests.crash.proofs import prove_keyed, prove_once, prove_untangled, restart_worker
from tests.runtime.hubs import expire_leases, local_hub, rows, until
from tests.runtime.processes import killed, processes
from tests.runtime.sinks import HOLD, Arrival, Sink
from tests.runtime.webhooks import moment, webhook
from tests.runtime.workspaces import http_target, shop_to_targets

ORDERS = 5
BEFORE_SENDING = [
    "messages claimed",
    "documents applied, not committed",
    "drain committed",
    "deliveries claimed",
]
AROUND_SENDING = [
    "transmissions frozen, not sent",
    "answered, not settled",
    "settled, not committed",
    "settlement committed",
]


def files(sink: Sink) -> dict[str, str]:
    """Orders go to a target that knows no keys, and to one that does."""
    targets = {
        "plain": http_target("plain", sink.url("plain"), concurrency=3),
        "keyed": http_target("keyed", sink.url("keyed"), idempotent=True, concurrency=3),
    }
    return shop_to_targets(targets)


@pytest.mark.parametrize("point", [*BEFORE_SENDING, *AROUND_SENDING])
async def test_killed_at(point: str, database_url: str) -> None:
    async with Sink() as sink:
        with local_hub(database_url, files(sink)) as hub, processes(database_url) as started:
            await hub.receive(webhook(number) for number in range(ORDERS))
            await killed(started.worker(point))
            await restart_worker(hub.store, started, 2 * ORDERS)
            doubtful = prove_once(hub.store, sink, "plain")
            assert doubtful == 0 or point in AROUND_SENDING
            prove_keyed(hub.store, sink, "keyed")
            prove_untangled(hub.store)
            assert len(rows(hub.store, tables.order_head)) == ORDERS


@pytest.mark.parametrize("path", ["plain", "keyed"])
async def test_killed_while_the_target_has_the_request_and_is_silent(path: str, database_url: str) -> None:
    async with Sink() as sink:
        sink.answers(path, HOLD)
        with local_hub(database_url, files(sink)) as hub, processes(database_url) as started:
            worker = started.worker()
            sink.on_arrival = lambda arrival: worker.kill() if arrival.path == path else None
            await hub.receive([webhook(1)])
            await killed(worker)
            sink.on_arrival = ignore
            await restart_worker(hub.store, started, 2)
            doubtful = prove_once(hub.store, sink, "plain")
            prove_keyed(hub.store, sink, "keyed")
            if path == "plain":
                assert doubtful == 1
            else:
                assert [*sink.keys("keyed").values()] == [2]


def ignore(_: Arrival) -> None:
    """Nothing is to happen."""


async def test_killed_over_and_over_while_orders_change(database_url: str) -> None:
    """A target that knows keys sees each order's revisions in their order, whatever the moments of death."""
    async with Sink() as sink:
        files = shop_to_targets({"keyed": http_target("keyed", sink.url("keyed"), idempotent=True, concurrency=3)})
        with local_hub(database_url, files) as hub, processes(database_url) as started:
            for revision, deaths in enumerate((4, 1, 3), 1):
                await hub.receive(webhook(number, revision) for number in range(ORDERS))
                enough = partial(sink.has, len(sink.arrivals) + deaths)
                worker = started.worker()
                await until(enough, "some of it is sent")
                worker.kill()
                await killed(worker)
                expire_leases(hub.store)
            await restart_worker(hub.store, started, 3 * ORDERS)
            prove_keyed(hub.store, sink, "keyed")
            prove_untangled(hub.store)
            for number in range(ORDERS):
                seen = [said["revision"] for said in sink.said("keyed") if said["order"].endswith(f"0{number}")]
                assert list(dict.fromkeys(seen)) == [moment(revision) for revision in (1, 2, 3)]
                assert [key for key, _ in groupby(seen)] == list(dict.fromkeys(seen))
