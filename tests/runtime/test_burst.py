"""A burst of webhooks while the target is down: when it is up again everything arrives, once, and in order."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import replace

import pytest

from hub.ledger.revisions import revision_key
from hub.store import tables
from tests.runtime.hubs import LocalHub, local_hub, until
from tests.runtime.processes import processes, stop
from tests.runtime.sinks import Sink
from tests.runtime.webhooks import Webhook, moment, send_all, webhook
from tests.runtime.workspaces import http_target, shop_to_targets

WITHIN = 60.0
"""Seconds for all of it."""


def burst(count: int) -> list[Webhook]:
    """Updates of orders, mostly in their order: some overtake others, some come twice, some say nothing new."""
    chosen = random.Random(count)
    arrivals: list[Webhook] = []
    number = 0
    while len(arrivals) < count:
        number += 1
        updates = [webhook(number, revision) for revision in range(1, chosen.randint(2, 5))]
        if chosen.random() < 0.2:
            chosen.shuffle(updates)
        if chosen.random() < 0.2:
            updates.append(updates[0])
        if chosen.random() < 0.1:
            updates.append(replace(updates[-1], id=f"{updates[-1].id}-again"))
        arrivals += updates
    return mixed(arrivals[:count], chosen)


def mixed(arrivals: list[Webhook], chosen: random.Random) -> list[Webhook]:
    """The same with neighbours mixed, so that one order's updates are not all in a row."""
    return [one for _, one in sorted((place + chosen.random() * 50, one) for place, one in enumerate(arrivals))]


@pytest.mark.parametrize(
    ("database_url", "count"), [("sqlite", 2000), ("postgresql", 200)], indirect=["database_url"], ids=str
)
async def test_everything_arrives_once_and_in_order(database_url: str, count: int) -> None:
    arrivals = burst(count)
    sink = Sink()
    files = shop_to_targets({"erp": http_target("erp", sink.url("erp"), concurrency=32)})
    with local_hub(database_url, files) as hub, processes(database_url) as started:
        _, port = await started.web()
        worker = started.worker()
        await send_all(port, arrivals, connections=32)
        assert len(hub.rows(tables.message)) == len({one.id for one in arrivals})
        await until(lambda: is_in_trouble(hub), "all is drained, and the target was tried over and over", within=WITHIN)
        assert "delivered" not in hub.states(tables.delivery)
        async with sink:
            await until(lambda: is_done(hub), "everything is delivered", within=WITHIN)
        await stop(worker)
        prove(hub, sink, arrivals)


def is_in_trouble(hub: LocalHub) -> bool:
    """Whether every message is read and many deliveries failed."""
    return set(hub.states(tables.message)) == {"done"} and len(hub.rows(tables.attempt, outcome="failed")) > 300


def is_done(hub: LocalHub) -> bool:
    """Whether every message is read and every delivery delivered."""
    return set(hub.states(tables.message)) == {"done"} and set(hub.states(tables.delivery)) == {"delivered"}


def prove(hub: LocalHub, sink: Sink, arrivals: list[Webhook]) -> None:
    """Each planned delivery arrived once; each order's revisions in their order, the newest one last."""
    keys = sink.keys("erp")
    assert set(keys.values()) == {1}
    assert set(keys) == {f"test:{row['id']}:1" for row in hub.rows(tables.delivery)}
    newest: dict[str, str] = {}
    for one in arrivals:
        order = str(6_402_100_000_000 + one.order)
        newest[order] = max(newest.get(order, ""), revision_key(moment(one.revision)))
    seen: dict[str, list[str]] = defaultdict(list)
    for said in sink.said("erp"):
        seen[said["order"]].append(revision_key(said["revision"]))
    assert all(versions == sorted(set(versions)) for versions in seen.values())
    assert {order: versions[-1] for order, versions in seen.items()} == newest
    assert not hub.rows(tables.failure)
