"""The test kit's stand-ins do what the hub would."""

from __future__ import annotations

import pytest

from hub.contract.connector import Item, Outbound, Page, Receipt
from hub.contract.errors import ConfigError, InDoubt, TransientError
from hub.contract.testkit import (
    Applied,
    FakePush,
    FakeState,
    Killed,
    ScriptedConfig,
    ScriptedConnector,
    capturing_log,
    case_of,
    fake_context,
)
from hub.contract.testkit.suite.described import HUB_KEYS
from hub.workspace.connections import ConnectionSpec

OUT = Outbound("t-1", "key-1", "scripted.order", "order.json", "application/json", b"{}")


async def test_state_outlives_a_context() -> None:
    state = FakeState()
    await fake_context(state=state).state.set("token", "abc")
    assert await fake_context(state=state).state.get("token") == "abc"
    assert await fake_context().state.get("token") is None


async def test_state_keeps_text_only() -> None:
    with pytest.raises(TypeError, match="'page' is a int"):
        await FakeState().set("page", 3)  # type: ignore[arg-type]


async def test_a_checkpoint_before_the_crash_is_kept() -> None:
    push = FakePush(crash_at=2, kept=False)
    await push.checkpoint({"step": 1})
    with pytest.raises(Killed):
        await push.checkpoint({"step": 2})
    assert push.done == {"step": 1}


async def test_a_checkpoint_can_be_kept_and_the_process_die() -> None:
    push = FakePush(crash_at=1)
    with pytest.raises(Killed):
        await push.checkpoint({"step": 1})
    assert push.done == {"step": 1}


async def test_a_checkpoint_must_be_json() -> None:
    with pytest.raises(TypeError):
        await FakePush().checkpoint({"step": b"bytes"})


def test_the_log_is_captured() -> None:
    log, entries = capturing_log()
    log.info("pulled", count=2)
    log.debug("asked")
    assert entries == [
        {"event": "pulled", "count": 2, "log_level": "info"},
        {"event": "asked", "log_level": "debug"},
    ]


async def test_unscripted_it_works_and_tells_the_truth() -> None:
    connector = ScriptedConnector()
    assert await connector.find(OUT) is None
    assert await connector.push(OUT, FakePush()) == Receipt()
    assert await connector.find(OUT) == Receipt()
    assert connector.effects == {"key-1": 1}


async def test_scripted_failures_come_in_their_order_with_or_without_effect() -> None:
    connector = ScriptedConnector()
    connector.on_push(TransientError("away"), Applied(InDoubt("cut")), Receipt(note="there"))
    with pytest.raises(TransientError):
        await connector.push(OUT, FakePush())
    assert connector.effects["key-1"] == 0
    with pytest.raises(InDoubt):
        await connector.push(OUT, FakePush())
    assert connector.effects["key-1"] == 1
    assert (await connector.push(OUT, FakePush())).note == "there"
    assert connector.effects["key-1"] == 2
    assert len(connector.pushed) == 3


async def test_an_idempotent_counterpart_has_one_effect() -> None:
    connector = ScriptedConnector(ScriptedConfig(idempotent=True))
    assert connector.repeatable
    for _ in range(3):
        await connector.push(OUT, FakePush())
    assert connector.effects == {"key-1": 1}


async def test_scripted_pages_are_pulled_and_acknowledged() -> None:
    connector = ScriptedConnector()
    item = Item(key="1", type="scripted.order", body=b"{}")
    connector.on_pull(Page([item], cursor="1"), TransientError("away"))
    page = await connector.pull(None)
    await connector.ack(page.items)
    with pytest.raises(TransientError):
        await connector.pull(page.cursor)
    assert await connector.pull("1") == Page([], cursor="1")
    assert connector.acknowledged == ["1"]


async def test_a_look_up_can_be_scripted() -> None:
    connector = ScriptedConnector()
    connector.on_find(InDoubt("cannot tell"), Receipt(references={"order": "45"}))
    with pytest.raises(InDoubt):
        await connector.find(OUT)
    found = await connector.find(OUT)
    assert found is not None
    assert found.references == {"order": "45"}


def test_the_suite_knows_the_hubs_own_keys() -> None:
    assert set(ConnectionSpec.model_fields) == HUB_KEYS


def test_a_type_without_connector_has_no_case() -> None:
    with pytest.raises(ConfigError, match="no connector 'htpp'"):
        case_of("htpp")
