"""`/metrics`, as Prometheus reads it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from hub.api.desk import Desk
from hub.api.gauges import FRESH_SECONDS, MEASURES, Gauges, Measure, Seen
from hub.operations.connections.pauses import pause_connection
from hub.store import leases
from hub.store.connections import count_refusals
from tests.api.served import Api, served
from tests.operations.hub_process import Hub
from tests.runtime.hubs import local_hub
from tests.runtime.webhooks import post, webhook
from tests.runtime.workspaces import http_target, prepare, shop_to_targets
from tests.store.noting import noting

FILES = shop_to_targets({"erp": http_target("erp", "http://127.0.0.1:9/")})

SMALL = ("SCAN connection_state", "SCAN lease")
"""What may be read whole: a few rows for each connection and worker."""

OPEN = ("ix_message_due", "ix_document_open", "ix_delivery_lane", "ix_delivery_due", "ix_failure_open_group")
"""Indexes that hold only what is open."""

Samples = dict[tuple[str, ...], float]
"""What a sample says, by its metric's name and the values of its labels, which stand in the order of their names."""


def read(text: str) -> Samples:
    """The samples of a scrape."""
    families = text_string_to_metric_families(text)
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


def labelled(said: Samples, name: str) -> Samples:
    """The samples of one metric, by the values of its labels."""
    return {key[1:]: value for key, value in said.items() if key[0] == name}


async def scrape(api: Api) -> Samples:
    """What a token that may look reads."""
    answer = await api.reader.get(f"http://127.0.0.1:{api.port}/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return read(answer.text)


async def test_what_is_true_of_the_hub(busy_hub: Hub) -> None:
    hub = busy_hub
    await hub.receive(number=9)
    pause_connection(hub.store, hub.workspace, "crm", actor="ada", clock=hub.clock)
    with hub.store.write() as connection:
        count_refusals(connection, {("shop", "signature"): 3}, at=hub.clock.now())
        leases.take(connection, "worker:a", "a", length=60_000_000)
        leases.take(connection, "worker:b", "b", length=60_000_000)
        leases.take(connection, "pull:erp", "b", length=-1)
    said = read(Gauges(Desk(hub.store, hub.workspace)).text().decode())
    assert said["crossdock_messages_due",] == 1
    assert 0 <= said["crossdock_messages_due_oldest_age_seconds",] < 60
    assert said["crossdock_deliveries_open", "erp", "dead"] == 1
    assert said["crossdock_deliveries_open", "erp", "in_doubt"] == 1
    assert said["crossdock_failures_open", "in_doubt", "erp"] == 1
    assert sum(labelled(said, "crossdock_failures_open").values()) == 2
    assert labelled(said, "crossdock_documents_open") == {("waiting",): 0, ("quarantined",): 0, ("dead",): 0}
    assert labelled(said, "crossdock_callers_refused_total") == {("signature", "shop"): 3}
    assert labelled(said, "crossdock_connection_paused") == {("crm",): 1, ("erp",): 0, ("shop",): 0}
    assert labelled(said, "crossdock_leases") == {("worker",): 2}


async def test_a_scrape_is_told_again_for_some_seconds(hub: Hub) -> None:
    gauges = Gauges(Desk(hub.store, hub.workspace))
    before = gauges.text()
    await hub.receive(number=1)
    assert gauges.text() == before
    assert FRESH_SECONDS < 15, "Prometheus asks every fifteen seconds, and must not be told the same twice"
    assert read(Gauges(Desk(hub.store, hub.workspace)).text().decode())["crossdock_messages_due",] == 1


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
def test_nothing_is_counted_that_is_settled(measure: Measure, tmp_path: Path) -> None:
    """SQLite says how it would read a measure; the indexes are the same on PostgreSQL."""
    store, workspace = prepare(f"sqlite:///{tmp_path / 'crossdock.db'}", FILES)
    with store.read() as connection:
        with noting(store) as noted:
            list(measure.read(Seen(connection, workspace, 0)))
        plans = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", given).all() for text, given in noted]
    steps = [str(step[3]) for plan in plans for step in plan if str(step[3]).startswith("SCAN")]
    assert plans
    assert [step for step in steps if not step.endswith(OPEN) and not step.startswith(SMALL)] == []
    store.close()


@pytest.fixture
async def door(database_url: str) -> AsyncIterator[Api]:
    """A web process with a shop whose webhooks are signed."""
    with local_hub(database_url, FILES) as hub:
        async with served(hub.store) as running:
            yield running


async def test_webhooks_are_counted(door: Api) -> None:
    one = webhook(1)
    for signature, status in ((None, 200), (None, 200), ("AAAA", 401)):
        assert (await post(door.port, one.request(signature=signature)))[0] == status
    for name in ("nobody", "somebody"):
        unknown = f"POST /in/{name} HTTP/1.1\r\nhost: hub\r\ncontent-length: 0\r\n\r\n".encode()
        assert (await post(door.port, unknown))[0] == 404
    said = await scrape(door)
    assert said["crossdock_webhooks_received_total", "shop"] == 3
    assert said["crossdock_webhooks_received_bytes_total", "shop"] == 3 * len(one.body)
    assert said["crossdock_webhooks_refused_total", "shop", "401"] == 1
    assert said["crossdock_webhook_acknowledge_seconds_count", "shop"] == 2
    assert said["crossdock_webhooks_refused_total", "", "404"] == 2
    assert not [name for name in said if "nobody" in name]
