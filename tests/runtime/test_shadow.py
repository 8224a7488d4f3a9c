"""A connection in shadow: its counterpart's socket never sees anything, and the orders go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest
from sqlalchemy import update

from connectors.erp.sap_idoc.simulator import SapSimulator
from hub.contract.clock import SystemClock
from hub.contract.simulator import SandboxContext
from hub.operations.connections.pauses import pause_connection, resume_connection
from hub.operations.connections.shadow import resend_shadowed
from hub.operations.errors import NotFound, OperationRefused
from hub.operations.failures.settling import Decision, settle
from hub.operations.orders.views import show_order
from hub.runtime.connections import Connectors
from hub.runtime.outcomes import SHADOW_REASON
from hub.runtime.scheduler import Scheduler
from hub.store import Store, tables
from hub.store.bodies import read_whole
from hub.store.states import DeliveryState
from tests.runtime.hubs import LocalHub, local_hub, until
from tests.runtime.sinks import CLOSE, Sink
from tests.runtime.webhooks import webhook
from tests.runtime.workspaces import HUB, http_target, prepare, sap_connection, shop_to_targets

ORDERS = 4


class Door(Sink):
    """A sink that counts who so much as connected."""

    def __init__(self) -> None:
        super().__init__()
        self.connections = 0

    def joined(self, client: asyncio.Transport) -> None:
        self.connections += 1
        super().joined(client)


def files_of(sink: Sink, *, shadow: bool = True, door: Sink | None = None) -> dict[str, str]:
    """Orders go to two targets, of which the ERP, behind a door of its own or not, may be in shadow."""
    erp = http_target("erp", (door or sink).url("erp")) + f"shadow: {str(shadow).lower()}\n"
    return shop_to_targets({"erp": erp, "crm": http_target("crm", sink.url("crm"))})


@contextmanager
def out_of_shadow(database_url: str, sink: Sink) -> Iterator[LocalHub]:
    """The same hub, started again once the line was taken out."""
    store, workspace = prepare(database_url, files_of(sink, shadow=False))
    yield LocalHub(store, workspace)
    store.close()


async def shadowed(hub: LocalHub) -> None:
    """Orders and a change of each, delivered as far as they are."""
    await hub.receive(webhook(number, revision) for number in range(ORDERS) for revision in (1, 2))
    await hub.settle()


async def test_nothing_arrives_and_everything_is_kept(database_url: str) -> None:
    async with Sink() as sink, Door() as door:
        with local_hub(database_url, files_of(sink, door=door)) as hub:
            await shadowed(hub)
            assert door.connections == 0
            assert len(sink.keys("crm")) == 2 * ORDERS
            kept = hub.rows(tables.delivery, connection="erp")
            assert [(row["state"], row["reason"]) for row in kept] == [
                (DeliveryState.SHADOWED, SHADOW_REASON)
            ] * 2 * ORDERS
            assert all(row["settled_at"] is not None and row["attempts"] == 0 for row in kept)
            assert body_of(hub.store, kept[0]["transmission"]).startswith(b'{"order":')
            sent = {row["transmission"] for row in hub.rows(tables.attempt)}
            assert not sent & {row["transmission"] for row in kept}
            assert not hub.rows(tables.failure)


def body_of(store: Store, transmission: str) -> bytes:
    with store.read() as connection:
        return read_whole(connection, transmission)


async def test_an_order_tells_that_it_was_not_sent(database_url: str) -> None:
    async with Sink() as sink:
        with local_hub(database_url, files_of(sink)) as hub:
            await hub.receive([webhook(1)])
            await hub.settle()
            [subject] = hub.rows(tables.subject)
            shown = show_order(hub.store, subject["id"], now=hub.clock.now())
            erp = next(row for row in shown.systems if row.system == "erp")
            assert (erp.expected, erp.actual, erp.note) == ("created", "shadowed", SHADOW_REASON)
            [delivery] = [one for one in shown.deliveries if one.connection == "erp"]
            assert delivery.reason == SHADOW_REASON
            assert delivery.waits == []
            assert delivery.size is not None


async def test_out_of_shadow_only_what_is_new_is_sent(database_url: str) -> None:
    async with Sink() as sink:
        with local_hub(database_url, files_of(sink)) as hub:
            await shadowed(hub)
        with out_of_shadow(database_url, sink) as hub:
            await hub.settle()
            assert sink.keys("erp") == {}
            await hub.receive([webhook(0, 3)])
            await hub.settle()
            assert [said["revision"] for said in sink.said("erp")] == [sink.said("crm")[-1]["revision"]]


async def test_a_person_may_send_what_was_kept_back(database_url: str) -> None:
    async with Sink() as sink:
        with local_hub(database_url, files_of(sink)) as hub:
            await shadowed(hub)
            with pytest.raises(OperationRefused, match=r"config/connections/erp\.yaml:7"):
                resend_shadowed(hub.store, hub.workspace, "erp", actor="ada", clock=hub.clock)
            kept = {row["id"]: row["transmission"] for row in hub.rows(tables.delivery, connection="erp")}
            bodies = {body_of(hub.store, transmission) for transmission in kept.values()}
        with out_of_shadow(database_url, sink) as hub:
            one = sorted(kept)[0]
            resent = resend_shadowed(hub.store, hub.workspace, "erp", [one[-8:]], actor="ada", clock=hub.clock)
            assert resent.deliveries == [one]
            await hub.settle()
            assert sink.keys("erp") == {f"test:{one}:1": 1}
            with pytest.raises(NotFound, match="kept back"):
                resend_shadowed(hub.store, hub.workspace, "erp", [one], actor="ada", clock=hub.clock)
            resend_shadowed(hub.store, hub.workspace, "erp", actor="ada", clock=hub.clock)
            await hub.settle()
            assert sink.keys("erp") == dict.fromkeys((f"test:{id_}:1" for id_ in kept), 1)
            assert hub.states(tables.delivery, connection="erp") == {"delivered": 2 * ORDERS}
            assert {body_of(hub.store, row["transmission"]) for row in hub.rows(tables.delivery, connection="erp")} == (
                bodies
            )


async def test_what_may_have_been_sent_before_is_left_to_a_person(database_url: str) -> None:
    async with Sink() as sink:
        sink.answers("erp", CLOSE)
        with local_hub(database_url, files_of(sink, shadow=False)) as hub:
            await hub.receive([webhook(1)])
            hub.drain()
            await hub.deliver(lambda: sink.keys("erp"), "the request is there")
            worker_died(hub.store)
        store, workspace = prepare(database_url, files_of(sink))
        hub = LocalHub(store, workspace)
        await hub.settle()
        [delivery] = hub.rows(tables.delivery, connection="erp")
        assert delivery["state"] == "in_doubt"
        assert "before erp was put in shadow" in delivery["reason"]
        settle(store, delivery["id"], Decision.NOT_DELIVERED, actor="ada", clock=SystemClock())
        await hub.settle()
        assert hub.states(tables.delivery, connection="erp") == {DeliveryState.SHADOWED: 1}
        assert sum(sink.keys("erp").values()) == 1
        assert not [row for row in hub.rows(tables.failure) if row["closed_at"] is None]
        store.close()


def worker_died(store: Store) -> None:
    """As a worker leaves a delivery that it was sending when it was killed."""
    with store.write() as connection:
        statement = update(tables.delivery).where(tables.delivery.c.connection == "erp")
        connection.execute(statement.values(state="sending", lease_owner="gone", lease_until=0, next_at=0))


async def test_what_cannot_be_rendered_is_found_in_shadow_too(database_url: str) -> None:
    async with Sink() as sink:
        files = files_of(sink)
        files["mappings/test/sink_order.yaml"] += "  broken: source.nothing.there\n"
        with local_hub(database_url, files) as hub:
            await hub.receive([webhook(1)])
            await hub.settle()
            assert hub.states(tables.delivery) == {"dead": 2}
            assert len(hub.rows(tables.failure)) == 2
            assert sink.arrivals == []


async def test_what_is_in_shadow_pulls_as_always_and_what_is_paused_does_not(
    database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    files = {"config/hub.yaml": HUB}
    simulators = {}
    for name, line in (("shadowed", "shadow: true\n"), ("paused", "")):
        context = SandboxContext(name, "http://127.0.0.1:9", tmp_path_factory.mktemp(name))
        simulators[name] = SapSimulator(context, {})
        text = sap_connection(await simulators[name].start()).replace("connection: erp", f"connection: {name}")
        files[f"config/connections/{name}.yaml"] = text + line
    with local_hub(database_url, files) as hub:
        pause_connection(hub.store, hub.workspace, "paused", actor="ada", clock=hub.clock)
        async with pulling(hub):
            for number in (1, 2):
                for one in simulators.values():
                    await one.act("drop", {"name": f"ORDRSP_{number}.xml", "content": f"<a>{number}</a>"})
                await until(lambda: len(hub.rows(tables.message)) == number, "one file more is taken")  # noqa: B023
            assert {row["connection"] for row in hub.rows(tables.message)} == {"shadowed"}
            resume_connection(hub.store, hub.workspace, "paused", actor="ada", clock=hub.clock)
            await until(lambda: len(hub.rows(tables.message, connection="paused")) == 2, "what waited is taken")
    for one in simulators.values():
        await one.stop()


@asynccontextmanager
async def pulling(hub: LocalHub) -> AsyncIterator[None]:
    """The hub pulls meanwhile."""
    connectors = Connectors(hub.workspace, hub.store, hub.clock)
    scheduler = Scheduler(hub.store, hub.workspace, connectors, hub.clock, "test")
    running = asyncio.create_task(scheduler.run(lambda: None))
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await connectors.close()
