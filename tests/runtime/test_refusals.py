"""How a delivery goes on after each way in which a target can answer, or not answer."""

from __future__ import annotations

import pytest

from hub.runtime.exchange import Exchange
from hub.store import tables
from tests.runtime.hubs import LocalHub, expire_leases, local_hub
from tests.runtime.sinks import CLOSE, Answer, Sink
from tests.runtime.webhooks import moment, webhook
from tests.runtime.workspaces import http_target, shop_to_targets

ERROR = Answer(500, body=b'{"error": "out of order"}')


def files(sink: Sink, *, idempotent: bool = False) -> dict[str, str]:
    """Orders go to the target that misbehaves, and to another."""
    targets = {
        "erp": http_target("erp", sink.url("erp"), idempotent=idempotent),
        "crm": http_target("crm", sink.url("crm")),
    }
    return shop_to_targets(targets)


@pytest.mark.parametrize("answer", [CLOSE, ERROR], ids=["closed", "500"])
async def test_a_request_without_its_outcome_is_in_doubt_and_never_sent_again(
    answer: Answer, database_url: str
) -> None:
    async with Sink() as sink:
        sink.answers("erp", answer)
        with local_hub(database_url, files(sink)) as hub:
            await hub.receive([webhook(1)])
            await hub.settle()
            [first] = hub.rows(tables.delivery, connection="erp")
            assert first["state"] == "in_doubt"
            [failure] = hub.rows(tables.failure, target=first["id"])
            assert (failure["code"], failure["closed_at"]) == ("in_doubt", None)
            await hub.receive([webhook(1, 2), webhook(2)])
            await hub.settle()
            # Its own lane waits; other orders and other targets do not.
            assert [said["revision"] for said in sink.said("erp")] == [moment(1), moment(1)]
            assert [said["order"][-1] for said in sink.said("erp")] == ["1", "2"]
            assert [*sink.keys("erp").values()] == [1, 1]
            assert hub.states(tables.delivery, connection="erp") == {"in_doubt": 1, "planned": 1, "delivered": 1}
            assert hub.states(tables.delivery, connection="crm") == {"delivered": 3}


@pytest.mark.parametrize("answer", [CLOSE, ERROR], ids=["closed", "500"])
async def test_a_target_that_knows_keys_gets_what_is_in_doubt_again_under_the_same_key(
    answer: Answer, database_url: str
) -> None:
    async with Sink() as sink:
        sink.answers("erp", answer, answer)
        with local_hub(database_url, files(sink, idempotent=True)) as hub:
            await hub.receive([webhook(1), webhook(1, 2)])
            hub.drain()
            await hub.deliver(lambda: hub.states(tables.delivery) == {"delivered": 4}, "everything is delivered")
            assert sorted(sink.keys("erp").values()) == [1, 3]
            assert [said["revision"] for said in sink.said("erp")] == [moment(1)] * 3 + [moment(2)]
            outcomes = [row["outcome"] for row in hub.rows(tables.attempt)]
            assert sorted(outcomes) == ["delivered"] * 4 + ["in_doubt"] * 2
            assert not hub.rows(tables.failure)


async def test_in_doubt_for_good_when_its_tries_are_used_up(database_url: str) -> None:
    async with Sink() as sink:
        sink.answers("erp", always=ERROR)
        retry = "{attempts: 3, first: 50ms, longest: 50ms}"
        targets = {"erp": http_target("erp", sink.url("erp"), idempotent=True, retry=retry)}
        with local_hub(database_url, shop_to_targets(targets)) as hub:
            await hub.receive([webhook(1)])
            hub.drain()
            await hub.deliver(lambda: hub.states(tables.delivery) == {"in_doubt": 1}, "its tries are used up")
            assert [*sink.keys("erp").values()] == [3]
            [failure] = hub.rows(tables.failure)
            assert "500" in failure["text"]


