"""Several workers on one database: the same state as one, no effect twice, and who lost a lease writes nothing."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from typing import Any

from hub.contract.connector import Receipt
from hub.ledger.revisions import revision_key
from hub.runtime.drain import Drain
from hub.runtime.exchange import Exchange
from hub.runtime.outcomes import AttemptOutcome, Outcome
from hub.store import tables
from tests.runtime.hubs import LocalHub, expire_leases, local_hub, until
from tests.runtime.processes import processes, stop
from tests.runtime.sinks import Sink
from tests.runtime.webhooks import moment, webhook
from tests.runtime.workspaces import http_target, shop_to_targets

ORDERS = 40
REVISIONS = 5
NOWHERE = {"erp": http_target("erp", "http://127.0.0.1:9/")}


async def test_workers_share_the_work_and_repeat_none_of_it(database_url: str) -> None:
    arrivals = [webhook(number, revision) for number in range(ORDERS) for revision in range(1, REVISIONS + 1)]
    random.Random(7).shuffle(arrivals)
    async with Sink() as sink:
        files = shop_to_targets({"erp": http_target("erp", sink.url("erp"))})
        with local_hub(database_url, files) as hub, processes(database_url) as started:
            workers = [started.worker(), started.worker()]
            await hub.receive(arrivals)
            await until(lambda: is_done(hub), "all is drained and delivered")
            for worker in workers:
                await stop(worker)
            assert hub.states(tables.delivery) == {"delivered": len(sink.arrivals)}
            assert set(sink.keys("erp").values()) == {1}
            prove_newest_last(sink)
            totals = Counter(row["total"] for row in hub.rows(tables.order_head))
            assert totals == {REVISIONS * 1_000_000: ORDERS}
            assert hub.states(tables.message) == {"done": len(arrivals)}
            assert not hub.rows(tables.failure)


def is_done(hub: LocalHub) -> bool:
    """Whether every message is read and every delivery delivered."""
    return set(hub.states(tables.message)) == {"done"} and set(hub.states(tables.delivery)) == {"delivered"}


def prove_newest_last(sink: Sink) -> None:
    """Each order's revisions arrived in their order, the newest one last."""
    by_order: dict[str, list[str]] = defaultdict(list)
    for said in sink.said("erp"):
        by_order[said["order"]].append(revision_key(said["revision"]))
    assert len(by_order) == ORDERS
    newest = revision_key(moment(REVISIONS))
    for keys in by_order.values():
        assert keys == sorted(set(keys))
        assert keys[-1] == newest


async def test_who_lost_the_lease_of_its_messages_writes_nothing(database_url: str) -> None:
    with local_hub(database_url, shop_to_targets(NOWHERE)) as hub:
        await hub.receive(webhook(number) for number in range(3))
        slow, quick = drains(hub)
        claimed = slow._claim()
        expire_leases(hub.store)
        assert quick.run_once() == 3
        before = contents(hub)
        slow._drain_small(claimed)
        assert contents(hub) == before
        assert hub.states(tables.document) == {"applied": 3}


async def test_who_lost_the_lease_of_one_message_takes_back_the_whole_batch(database_url: str) -> None:
    with local_hub(database_url, shop_to_targets(NOWHERE)) as hub:
        await hub.receive(webhook(number) for number in range(3))
        slow, quick = drains(hub)
        claimed = slow._claim()
        expire_one_lease(hub)
        assert quick.run_once() == 1
        before = contents(hub)
        slow._drain_small(claimed)
        assert contents(hub) == before
        expire_leases(hub.store)
        assert quick.run_once() == 2
        assert hub.states(tables.document) == {"applied": 3}


def drains(hub: LocalHub) -> tuple[Drain, Drain]:
    """The drains of two workers."""
    return Drain(hub.store, hub.workspace, hub.clock, "slow"), Drain(hub.store, hub.workspace, hub.clock, "quick")


def expire_one_lease(hub: LocalHub) -> None:
    """End the lease of one message."""
    first = hub.rows(tables.message)[0]["id"]
    with hub.store.write() as connection:
        connection.execute(tables.message.update().where(tables.message.c.id == first).values(lease_until=0))


def contents(hub: LocalHub) -> dict[str, Any]:
    """What the ledger's tables hold."""
    kept = (tables.document, tables.event, tables.delivery, tables.subject, tables.order_head, tables.message)
    return {table.name: hub.rows(table) for table in kept}


async def test_an_outcome_that_comes_after_the_lease_ended_changes_nothing(database_url: str) -> None:
    """Another worker took the delivery over: what it finds out counts."""
    with local_hub(database_url, shop_to_targets(NOWHERE)) as hub:
        await hub.receive([webhook(1)])
        hub.drain()
        slow = Exchange(hub.store, hub.workspace, hub.clock, "slow")
        quick = Exchange(hub.store, hub.workspace, hub.clock, "quick")
        [frozen] = slow.cycle([], {"erp": 1})
        expire_leases(hub.store)
        [again] = quick.cycle([], {"erp": 1})
        assert (frozen.doubtful, again.doubtful) == (False, True)
        assert (again.out.body, again.out.idempotency_key) == (frozen.out.body, frozen.out.idempotency_key)
        assert (frozen.out.attempt, again.out.attempt) == (1, 2)
        slow.cycle([Outcome(frozen, AttemptOutcome.DELIVERED, Receipt())], {})
        assert hub.states(tables.delivery) == {"sending": 1}
        quick.cycle([Outcome(again, AttemptOutcome.DELIVERED, Receipt())], {})
        assert hub.states(tables.delivery) == {"delivered": 1}


async def test_an_outcome_that_is_given_twice_is_settled_once(database_url: str) -> None:
    """As happens where the database took it and the word of that was lost."""
    with local_hub(database_url, shop_to_targets(NOWHERE)) as hub:
        await hub.receive([webhook(1)])
        hub.drain()
        exchange = Exchange(hub.store, hub.workspace, hub.clock, "one")
        [frozen] = exchange.cycle([], {"erp": 1})
        outcome = Outcome(frozen, AttemptOutcome.DELIVERED, Receipt(references={"order": "4711"}))
        exchange.cycle([outcome], {})
        before = contents(hub)
        exchange.cycle([outcome], {})
        assert contents(hub) == before
        assert [row["kind"] for row in hub.rows(tables.event)].count("delivery.delivered") == 1


async def test_only_what_is_under_way_is_held_on_to(database_url: str) -> None:
    """What was claimed and then forgotten, since the database failed, comes back when its lease ends."""
    with local_hub(database_url, shop_to_targets(NOWHERE)) as hub:
        await hub.receive([webhook(1), webhook(2)])
        hub.drain()
        exchange = Exchange(hub.store, hub.workspace, hub.clock, "one")
        [under_way] = exchange.cycle([], {"erp": 1})
        [forgotten] = exchange._settle_and_claim([], {"erp": 1})
        expire_leases(hub.store)
        exchange.renew({under_way.delivery.id: under_way.delivery.fence})
        [again] = exchange.cycle([], {"erp": 5})
        assert again.delivery.id == forgotten.id
        assert not again.doubtful
