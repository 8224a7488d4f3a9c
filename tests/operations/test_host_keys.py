"""Host keys of SFTP servers: shown, confirmed by a person, kept; a server with another key is sent nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.erp.sap_idoc.simulator import SapSimulator
from hub.contract.clock import SystemClock
from hub.contract.connector import Item
from hub.contract.simulator import SandboxContext
from hub.operations.connections.health import check_connection, list_connections
from hub.operations.connections.host_keys import Offer, offered_host_keys, trust_host_keys
from hub.operations.connections.pauses import pause_connection
from hub.operations.errors import NotFound
from hub.store import Store, tables
from hub.store.connections import PAUSED_KEY, write_state
from hub.workspace import Workspace
from tests.runtime.hubs import local_hub
from tests.runtime.workspaces import prepare, shop_to_sap
from tests.transports.sftp_server import PASSWORD, FaultyServer

CLOCK = SystemClock()
ORDER = Path(__file__).parents[2] / "mappings/shopify/samples/order.json"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FaultyServer]:
    """The ERP's SFTP server."""
    for name in ("in", "out"):
        (tmp_path / "root" / name).mkdir(parents=True)
    with FaultyServer(tmp_path / "root").running() as running:
        yield running


def erp(server: FaultyServer, host_key: str = "") -> dict[str, str]:
    """A workspace with the ERP alone."""
    named = f"  host_key: {host_key}\n" if host_key else ""
    return {
        "config/hub.yaml": "environment: test\n",
        "config/connections/erp.yaml": "connection: erp\ntype: sap_idoc\n"
        f"sftp:\n  host: 127.0.0.1\n  port: {server.port}\n  user: acme\n  password: {PASSWORD}\n  timeout: 10\n{named}"
        "inbox: {directory: out}\noutbox: {directory: in}\n",
    }


@pytest.fixture
def hub(database_url: str, server: FaultyServer) -> Iterator[tuple[Store, Workspace]]:
    """A hub that was never told the server's key."""
    store, workspace = prepare(database_url, erp(server))
    yield store, workspace
    store.close()


Hub = tuple[Store, Workspace]


async def offered(hub: Hub) -> Offer:
    return await offered_host_keys(*hub, "erp", clock=CLOCK)


async def test_the_first_time_the_key_is_shown_and_nothing_is_sent(hub: Hub, server: FaultyServer) -> None:
    result = await check_connection(*hub, "erp", clock=CLOCK)
    assert not result.ok
    [finding] = result.findings
    assert f"ssh-ed25519 {server.fingerprint}" in finding
    assert "crossdock connections trust erp" in finding
    offer = await offered(hub)
    [key] = offer.keys
    assert (key.server, key.type, key.fingerprint) == (f"127.0.0.1:{server.port}", "ssh-ed25519", server.fingerprint)
    assert (key.line, key.expected, offer.test.ok) == (server.host_key, None, False)
    assert server.passwords == []
    assert not (await check_connection(*hub, "erp", clock=CLOCK)).ok


async def test_once_it_is_confirmed_the_connection_is_well_and_its_pause_ends(hub: Hub, server: FaultyServer) -> None:
    store, workspace = hub
    with store.write() as connection:
        write_state(connection, "erp", PAUSED_KEY, "The host key is not trusted yet.", at=CLOCK.now())
    result = await trust_host_keys(*hub, "erp", (await offered(hub)).keys, actor="ada", clock=CLOCK)
    assert (result.ok, result.resumed) == (True, True)
    assert result.findings == ["out: 0 files.", "in: 0 files."]
    assert server.passwords == [PASSWORD]
    offer = await offered(hub)
    assert (offer.keys, offer.test.ok) == ([], True)
    [act] = list_connections(store, workspace)[0].acts
    assert (act.actor, act.did) == ("ada", "trusted")
    assert act.note == f"127.0.0.1:{server.port} ssh-ed25519 {server.fingerprint}"