async def test_a_refused_document_is_a_dead_letter_with_what_the_target_said(database_url: str) -> None:
    async with Sink() as sink:
        sink.answers("erp", Answer(400, body=b'{"error": "SKU MUG is not sold any more"}'))
        with local_hub(database_url, files(sink)) as hub:
            await hub.receive([webhook(1), webhook(2)])
            await hub.settle()
            assert hub.states(tables.delivery, connection="erp") == {"dead": 1, "delivered": 1}
            [failure] = hub.rows(tables.failure)
            assert failure["code"] == "rejected"
            assert "SKU MUG is not sold any more" in failure["text"]
            assert '"status":400' in failure["place"]


async def test_refused_credentials_pause_the_connection_and_lose_nothing(database_url: str) -> None:
    async with Sink() as sink:
        sink.answers("erp", Answer(401))
        with local_hub(database_url, files(sink)) as hub:
            await hub.receive([webhook(1)])
            await hub.settle()
            await hub.receive([webhook(2), webhook(3)])
            await hub.settle()
            assert len(sink.said("erp")) == 1
            [note] = hub.rows(tables.connection_state, connection="erp", key="paused")
            assert "401" in note["value"]
            assert hub.states(tables.delivery, connection="erp") == {"planned": 3}
            assert hub.states(tables.delivery, connection="crm") == {"delivered": 3}
            hub.resume("erp")
            await hub.settle()
            assert hub.states(tables.delivery) == {"delivered": 6}
            assert [*sink.keys("erp").values()] == [2, 1, 1]


@pytest.mark.parametrize("status", [429, 503])
async def test_the_target_is_left_alone_for_as_long_as_it_asks(status: int, database_url: str) -> None:
    async with Sink() as sink:
        sink.answers("erp", Answer(status, ("retry-after: 120",)))
        with local_hub(database_url, files(sink)) as hub:
            await hub.receive([webhook(1)])
            await hub.settle()
            [delivery] = hub.rows(tables.delivery, connection="erp")
            [attempt] = hub.rows(tables.attempt, transmission=delivery["transmission"])
            assert (delivery["state"], attempt["outcome"]) == ("planned", "failed")
            assert delivery["next_at"] - attempt["ended_at"] == 120_000_000
            assert len(sink.said("erp")) == 1


async def test_what_cannot_be_reached_is_tried_again_and_in_order(database_url: str) -> None:
    sink = Sink()
    with local_hub(database_url, files(sink)) as hub:
        await hub.receive([webhook(1), webhook(1, 2), webhook(1, 3)])
        hub.drain()
        await hub.deliver(lambda: len(hub.rows(tables.attempt, outcome="failed")) >= 4, "several tries failed")
        assert set(hub.states(tables.delivery)) == {"planned"}
        async with sink:
            await hub.deliver(lambda: hub.states(tables.delivery) == {"delivered": 6}, "everything is delivered")
        versions = [moment(revision) for revision in (1, 2, 3)]
        assert [said["revision"] for said in sink.said("erp")] == versions
        assert [said["revision"] for said in sink.said("crm")] == versions


async def test_a_doubt_stays_one_while_the_connection_cannot_be_opened(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret that is missing after a crash must not turn what may have been sent into what surely was not."""
    async with Sink() as sink:
        text = http_target("erp", sink.url("erp"), retry="{attempts: 2, first: 50ms, longest: 50ms}")
        targets = {"erp": f"{text}bearer_token: ${{env:ERP_TOKEN}}\n"}
        monkeypatch.delenv("ERP_TOKEN", raising=False)
        with local_hub(database_url, shop_to_targets(targets)) as hub:
            await hub.receive([webhook(1)])
            hub.drain()
            leave_an_open_attempt(hub)
            await hub.deliver(lambda: hub.states(tables.delivery) == {"in_doubt": 1}, "it is in doubt")
            monkeypatch.setenv("ERP_TOKEN", "abc")
            await hub.settle()
            assert hub.states(tables.delivery) == {"in_doubt": 1}
            assert sink.arrivals == []


def leave_an_open_attempt(hub: LocalHub) -> None:
    """Do what a worker does up to the moment before it sends, and die."""
    [frozen] = Exchange(hub.store, hub.workspace, hub.clock, "dead").cycle([], {"erp": 1})
    assert frozen.out.attempt == 1
    expire_leases(hub.store)
