"""What must be true after a crash, whatever was killed when."""

from __future__ import annotations

from hub.store import Store, tables
from tests.runtime.hubs import expire_leases, rows, until
from tests.runtime.processes import Processes, stop
from tests.runtime.sinks import Sink


def is_settled(store: Store, deliveries: int) -> bool:
    """Whether all messages are read, and all of so many deliveries ended or wait for a person."""
    if any(row["state"] == "received" for row in rows(store, tables.message)):
        return False
    states = [row["state"] for row in rows(store, tables.delivery)]
    return len(states) == deliveries and not {"planned", "sending"} & set(states)


async def restart_worker(store: Store, started: Processes, deliveries: int) -> None:
    """Let a new worker finish what a dead one left, if anything, and end it."""
    expire_leases(store)
    if is_settled(store, deliveries):
        return
    worker = started.worker()
    await until(lambda: is_settled(store, deliveries), "all is settled")
    await stop(worker)


def prove_once(store: Store, sink: Sink, name: str) -> int:
    """Each delivery to a target that knows no keys had one effect, or is in doubt with at most one; how many are."""
    arrived = sink.keys(name)
    doubtful = 0
    for delivery in rows(store, tables.delivery, connection=name):
        effects = arrived.pop(f"test:{delivery['id']}:{delivery['revision']}", 0)
        if delivery["state"] == "in_doubt":
            doubtful += 1
            assert effects <= 1
            assert [row["code"] for row in rows(store, tables.failure, target=delivery["id"], closed_at=None)]
        else:
            assert (delivery["state"], effects) == ("delivered", 1)
    assert not arrived
    return doubtful


def prove_keyed(store: Store, sink: Sink, name: str) -> None:
    """Each delivery to a target that knows keys is delivered, under one key however often it was sent."""
    deliveries = rows(store, tables.delivery, connection=name)
    assert {row["state"] for row in deliveries} == {"delivered"}
    assert set(sink.keys(name)) == {f"test:{row['id']}:{row['revision']}" for row in deliveries}


def prove_untangled(store: Store) -> None:
    """Nothing is held by the dead; each order's events are numbered without a gap."""
    assert {row["lease_owner"] for row in [*rows(store, tables.message), *rows(store, tables.delivery)]} == {None}
    for subject in rows(store, tables.subject):
        numbers = [row["seq"] for row in rows(store, tables.event, subject=subject["id"])]
        assert numbers == [*range(1, subject["seq"] + 1)]