async def test_another_key_stops_with_both_fingerprints_until_it_is_confirmed(hub: Hub, server: FaultyServer) -> None:
    await trust_host_keys(*hub, "erp", (await offered(hub)).keys, actor="ada", clock=CLOCK)
    first = server.fingerprint
    server.passwords.clear()
    server.restart(new_key=True)
    [finding] = (await check_connection(*hub, "erp", clock=CLOCK)).findings
    assert first in finding
    assert server.fingerprint in finding
    offer = await offered(hub)
    [key] = offer.keys
    assert (key.fingerprint, key.expected) == (server.fingerprint, first)
    assert server.passwords == []
    assert (await trust_host_keys(*hub, "erp", offer.keys, actor="ada", clock=CLOCK)).ok
    assert list_connections(*hub)[0].acts[0].note.endswith(f"{server.fingerprint}, instead of {first}")


async def test_what_is_kept_is_what_was_shown(hub: Hub, server: FaultyServer) -> None:
    offer = await offered(hub)
    server.restart(new_key=True)
    result = await trust_host_keys(*hub, "erp", offer.keys, actor="ada", clock=CLOCK)
    assert not result.ok
    assert server.passwords == []


async def test_an_order_waits_for_the_key_and_then_arrives(database_url: str, tmp_path: Path) -> None:
    sap = SapSimulator(SandboxContext("erp", "http://127.0.0.1:9", tmp_path), {})
    access = await sap.start()
    files = shop_to_sap(access)
    files["config/connections/erp.yaml"] = files["config/connections/erp.yaml"].replace(access["host_key"], "''")
    with local_hub(database_url, files) as hub:
        await hub.receive_item(
            "shop", Item(key="1", type="shopify.order", body=ORDER.read_bytes(), name="orders/create")
        )
        await hub.settle()
        [delivery] = hub.rows(tables.delivery)
        assert (delivery["state"], sap.state()["effects"]) == ("planned", {})
        assert "crossdock connections trust erp" in delivery["reason"]
        offer = await offered_host_keys(hub.store, hub.workspace, "erp", clock=CLOCK)
        result = await trust_host_keys(hub.store, hub.workspace, "erp", offer.keys, actor="ada", clock=CLOCK)
        assert result.resumed
        await hub.settle()
        assert hub.states(tables.delivery) == {"delivered": 1}
        assert list(sap.state()["effects"].values()) == [1]
        assert not hub.rows(tables.failure)
    await sap.stop()


async def test_a_pause_by_a_person_stays(hub: Hub) -> None:
    pause_connection(*hub, "erp", actor="ada", clock=CLOCK)
    result = await trust_host_keys(*hub, "erp", (await offered(hub)).keys, actor="ada", clock=CLOCK)
    assert (result.ok, result.resumed) == (True, False)


async def test_the_key_in_the_file_counts_and_is_changed_there(database_url: str, server: FaultyServer) -> None:
    store, workspace = prepare(database_url, erp(server))
    keys = (await offered_host_keys(store, workspace, "erp", clock=CLOCK)).keys
    await trust_host_keys(store, workspace, "erp", keys, actor="ada", clock=CLOCK)
    store.close()
    server.passwords.clear()
    other = f"SHA256:{'A' * 43}"
    store, workspace = prepare(database_url, erp(server, other))
    offer = await offered_host_keys(store, workspace, "erp", clock=CLOCK)
    assert offer.keys == []
    [finding] = offer.test.findings
    assert other in finding
    assert f"set host_key: {server.host_key}" in finding
    assert server.passwords == []
    store.close()


async def test_a_server_that_is_away_offers_nothing(hub: Hub, server: FaultyServer) -> None:
    assert (await offered(hub)).keys
    server.stop()
    offer = await offered(hub)
    assert offer.keys == []
    assert "cannot be reached" in offer.test.findings[0]


async def test_keys_are_those_of_a_connection_that_there_is(hub: Hub) -> None:
    with pytest.raises(NotFound, match="did you mean 'erp'"):
        await offered_host_keys(*hub, "erpp", clock=CLOCK)
    [key] = (await offered(hub)).keys
    with pytest.raises(NotFound):
        await trust_host_keys(*hub, "crm", [key], actor="ada", clock=CLOCK)
