"""Connections tell how they stand, are tested at their counterpart, and resumed."""

from __future__ import annotations

import pytest

from hub.contract.clock import from_micros
from hub.contract.errors import ConfigError
from hub.operations.connections.health import ConnectionView, check_connection, list_connections
from hub.operations.connections.pauses import Resumed, pause_connection, resume_connection
from hub.operations.deliveries import read_deliveries
from hub.operations.errors import BadInput, NotFound, OperationRefused
from hub.runtime.pages import CURSOR_KEY
from hub.store.connections import PAUSED_KEY, count_refusals, write_state
from hub.store.tables import delivery
from tests.operations.hub_process import Hub
from tests.runtime.hubs import local_hub
from tests.runtime.sinks import Answer, Sink
from tests.runtime.webhooks import webhook
from tests.runtime.workspaces import http_target, shop_to_targets


def view(hub: Hub, name: str) -> ConnectionView:
    return next(one for one in list_connections(hub.store, hub.workspace) if one.name == name)


def pause(hub: Hub, name: str) -> None:
    with hub.store.write() as connection:
        write_state(connection, name, PAUSED_KEY, "The key was refused.", at=hub.clock.now())


def resume(hub: Hub, name: str) -> Resumed:
    return resume_connection(hub.store, hub.workspace, name, actor="ada", clock=hub.clock)


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
    assert resume(hub, "crm").was_paused == "The key was refused."
    assert resume(hub, "crm").was_paused is None
    await hub.deliver()
    assert hub.effect_count("crm") == 1


async def test_a_person_pauses_a_connection_and_what_is_due_waits(hub: Hub) -> None:
    paused = pause_connection(
        hub.store, hub.workspace, "crm", reason="The CRM\n is moved.", actor="ada", clock=hub.clock
    )
    assert (paused.reason, paused.was_paused) == ("ada paused it: The CRM is moved.", None)
    await hub.receive(number=1)
    await hub.settle()
    assert (hub.effect_count("erp"), hub.effect_count("crm")) == (1, 0)
    with hub.store.read() as connection:
        [waiting] = read_deliveries(connection, delivery.c.connection == "crm", now=hub.clock.now())
    assert [(wait.kind, wait.text) for wait in waiting.waits] == [
        ("pause", "crm is paused: ada paused it: The CRM is moved.")
    ]
    crm = view(hub, "crm")
    assert (crm.paused, crm.paused_by, crm.deliveries) == (paused.reason, "ada", {"planned": 1})
    assert crm.paused_at is not None
    assert resume(hub, "crm").was_paused == paused.reason
    await hub.deliver()
    assert hub.effect_count("crm") == 1
    assert (view(hub, "crm").paused, view(hub, "crm").paused_by) == (None, None)


async def test_who_paused_and_resumed_when_is_kept(hub: Hub) -> None:
    before = hub.clock.now()
    pause_connection(hub.store, hub.workspace, "crm", reason="", actor="ada", clock=hub.clock)
    again = pause_connection(hub.store, hub.workspace, "crm", reason="Longer.", actor="grace", clock=hub.clock)
    assert again.was_paused == "ada paused it."
    resume(hub, "crm")
    assert resume(hub, "crm").was_paused is None
    acts = view(hub, "crm").acts
    assert [(act.actor, act.did, act.note) for act in acts] == [
        ("ada", "resumed", "grace paused it: Longer."),
        ("grace", "paused", "Longer."),
        ("ada", "paused", ""),
    ]
    assert all(from_micros(before) <= act.at <= from_micros(hub.clock.now()) for act in acts)
    assert view(hub, "erp").acts == []


async def test_a_test_does_not_end_what_a_person_paused(hub: Hub) -> None:
    pause_connection(hub.store, hub.workspace, "erp", actor="ada", clock=hub.clock)
    result = await check_connection(hub.store, hub.workspace, "erp", clock=hub.clock)
    assert (result.ok, result.resumed) == (True, False)
    assert view(hub, "erp").paused == "ada paused it."
    resume(hub, "erp")
    pause(hub, "erp")
    assert (await check_connection(hub.store, hub.workspace, "erp", clock=hub.clock)).resumed


async def test_credentials_refused_meanwhile_do_not_hide_why_a_person_paused(database_url: str) -> None:
    async with Sink() as sink:
        sink.answers("erp", Answer(401), Answer(401))
        with local_hub(database_url, shop_to_targets({"erp": http_target("erp", sink.url("erp"))})) as hub:
            sink.on_arrival = lambda _: pause_connection(
                hub.store, hub.workspace, "erp", reason="Moving.", actor="ada", clock=hub.clock
            )
            await hub.receive([webhook(1)])
            await hub.settle()
            [erp] = [one for one in list_connections(hub.store, hub.workspace) if one.name == "erp"]
            assert (erp.paused, erp.paused_by) == ("ada paused it: Moving.", "ada")
            sink.on_arrival = lambda _: None
            resume_connection(hub.store, hub.workspace, "erp", actor="ada", clock=hub.clock)
            await hub.settle()
            [erp] = [one for one in list_connections(hub.store, hub.workspace) if one.name == "erp"]
            assert erp.paused_by is None
            assert "401" in (erp.paused or "")


async def test_a_reason_that_no_table_keeps_is_refused(hub: Hub) -> None:
    for reason in ("a\0b", "x" * 501):
        with pytest.raises(BadInput, match="The reason"):
            pause_connection(hub.store, hub.workspace, "crm", reason=reason, actor="ada", clock=hub.clock)
    assert view(hub, "crm").paused is None
    with pytest.raises(NotFound, match="did you mean 'crm'"):
        pause_connection(hub.store, hub.workspace, "crn", actor="ada", clock=hub.clock)


async def test_a_pause_of_an_environment_is_told_with_its_place(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    path = hub.root / "config/environments/quiet.yaml"
    path.parent.mkdir()
    path.write_text("connections:\n  crm: {paused: true, shadow: true}\n")
    await hub.receive(number=1)
    hub.drain()
    monkeypatch.setenv("CROSSDOCK_ENVIRONMENT", "quiet")
    hub.reload()
    monkeypatch.delenv("CROSSDOCK_ENVIRONMENT")
    assert "config/environments/quiet.yaml:2:17" in (view(hub, "crm").paused or "")
    assert (view(hub, "crm").shadow, view(hub, "erp").shadow) == (True, False)
    with hub.store.read() as connection:
        found = read_deliveries(connection, delivery.c.connection.in_(["crm", "erp"]), now=hub.clock.now())
    assert {one.connection: [wait.text for wait in one.waits] for one in found} == {
        "crm": ["crm is paused: crm is paused in its file."],
        "erp": [],
    }


async def test_a_pause_of_the_file_is_ended_there(hub: Hub) -> None:
    hub.rewrite("config/connections/crm.yaml", "type: http\n", "type: http\npaused: true\n")
    assert "config/connections/crm.yaml:3" in (view(hub, "crm").paused or "")
    with pytest.raises(OperationRefused, match=r"config/connections/crm\.yaml:3"):
        resume(hub, "crm")


async def test_a_connection_that_is_none_is_told_with_the_nearest(hub: Hub) -> None:
    with pytest.raises(NotFound, match="did you mean 'crm'"):
        resume(hub, "crn")
    with pytest.raises(NotFound, match="did you mean 'erp'"):
        await check_connection(hub.store, hub.workspace, "erp2", clock=hub.clock)
