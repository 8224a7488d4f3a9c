"""The HubSpot connector against its simulator, over sockets."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from connectors.crm.hubspot.connector import HubSpotConfig, HubSpotConnector
from connectors.crm.hubspot.records import limited, read_associated, read_written, refusal
from hub.contract.errors import (
    AuthError,
    DecodeError,
    InDoubt,
    RejectedMessage,
    SignatureRefused,
    TransientError,
)
from hub.contract.testkit import FakePush, Killed
from tests.connectors.hubspot_bench import DEAL, opened, outbound, simulated
from tests.connectors.webhook_hub import Hub, eventually, listening, serving


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    async with listening() as hub:
        yield hub


@pytest.fixture
async def hubspot(hub: Hub) -> AsyncIterator[Any]:
    async with simulated(hub.url) as simulator:
        yield simulator


@pytest.fixture
async def connector(hubspot: Any) -> AsyncIterator[HubSpotConnector]:
    async with opened(hubspot.endpoint) as connector:
        yield connector


def records(hubspot: Any, name: str) -> dict[str, Any]:
    found: dict[str, Any] = hubspot.state()["records"][name]
    return found


class TestWriting:
    async def test_a_contact_is_created_then_updated(self, hubspot: Any, connector: Any) -> None:
        for name, done in (("Ada", "created"), ("Ada A.", "updated")):
            contact = {"email": "ada@acme.example", "properties": {"firstname": name, "vip": True, "orders": 3}}
            receipt = await connector.push(outbound(contact, "hubspot.contact"), FakePush())
            assert receipt.note == f"contact {receipt.references['contact']} {done}"
        [(email, record)] = records(hubspot, "contacts").items()
        assert (email, record["id"]) == ("ada@acme.example", receipt.references["contact"])
        expected = {"email": "ada@acme.example", "firstname": "Ada A.", "vip": "true", "orders": "3"}
        assert (record["properties"], record["changes"]) == (expected, 2)

    @pytest.mark.parametrize("kind", ["deal", "order", "ticket"])
    async def test_a_record_is_written_with_its_contact_and_associated(
        self, hubspot: Any, connector: Any, kind: str
    ) -> None:
        receipt = await connector.push(outbound(DEAL, f"hubspot.{kind}"), FakePush())
        record, contact = records(hubspot, f"{kind}s")["so-1001"], records(hubspot, "contacts")["ada@acme.example"]
        assert record["properties"] == {"crossdock_key": "SO-1001", "dealname": "SO-1001", "amount": "19.90"}
        assert receipt.references == {kind: record["id"], "contact": contact["id"]}
        assert hubspot.state()["associations"] == [[f"{kind}s", record["id"], contact["id"]]]
        assert json.loads(receipt.response)["results"][0]["id"] == record["id"]

    async def test_a_record_without_contacts_is_one_request(self, hubspot: Any, connector: Any) -> None:
        push = FakePush()
        receipt = await connector.push(outbound({"key": "SO-2"}), push)
        assert list(receipt.references) == ["deal"]
        assert (push.checkpoints, hubspot.state()["associations"]) == ([], [])

    async def test_every_digit_is_kept_several_values_are_separated_and_null_clears(
        self, hubspot: Any, connector: Any
    ) -> None:
        body = (
            b'{"key": "K", "properties": {"amount": 1234567890123456.10, "id": 912345678901234567, "note": null,'
            b' "tags": ["a", "b"]}}'
        )
        await connector.push(replace(outbound({}), body=body), FakePush())
        expected = {"crossdock_key": "K", "amount": "1234567890123456.10", "id": "912345678901234567", "note": ""}
        expected["tags"] = "a;b"
        assert records(hubspot, "deals")["k"]["properties"] == expected

    async def test_written_again_nothing_changes(self, hubspot: Any, connector: Any) -> None:
        for _ in range(3):
            await connector.push(outbound(DEAL), FakePush())
        assert records(hubspot, "deals")["so-1001"]["changes"] == 1
        assert records(hubspot, "contacts")["ada@acme.example"]["changes"] == 1
        assert len(hubspot.state()["associations"]) == 1
        assert connector.repeatable

    @pytest.mark.parametrize(
        ("type_name", "tree", "field"),
        [
            ("hubspot.contact", {"properties": {}}, "email"),
            ("hubspot.contact", {"email": " "}, "email"),
            ("hubspot.contact", {"email": "a@b.c", "key": "x"}, "key"),
            ("hubspot.deal", [], "body"),
            ("hubspot.deal", {"key": ""}, "key"),
            ("hubspot.deal", {"key": "K", "properties": {"lines": [1]}}, "properties.lines"),
            ("hubspot.deal", {"key": "K", "properties": {"line": {"a": "b"}}}, "properties.line"),
            ("hubspot.deal", {"key": "K", "contacts": [{"email": "a@b.c"}, {}]}, "contacts.1.email"),
            ("hubspot.deal", {"key": "K", "contacts": [{"email": "a@b.c"}, {"email": "A@b.c"}]}, "contacts"),
            ("hubspot.ticket", {"key": "K", "contacts": [{"email": f"a{n}@b.c"} for n in range(101)]}, "contacts"),
        ],
    )
    async def test_a_wrong_record_names_its_field_and_sends_nothing(
        self, hubspot: Any, connector: Any, type_name: str, tree: Any, field: str
    ) -> None:
        with pytest.raises(RejectedMessage) as error:
            await connector.push(outbound(tree, type_name), FakePush())
        assert error.value.where["field"] == field
        assert not any(hubspot.state()["records"].values())

    async def test_what_is_no_json_is_refused(self, connector: Any) -> None:
        with pytest.raises(DecodeError):
            await connector.push(replace(outbound({}), body=b"\xff"), FakePush())


class TestRefusals:
    async def test_a_part_failure_names_the_contact_and_writes_no_deal(self, hubspot: Any, connector: Any) -> None:
        contacts = [{"email": "ada@acme.example"}, {"email": "no-address"}]
        with pytest.raises(RejectedMessage, match="no-address: Property values were not valid; email: no-address is"):
            await connector.push(outbound(DEAL | {"contacts": contacts}), FakePush())
        assert list(records(hubspot, "contacts")) == ["ada@acme.example"]
        assert records(hubspot, "deals") == {}

    async def test_a_record_that_is_refused_is_named_by_its_key(self, hubspot: Any, connector: Any) -> None:
        hubspot.misbehave("partial", 1)
        with pytest.raises(RejectedMessage, match=r"HubSpot refused the deals SO-2: SO-2: Property values"):
            await connector.push(outbound({"key": "SO-2"}), FakePush())

    async def test_a_refusal_says_what_hubspot_said(self, hubspot: Any, connector: Any) -> None:
        hubspot.misbehave("error_400", 1)
        with pytest.raises(RejectedMessage, match=r'VALIDATION_ERROR: .*dealstage: "closedwonn" is not one of'):
            await connector.push(outbound({"key": "SO-2"}), FakePush())

    @pytest.mark.parametrize(("fault", "wait"), [("rate_limit", 10.0), ("daily_limit", 3600.0), ("locked", 10.0)])
    async def test_a_limit_says_how_long(self, hubspot: Any, connector: Any, fault: str, wait: float) -> None:
        hubspot.misbehave(fault, 1)
        with pytest.raises(TransientError) as error:
            await connector.push(outbound({"key": "SO-2"}), FakePush())
        assert error.value.retry_after == wait

    @pytest.mark.parametrize(
        ("header", "wait"), [("2", 2.0), ("0.5", 0.5), ("nan", 10.0), ("-1", 10.0), ("x", 10.0), ("1e9", 86_400.0)]
    )
    def test_retry_after_is_believed_within_reason(self, header: str, wait: float) -> None:
        assert limited(429, b"[]", header).retry_after == wait

    async def test_a_refused_token_stops_the_connection_and_is_not_shown(self, hubspot: Any) -> None:
        async with opened(hubspot.endpoint, access_token="pat-very-wrong") as connector:
            with pytest.raises(AuthError) as error:
                await connector.push(outbound(DEAL), FakePush())
        assert "pat-very-wrong" not in f"{error.value.message}{error.value.detail}{error.value.where}"

    async def test_check_names_the_account_and_a_missing_property(self, hubspot: Any, connector: Any) -> None:
        health = await connector.check()
        assert (health.ok, health.findings) == (True, ["account 62515", "the key property is there"])
        async with opened(hubspot.endpoint, key_property="order_no") as mistaken:
            health = await mistaken.check()
        assert not health.ok
        assert health.findings[1].startswith("deals: there is no property order_no")

    @pytest.mark.parametrize(
        ("status", "tree", "finding"),
        [
            (403, {}, "deals: the app may not read them"),
            (200, {"hasUniqueValue": False}, "deals: the property crossdock"),
        ],
    )
    async def test_check_names_what_hinders_it(self, status: int, tree: dict[str, Any], finding: str) -> None:
        async def answer(request: web.Request) -> web.Response:
            account = request.path.startswith("/account-info")
            return web.json_response({"portalId": 1} if account else tree, status=200 if account else status)

        async with serving(answer) as url, opened({"url": url}) as connector:
            health = await connector.check()
        assert not health.ok
        assert health.findings[1].startswith(finding)

    def test_secrets_are_not_printed(self) -> None:
        given = {"access_token": "pat-1", "client_secret": "hush", "webhook_url": "https://h/in/a"}
        shown = repr(HubSpotConfig.model_validate(given))
        assert "pat-1" not in shown
        assert "hush" not in shown


class TestDoubt:
    @pytest.mark.parametrize("kept", [True, False])
    async def test_killed_between_contact_and_deal_both_are_written_once(
        self, hubspot: Any, connector: Any, kept: bool
    ) -> None:
        push = FakePush(1, kept=kept)
        with pytest.raises(Killed):
            await connector.push(outbound(DEAL), push)
        assert records(hubspot, "deals") == {}
        receipt = await connector.push(replace(outbound(DEAL), attempt=2, done=push.done), FakePush())
        assert records(hubspot, "deals")["so-1001"]["changes"] == 1
        assert [receipt.references["deal"], receipt.references["contact"]] == hubspot.state()["associations"][0][1:]

    async def test_a_lost_association_is_in_doubt_and_made_again(self, hubspot: Any, connector: Any) -> None:
        hubspot.misbehave("lose_association", 1)
        with pytest.raises(InDoubt):
            await connector.push(outbound(DEAL), FakePush())
        await connector.push(outbound(DEAL), FakePush())
        assert len(hubspot.state()["associations"]) == 1

    @pytest.mark.parametrize("status", [400, 404, 423, 429, 500, 503])
    async def test_once_the_record_is_written_no_failure_says_that_nothing_happened(self, status: int) -> None:
        async def answer(request: web.Request) -> web.Response:
            if request.path.endswith("/associate/default"):
                return web.json_response({"message": "no"}, status=status)
            return web.json_response({"results": [{"id": "7", "new": True}]})

        async with serving(answer) as url, opened({"url": url}) as connector:
            with pytest.raises(InDoubt):
                await connector.push(outbound(DEAL), FakePush())

    @pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"results": [{}]}', b'{"results": []}'])
    async def test_an_answer_that_does_not_say_what_was_written_is_in_doubt(self, body: bytes) -> None:
        async def answer(request: web.Request) -> web.Response:
            return web.Response(body=body, status=207)

        async with serving(answer) as url, opened({"url": url}) as connector:
            with pytest.raises(InDoubt):
                await connector.push(outbound(DEAL), FakePush())

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["results", "errors", "id", "message", "context", "objectWriteTraceId", "in"]),
                    inner,
                    max_size=3,
                )
            ),
            max_leaves=10,
        )
    )
    def test_whatever_shape_an_answer_has_it_is_read_or_an_error_of_the_hub(self, tree: Any) -> None:
        body = json.dumps(tree).encode()
        with suppress(RejectedMessage, InDoubt):
            assert len(read_written(body, ["a", "b"], "the deals")) >= 2
        with suppress(InDoubt):
            read_associated(body, "to associate")
        assert refusal(400, body, "the deals").message.startswith("HubSpot refused the deals: ")


class TestEvents:
    async def test_what_a_user_does_arrives_as_events(self, hubspot: Any, hub: Hub, connector: Any) -> None:
        change = {"object": "deals", "key": "SO-1", "properties": {"dealname": "One"}}
        created = await hubspot.act("change", change)
        await hubspot.act("change", change | {"properties": {"dealname": "Two", "dealstage": "closedwon"}})
        first, second = (connector.receive(request).items for request in hub.requests)
        assert [item.name for item in first] == ["deal.creation"]
        assert [item.name for item in second] == ["deal.propertyChange"] * 2
        assert {item.type for item in (*first, *second)} == {"hubspot.deal_event"}
        bodies = [json.loads(item.body) for item in (*first, *second)]
        assert {body["objectId"] for body in bodies} == {int(created["id"])}
        assert len({item.key for item in (*first, *second)}) == 3

    async def test_what_the_connector_writes_comes_back_marked(self, hubspot: Any, hub: Hub, connector: Any) -> None:
        await connector.push(outbound(DEAL), FakePush())
        await connector.push(outbound(DEAL), FakePush())
        await eventually(lambda: len(hub.requests) == 2)
        sent = [event for body in hub.bodies() for event in body]
        assert {event["subscriptionType"] for event in sent} == {"contact.creation", "deal.creation"}
        assert {event["changeSource"] for event in sent} == {"INTEGRATION"}

    async def test_what_is_refused_is_sent_again_under_the_same_key(
        self, hubspot: Any, hub: Hub, connector: Any
    ) -> None:
        hub.statuses = [500, 503]
        await hubspot.act("change", {"object": "contacts", "key": "ada@acme.example"})
        await eventually(lambda: hubspot.state()["webhooks"][0]["status"] == "delivered")
        await hubspot.act("resend", {})
        assert hubspot.state()["webhooks"][0]["answers"] == [500, 503, 200, 200]
        assert len({connector.receive(request).items[0].key for request in hub.requests}) == 1
        assert [body[0]["attemptNumber"] for body in hub.bodies()] == [0, 1, 2, 2]

    @pytest.mark.parametrize("fault", ["wrong_signature", "stale_timestamp"])
    async def test_a_forged_or_replayed_webhook_is_refused_and_the_next_is_good(
        self, hubspot: Any, hub: Hub, connector: Any, fault: str
    ) -> None:
        hubspot.misbehave(fault, 1)
        for key in ("a@acme.example", "b@acme.example"):
            await hubspot.act("change", {"object": "contacts", "key": key})
        with pytest.raises(SignatureRefused):
            connector.receive(hub.requests[0])
        assert connector.receive(hub.requests[1]).items

    @pytest.mark.parametrize(
        ("action", "arguments", "message"),
        [
            ("change", {"object": "companies", "key": "x"}, "object"),
            ("change", {"object": "deals"}, "key"),
            ("resend", {}, "No webhook"),
        ],
    )
    async def test_a_wrong_action_says_what_is_wrong(
        self, hubspot: Any, action: str, arguments: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            await hubspot.act(action, arguments)
