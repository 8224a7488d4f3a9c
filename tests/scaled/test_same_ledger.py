"""Four workers on PostgreSQL, woken by Redis, end in the ledger that one process on SQLite ends in, event for event."""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hub.store import Store, tables
from tests.runtime.hubs import local_hub, rows, until
from tests.runtime.sinks import Sink
from tests.runtime.webhooks import Webhook, webhook
from tests.runtime.workspaces import http_target, shop_to_targets
from tests.scaled.hubs import ScaledHub, scaled_hub

ORDERS = 120
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")

Told = list[tuple[str, Any]]
"""Events of one order: kind and data, with ids as the number of their first mention."""


def waves() -> list[list[Webhook]]:
    """New orders; changes and cancellations; changes again. Much of it comes twice, and some cannot be read."""
    chosen = random.Random(11)
    orders = range(ORDERS)
    cancelled = set(chosen.sample(orders, 15))
    second = [
        webhook(number, 2, cancelled_at="2026-03-03T10:00:00Z") if number in cancelled else webhook(number, 2)
        for number in chosen.sample(orders, 80)
    ]
    third = [webhook(number, 3) for number in chosen.sample([one for one in orders if one not in cancelled], 60)]
    unread = [Webhook(f"wh-bad-{number}", b'{"id": ' + str(number).encode(), number, 1) for number in range(3)]
    unmapped = [webhook(ORDERS + number, 1, lines=[{"id": 1, "quantity": "many"}]) for number in range(3)]
    first = [webhook(number) for number in orders]
    groups = ([*first, *unread, *unmapped], second, third)
    return [wave for group in groups for wave in with_repeats(group, chosen)]


def with_repeats(group: list[Webhook], chosen: random.Random) -> Iterator[list[Webhook]]:
    """A wave in which some webhooks come twice, and one of others that say the same again.

    What is said again comes once all else is settled, since its place in an order's history is open before.
    """
    wave = [*group, *chosen.sample(group, len(group) // 4)]
    chosen.shuffle(wave)
    yield wave
    yield [Webhook(f"{one.id}-again", one.body, one.order, one.revision) for one in group[::4]]


def ledger(store: Store) -> dict[str, Told]:
    """The events of each order by the id that the shop gave it."""
    named = {row["subject"]: row["value"] for row in rows(store, tables.reference, system="shop", kind="id")}
    told: dict[str, Told] = defaultdict(list)
    for row in rows(store, tables.event):
        told[named[row["subject"]]].append((row["kind"], row["data"]))
    return {order: with_plain_ids(events) for order, events in told.items()}


def with_plain_ids(events: list[tuple[str, str]]) -> Told:
    """Ids replaced by the number of their first mention, so that those of two databases are the same."""
    numbers: dict[str, str] = {}

    def number(match: re.Match[str]) -> str:
        return numbers.setdefault(match[0], f"id-{len(numbers)}")

    return [(kind, json.loads(_ID.sub(number, data))) for kind, data in events]


def failures(store: Store) -> list[str]:
    """What stands against whom, as people are told it."""
    return sorted(row["code"] for row in rows(store, tables.failure))


def documents(store: Store) -> dict[str, int]:
    """How many documents ended in each state."""
    found: dict[str, int] = defaultdict(int)
    for row in rows(store, tables.document):
        found[row["state"]] += 1
    return dict(found)


async def on_sqlite(folder: Path) -> tuple[dict[str, Told], list[str], dict[str, int]]:
    """All waves through one process, one thing after the other."""
    async with Sink() as sink:
        files = shop_to_targets({"erp": http_target("erp", sink.url("erp"))})
        with local_hub(f"sqlite:///{folder / 'hub.db'}", files) as hub:
            for wave in waves():
                await hub.receive(wave)
                await hub.settle()
            return ledger(hub.store), failures(hub.store), documents(hub.store)


async def all_settled(here: ScaledHub) -> None:
    """Wait until nothing of a wave is left to do."""

    def settled() -> bool:
        return "received" not in here.hub.states(tables.message) and here.hub.is_idle()

    await until(settled, "the wave is settled", within=120)


async def test_four_workers_tell_the_same_events(postgresql_url: str, redis_url: str, tmp_path: Path) -> None:
    expected, expected_failures, expected_documents = await on_sqlite(tmp_path)
    assert len(expected) >= ORDERS
    async with scaled_hub(postgresql_url, redis_url, workers=4) as here:
        for wave in waves():
            await here.receive(wave)
            await all_settled(here)
        told = ledger(here.hub.store)
        assert set(told) == set(expected)
        assert [(order, told[order], events) for order, events in expected.items() if told[order] != events] == []
        assert failures(here.hub.store) == expected_failures
        assert documents(here.hub.store) == expected_documents
        here.prove_once(len(here.hub.rows(tables.delivery)))
