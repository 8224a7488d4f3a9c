"""A worker killed at every step of the way from a stored message to a settled delivery."""

from __future__ import annotations

import pytest

from hub.store import tables
from tests.crash.proofs import prove_keyed, prove_once, prove_untangled, restart_worker
from tests.runtime.hubs import local_hub, rows
from tests.runtime.processes import killed, processes
from tests.runtime.sinks import HOLD, Arrival, Sink
from tests.runtime.webhooks import webhook
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
