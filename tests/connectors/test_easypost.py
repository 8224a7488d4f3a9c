"""The EasyPost connector against its simulator, over sockets."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from connectors.tms.easypost.connector import EasyPostConnector
from connectors.tms.easypost.shipments import Shipment, read
from hub.contract.errors import (
    DecodeError,
    ReceptionRefused,
    RejectedMessage,
    SignatureRefused,
    TransientError,
)
from hub.contract.testkit import FakePush
from tests.connectors.easypost_bench import (
    ORDER,
    PARCEL,
    event,
    offline,
    only_shipment,
    opened,
    outbound,
    simulated,
    tracker_request,
)
from tests.connectors.webhook_hub import Hub, eventually, listening, serving


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    async with listening() as hub:
        yield hub


@pytest.fixture
async def easypost(hub: Hub) -> AsyncIterator[Any]:
    async with simulated(hub.url) as simulator:
        yield simulator


@pytest.fixture
async def connector(easypost: Any) -> AsyncIterator[EasyPostConnector]:
    async with opened(easypost.endpoint) as connector:
        yield connector


class TestReceiving:
    async def test_a_parcel_that_moves_arrives_as_it_was_sent(self, easypost: Any, hub: Hub, connector: Any) -> None:
        receipt = await connector.push(outbound(), FakePush())
        code = receipt.references["tracking_number"]
        await eventually(lambda: len(hub.requests) == 1)
        for status in ("in_transit", "out_for_delivery", "delivered"):
            await easypost.act("advance", {"tracking_code": code, "status": status})
        items = [connector.receive(request).items[0] for request in hub.requests]
        assert [item.type for item in items] == ["easypost.tracker"] * 4
        assert [item.name for item in items] == ["tracker.created"] + ["tracker.updated"] * 3
        assert [item.body for item in items] == [request.body for request in hub.requests]
        assert len({item.key for item in items}) == 4
        results = [event["result"] for event in hub.bodies()]
        assert [result["status"] for result in results] == ["unknown", "in_transit", "out_for_delivery", "delivered"]
        assert [result["updated_at"] for result in results] == sorted({result["updated_at"] for result in results})
        assert {result["tracking_code"] for result in results} == {code}

    def test_the_secret_is_normalised_as_easypost_does(self) -> None:
        assert offline().receive(event(secret="se\u0301cret fi")).items
        with pytest.raises(SignatureRefused, match="webhook_secret"):
            offline().receive(event(secret="secret fi"))

    def test_the_event_id_is_the_key_and_no_header_is_kept(self) -> None:
        [item] = offline().receive(event()).items
        assert (item.key, dict(item.headers)) == ("event:evt_1", {})

    @pytest.mark.parametrize("signature", ["", "hmac-sha256-hex=", "\u00e9\ud800", "0" * 10_000])
    def test_a_bad_signature_is_refused(self, signature: str) -> None:
        with pytest.raises(SignatureRefused):
            offline().receive(replace(event(), headers={"x-hmac-signature": signature}))

    @given(body=st.binary(min_size=1, max_size=200), data=st.data())
    def test_any_changed_byte_is_refused(self, body: bytes, data: st.DataObject) -> None:
        position = data.draw(st.integers(0, len(body) - 1))
        change = data.draw(st.integers(1, 255))
        changed = body[:position] + bytes([body[position] ^ change]) + body[position + 1 :]
        with pytest.raises(SignatureRefused):
            offline().receive(replace(event(body), body=changed))

    @pytest.mark.parametrize(
        ("description", "expected"),
        [("tracker.created", "easypost.tracker"), ("scan_form.updated", "easypost.scan_form")],
    )
    def test_an_event_has_the_type_of_its_object(self, description: str, expected: str) -> None:
        body = json.dumps({"id": "evt_2", "description": description}).encode()
        assert offline().receive(event(body)).items[0].type == expected

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            (b"", "no usable id"),
            (b"[" * 10_000, "no usable id"),
            (b"[]", "no usable id"),
            (b'{"id": 1, "description": "tracker.updated"}', "no usable id"),
            (b'{"id": "", "description": "tracker.updated"}', "no usable id"),
            (b'{"id": "evt_1"}', "no usable description"),
            (b'{"id": "evt_1", "description": "../x.y"}', "no usable description"),
            (b'{"id": "evt_1", "description": "tracker"}', "no usable description"),
        ],
    )
    def test_what_is_no_event_is_refused_though_well_signed(self, body: bytes, message: str) -> None:
        with pytest.raises(ReceptionRefused, match=message):
            offline().receive(event(body))

    @given(st.binary(max_size=100))
    def test_whatever_is_signed_is_an_item_or_refused(self, body: bytes) -> None:
        with suppress(ReceptionRefused):
            assert offline().receive(event(body)).items


class TestBuying:
    async def test_the_cheapest_rate_is_bought_and_its_numbers_kept(self, easypost: Any, connector: Any) -> None:
        push = FakePush()
        receipt = await connector.push(outbound(), push)
        shipment = only_shipment(easypost)
        assert (shipment["service"], shipment["buys"], shipment["reference"]) == ("GroundAdvantage", 1, "t-1")
        answer = json.loads(receipt.response)
        assert receipt.references == {
            "shipment": answer["id"],
            "tracking_number": shipment["tracking_code"],
            "tracker": answer["tracker"]["id"],
        }
        assert receipt.note == f"USPS GroundAdvantage at 8.20 USD, {shipment['tracking_code']}"
        assert answer["postage_label"]["label_url"].endswith(".png")
        assert [set(done) for done in push.checkpoints] == [{"shipments"}] * 2
        assert push.done == {"shipments": [{"shipment": answer["id"], "tracking_number": shipment["tracking_code"]}]}

    @pytest.mark.parametrize(
        ("rate", "bought"),
        [
            ("cheapest", ("USPS", "GroundAdvantage")),
            ({"carrier": "ups"}, ("UPS", "Ground")),
            ({"service": "Express"}, ("USPS", "Express")),
            ({"carrier": "USPS", "service": "Priority"}, ("USPS", "Priority")),
        ],
    )
    async def test_the_rate_wanted_is_bought(
        self, easypost: Any, connector: Any, rate: Any, bought: tuple[str, str]
    ) -> None:
        await connector.push(outbound(ORDER | {"rate": rate}), FakePush())
        shipment = only_shipment(easypost)
        assert (shipment["carrier"], shipment["service"]) == bought

    async def test_a_rate_nobody_offers_is_refused_by_name_and_nothing_is_bought(
        self, easypost: Any, connector: Any
    ) -> None:
        with pytest.raises(RejectedMessage, match=r"no rate of DHL; offered: USPS GroundAdvantage, USPS Priority"):
            await connector.push(outbound(ORDER | {"rate": {"carrier": "DHL"}}), FakePush())
        assert only_shipment(easypost)["buys"] == 0

    async def test_why_there_are_no_rates_is_told(self, easypost: Any, connector: Any) -> None:
        easypost.misbehave("no_rates", 1)
        with pytest.raises(RejectedMessage, match=r"offered: none\. USPS: to_address\.zip: Invalid"):
            await connector.push(outbound(), FakePush())

    async def test_numbers_and_further_fields_go_out_as_they_are(self) -> None:
        seen: list[bytes] = []

        async def answer(request: web.Request) -> web.Response:
            seen.append(await request.read())
            return web.json_response({"error": {"code": "X"}}, status=404 if request.method == "GET" else 422)

        parcel = b'{"weight": 65.90, "length": 12345678901234567890}'
        body = (
            b'{"shipments": [{"to_address": {}, "from_address": {}, "parcel": %s, "customs_info": {"a": [1]}}]}'
            % parcel
        )
        async with serving(answer) as url, opened({"url": url, "api_key": "k", "secret": "s"}) as connector:
            with pytest.raises(RejectedMessage):
                await connector.push(replace(outbound(), body=body), FakePush())
        assert b'"parcel":{"weight":65.90,"length":12345678901234567890},"customs_info":{"a":[1]}' in seen[1]
        assert b'"reference":"t-1"' in seen[1]

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"shipments": None}, "shipments"),
            ({"shipments": []}, "shipments"),
            ({"shipments": [PARCEL, "parcel"]}, "shipments.1"),
            ({"shipments": [PARCEL] * 101}, "shipments"),
            ({"shipments": [PARCEL, {}]}, "shipments.1.to_address"),
            ({"shipments": [{**PARCEL, "parcel": [1]}]}, "shipments.0.parcel"),
            ({"shipments": [{**PARCEL, "reference": "SO-1"}]}, "shipments.0.reference"),
            ({"shipment": PARCEL}, "shipment"),
            ({"rate": "fastest"}, "rate.literal['cheapest']"),
            ({"note": "x"}, "note"),
        ],
    )
    async def test_a_wrong_order_names_its_field_and_sends_nothing(
        self, easypost: Any, connector: Any, change: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(RejectedMessage) as error:
            await connector.push(outbound(ORDER | change), FakePush())
        assert error.value.where["field"] == field
        assert easypost.state()["shipments"] == {}

    async def test_what_is_no_json_is_refused(self, connector: Any) -> None:
        with pytest.raises(DecodeError):
            await connector.push(replace(outbound(), body=b"ISA*00*"), FakePush())

    async def test_a_label_without_a_tracker_gets_one(self, easypost: Any, connector: Any) -> None:
        easypost.misbehave("untracked", 1)
        receipt = await connector.push(outbound(), FakePush())
        assert receipt.references["tracker"].startswith("trk_")
        assert list(easypost.state()["trackers"]) == [receipt.references["tracking_number"]]


class TestWatching:
    async def test_each_parcel_of_another_account_is_watched_once_however_often_it_is_asked_for(
        self, easypost: Any, hub: Hub, connector: Any
    ) -> None:
        out = tracker_request(("1Z0001", "UPS"), ("9400002", None))
        assert await connector.find(out) is None
        receipts = [await connector.push(out, FakePush()) for _ in range(2)]
        receipts.append(await connector.find(out))
        assert list(easypost.state()["trackers"]) == ["1Z0001", "9400002"]
        assert [receipt.references for receipt in receipts] == [receipts[0].references] * 3
        references = dict(receipts[0].references)
        assert [tracker[:4] for tracker in references.pop("tracker")] == ["trk_", "trk_"]
        assert references == {"tracking_number": ("1Z0001", "9400002")}
        assert receipts[0].note == "watched: 1Z0001, 9400002"
        await eventually(lambda: len(hub.requests) == 2)
        assert {event["result"]["tracking_code"] for event in hub.bodies()} == {"1Z0001", "9400002"}

    async def test_a_lost_answer_leads_to_one_tracker(self, easypost: Any, connector: Any) -> None:
        easypost.misbehave("apply_and_close", 1)
        with pytest.raises(TransientError):
            await connector.push(tracker_request(("1Z0001", "UPS")), FakePush())
        await connector.push(tracker_request(("1Z0001", "UPS")), FakePush())
        assert easypost.state()["trackers"] == {"1Z0001": "unknown"}

    @pytest.mark.parametrize(
        ("trackers", "field"),
        [
            ([], "trackers"),
            ([{"carrier": "UPS"}], "trackers.0.tracking_code"),
            ([{"tracking_code": ""}], "trackers.0.tracking_code"),
            ([{"tracking_code": "1Z", "weight": 1}], "trackers.0.weight"),
        ],
    )
    async def test_a_wrong_request_names_its_field_and_sends_nothing(
        self, easypost: Any, connector: Any, trackers: Any, field: str
    ) -> None:
        out = replace(tracker_request(), body=json.dumps({"trackers": trackers}).encode())
        with pytest.raises(RejectedMessage, match=r"not an easypost\.tracker_request") as error:
            await connector.push(out, FakePush())
        assert error.value.where["field"] == field
        assert easypost.state()["trackers"] == {}


class TestSimulator:
    async def test_what_is_refused_is_sent_again_as_it_was(self, easypost: Any, hub: Hub, connector: Any) -> None:
        hub.statuses = [500, 503]
        await connector.push(outbound(), FakePush())
        await eventually(lambda: easypost.state()["events"][0]["status"] == "delivered")
        assert easypost.state()["events"][0]["answers"] == [500, 503, 200]
        assert len({request.body for request in hub.requests}) == 1

    async def test_copies_and_resends_keep_the_events_id(self, easypost: Any, hub: Hub, connector: Any) -> None:
        code = (await connector.push(outbound(), FakePush())).references["tracking_number"]
        await eventually(lambda: len(hub.requests) == 1)
        await easypost.act("advance", {"tracking_code": code, "status": "failure", "copies": 2})
        await easypost.act("resend", {"tracking_code": code})
        assert len({event["id"] for event in hub.bodies()[1:]}) == 1
        assert len(hub.requests) == 4

    async def test_a_wrong_signature_is_refused_and_the_next_is_good(
        self, easypost: Any, hub: Hub, connector: Any
    ) -> None:
        code = (await connector.push(outbound(), FakePush())).references["tracking_number"]
        await eventually(lambda: len(hub.requests) == 1)
        easypost.misbehave("wrong_signature", 1)
        for status in ("in_transit", "delivered"):
            await easypost.act("advance", {"tracking_code": code, "status": status})
        with pytest.raises(SignatureRefused):
            connector.receive(hub.requests[1])
        assert connector.receive(hub.requests[2]).items

    @pytest.mark.parametrize(
        ("action", "arguments", "message"),
        [
            ("advance", {"tracking_code": "1Z", "status": "delivered"}, "no tracker of 1Z"),
            ("advance", {"tracking_code": "1Z", "status": "lost"}, "status"),
            ("advance", {"status": "delivered"}, "tracking_code"),
            ("resend", {"tracking_code": "1Z"}, "no event of 1Z"),
        ],
    )
    async def test_a_wrong_action_says_what_is_wrong(
        self, easypost: Any, action: str, arguments: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            await easypost.act(action, arguments)


class TestSamples:
    def test_recorded_shipments_are_read(self, samples: Path) -> None:
        folder = samples / "tms" / "easypost"
        created = read(Shipment, (folder / "shipments-create.json").read_bytes())
        bought = read(Shipment, (folder / "shipments-buy.json").read_bytes())
        assert created is not None
        assert bought is not None
        assert (created.is_bought, bought.is_bought) == (False, True)
        assert str(created.choose("cheapest")) == "USPS GroundAdvantage at 8.20 USD"
        assert bought.tracker is not None
        assert bought.tracker.tracking_code == bought.tracking_code
