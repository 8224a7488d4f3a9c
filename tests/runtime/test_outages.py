"""The database fails while workers are at work: nothing becomes a dead letter by that, nothing is lost or repeated."""

from __future__ import annotations

import resource
import sys
from functools import partial

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import OperationalError

from hub.runtime.drain import Drain
from hub.runtime.exchange import LEASE
from hub.store import tables
from tests.crash.proofs import is_settled, prove_keyed, prove_once, prove_untangled
from tests.runtime.hubs import LocalHub, expire_leases, local_hub, until
from tests.runtime.processes import processes, stop
from tests.runtime.sinks import HOLD, Sink
from tests.runtime.webhooks import webhook
from tests.runtime.workspaces import http_target, shop_to_targets

ORDERS = 30
_END_OTHERS = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
    "AND pid <> pg_backend_pid()"
)


async def test_a_worker_goes_on_after_its_sessions_were_ended(postgresql_url: str) -> None:
    async with Sink() as sink:
        files = shop_to_targets({"keyed": http_target("keyed", sink.url("keyed"), idempotent=True)})
        with local_hub(postgresql_url, files) as hub, processes(postgresql_url) as started:
            worker = started.worker()
            for revision in range(1, 5):
                await hub.receive(webhook(number, revision) for number in range(ORDERS))
                await until(partial(sink.has, len(sink.arrivals) + 1), "it is at work")
                end_other_sessions(hub)
            await until(lambda: is_finished(hub), "all is settled", within=2 * LEASE / 1_000_000)
            await stop(worker)
            prove_keyed(hub.store, sink, "keyed")
            prove_untangled(hub.store)
            assert not hub.rows(tables.failure)
            assert hub.states(tables.message) == {"done": 4 * ORDERS}


def end_other_sessions(hub: LocalHub) -> None:
    """What a restart of the database does to its clients."""
    with hub.store.write() as connection:
        connection.execute(_END_OTHERS)


def is_finished(hub: LocalHub) -> bool:
    """Whether all is settled, once the leases of what was not begun are ended, as time would."""
    with hub.store.write() as connection:
        for table in (tables.message, tables.delivery):
            begun = table.c.state.in_(["received", "planned"])
            connection.execute(update(table).where(begun, table.c.lease_until.is_not(None)).values(lease_until=0))
    return is_settled(hub.store, len(hub.rows(tables.delivery)))


async def test_a_transaction_that_the_database_ends_is_no_fault_of_its_messages(postgresql_url: str) -> None:
    with local_hub(postgresql_url, shop_to_targets({"erp": http_target("erp", "http://127.0.0.1:9/")})) as hub:
        await hub.receive([webhook(1)])
        hub.drain()
        let_waiting_end_soon(hub)
        await hub.receive([webhook(1, 2), webhook(2)])
        drain = Drain(hub.store, hub.workspace, hub.clock, "test")
        with hub.store.write() as connection:
            connection.execute(select(tables.subject).with_for_update())
            with pytest.raises(OperationalError):
                drain.run_once()
        assert hub.states(tables.message) == {"done": 1, "received": 2}
        assert not hub.rows(tables.failure)
        expire_leases(hub.store)
        assert drain.run_once() == 2
        assert hub.states(tables.document) == {"applied": 3}


def let_waiting_end_soon(hub: LocalHub) -> None:
    """Let the database end transactions that wait for another one, as it does to end a deadlock."""
    with hub.store.write() as connection:
        name = connection.execute(text("SELECT current_database()")).scalar_one()
        connection.execute(text(f"ALTER DATABASE \"{name}\" SET lock_timeout = '50ms'"))
    hub.store.engine.dispose()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prlimit, which fills the disk here, is Linux's")
async def test_a_worker_goes_on_once_the_disk_has_room_again(tmp_path_factory: pytest.TempPathFactory) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('full') / 'crossdock.db'}"
    async with Sink() as sink:
        sink.answers("plain", HOLD)
        files = shop_to_targets({"plain": http_target("plain", sink.url("plain"))})
        with local_hub(url, files) as hub, processes(url) as started:
            worker = started.worker()
            await hub.receive([webhook(1)])
            await until(lambda: sink.arrivals, "the target has the request")
            limits = resource.prlimit(worker.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (0, limits[1]))
            sink.release()
            await hub.receive([webhook(2), webhook(1, 2)])
            resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, limits)
            await until(lambda: is_settled(hub.store, 3), "all is settled")
            await stop(worker)
            assert prove_once(hub.store, sink, "plain") == 0
            assert not hub.rows(tables.failure)
