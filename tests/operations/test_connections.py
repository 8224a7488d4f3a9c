"""Connections tell how they stand, are tested at their counterpart, and resumed."""

from __future__ import annotations

import pytest

from hub.contract.errors import ConfigError
from hub.operations.connections import ConnectionView, check_connection, list_connections, resume_connection
from hub.operations.errors import NotFound, OperationRefused
from hub.runtime.pages import CURSOR_KEY
from hub.store.connections import PAUSED_KEY, count_refusals, write_state
from tests.operations.hub_process import Hub


def view(hub: Hub, name: str) -> ConnectionView:
    return next(one for one in list_connections(hub.store, hub.workspace) if one.name == name)


def pause(hub: Hub, name: str) -> None:
    with hub.store.write() as connection:
        write_state(connection, name, PAUSED_KEY, "The key was refused.", at=hub.clock.now())


async def test_a_list_tells_what_waits_and_what_was_turned_away(hub: Hub) -> None:
    hub.misbehave("crm", "error_400")
    await hub.receive(number=1)
    await hub.settle()
    await hub.receive(number=2)
    hub.drain()
    with hub.store.write() as connection:
        count_refusals(connection, {("shop", "signature"): 3}, at=hub.clock.now())
        write_state(connection, "shop", CURSOR_KEY, "page-7", at=1_700_000_000_000_000)
    pause(hub, "crm")
    crm, shop = view(hub, "crm"), view(hub, "shop")
    assert (crm.type, crm.system, crm.directions) == ("http", "crm", ["push"])
    assert crm.deliveries == {"dead": 1, "planned": 1}
    assert crm.failures == 1
    assert crm.paused == "The key was refused."
    assert shop.refused == {"signature": 3}
    assert shop.cursor == "page-7"
    assert shop.pulled_at is not None
    assert shop.paused is None


async def test_a_connection_that_is_gone_but_owed_something_is_listed(hub: Hub) -> None:
    await hub.receive(number=1)
    hub.drain()
    (hub.root / "config/connections/crm.yaml").unlink()
    hub.rewrite("pipelines/orders.yaml", "  - {to: crm, map: test/crm_order, when: effect == 'created'}\n", "")
    gone = view(hub, "crm")
    assert gone.type is None
    assert gone.deliveries == {"planned": 1}
    assert gone.paused == "It is not configured any more."


async def test_a_counterpart_that_answers_is_well_and_its_pause_ends(hub: Hub) -> None:
    pause(hub, "erp")
    result = await check_connection(hub.store, hub.workspace, "erp", clock=hub.clock)
    assert (result.ok, result.resumed) == (True, True)
    assert "answers" in result.findings[0]
    assert view(hub, "erp").paused is None
    again = await check_connection(hub.store, hub.workspace, "erp", clock=hub.clock)
    assert (again.ok, again.resumed) == (True, False)


async def test_a_counterpart_that_does_not_answer_is_told_and_stays_paused(hub: Hub) -> None:
    hub.misbehave("erp", "refuse")
    pause(hub, "erp")
    result = await check_connection(hub.store, hub.workspace, "erp", clock=hub.clock)
    assert (result.ok, result.resumed) == (False, False)
    assert "could not be reached" in result.findings[0]
    assert view(hub, "erp").paused is not None


async def test_settings_that_do_not_resolve_are_refused(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_SECRET")
    with pytest.raises(ConfigError, match="TEST_SECRET"):
        await check_connection(hub.store, hub.workspace, "shop", clock=hub.clock)


async def test_a_resumed_connection_delivers_again(hub: Hub) -> None:
    pause(hub, "crm")
    await hub.receive(number=1)
    await hub.settle()
    assert hub.effect_count("crm") == 0
    assert resume_connection(hub.store, hub.workspace, "crm", clock=hub.clock).was_paused == "The key was refused."
    assert resume_connection(hub.store, hub.workspace, "crm", clock=hub.clock).was_paused is None
    await hub.deliver()
    assert hub.effect_count("crm") == 1


async def test_a_pause_of_the_file_is_ended_there(hub: Hub) -> None:
    hub.rewrite("config/connections/crm.yaml", "type: http\n", "type: http\npaused: true\n")
    assert "config/connections/crm.yaml:3" in (view(hub, "crm").paused or "")
    with pytest.raises(OperationRefused, match=r"config/connections/crm\.yaml:3"):
        resume_connection(hub.store, hub.workspace, "crm", clock=hub.clock)


async def test_a_connection_that_is_none_is_told_with_the_nearest(hub: Hub) -> None:
    with pytest.raises(NotFound, match="did you mean 'crm'"):
        resume_connection(hub.store, hub.workspace, "crn", clock=hub.clock)
    with pytest.raises(NotFound, match="did you mean 'erp'"):
        await check_connection(hub.store, hub.workspace, "erp2", clock=hub.clock)
