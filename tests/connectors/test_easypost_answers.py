"""What EasyPost's answers mean, and what happens when they are lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from connectors.tms.easypost.connector import EasyPostConfig, EasyPostConnector
from connectors.tms.easypost.shipments import Shipment, refusal
from hub.contract.connector import Receipt
from hub.contract.errors import (
    AuthError,
    CrossdockError,
    Duplicate,
    InDoubt,
    RejectedMessage,
    TransientError,
)
from hub.contract.testkit import FakePush, Killed
from tests.connectors.easypost_bench import (
    PARCEL,
    again,
    only_shipment,
    opened,
    outbound,
    simulated,
)
from tests.connectors.webhook_hub import listening, serving


@pytest.fixture
async def easypost() -> AsyncIterator[Any]:
    async with listening() as hub, simulated(hub.url) as simulator:
        yield simulator


@pytest.fixture
async def connector(easypost: Any) -> AsyncIterator[EasyPostConnector]:
    async with opened(easypost.endpoint) as connector:
        yield connector


class TestDoubt:
    @pytest.mark.parametrize("kept", [True, False])
    @pytest.mark.parametrize("crash_at", [1, 2])
    async def test_killed_between_create_and_buy_or_after_it_one_label_is_bought(
        self, easypost: Any, connector: Any, crash_at: int, kept: bool
    ) -> None:
        push, out = FakePush(crash_at, kept=kept), outbound()
        with pytest.raises(Killed):
            await connector.push(out, push)
        receipt = await connector.push(again(out, push), FakePush())
        shipment = only_shipment(easypost)
        assert (shipment["buys"], receipt.references["tracking_number"]) == (1, shipment["tracking_code"])

    async def test_a_creation_whose_answer_was_lost_is_found_again(self, easypost: Any, connector: Any) -> None:
        easypost.misbehave("lose_create", 1)
        with pytest.raises(TransientError):
            await connector.push(outbound(), FakePush())
        assert only_shipment(easypost)["buys"] == 0
        await connector.push(outbound(), FakePush())
        assert only_shipment(easypost)["buys"] == 1

    async def test_a_purchase_whose_answer_was_lost_is_in_doubt_and_found(self, easypost: Any, connector: Any) -> None:
        easypost.misbehave("lose_buy", 1)
        push, out = FakePush(), outbound()
        assert await connector.find(out) is None
        with pytest.raises(InDoubt):
            await connector.push(out, push)
        found = await connector.find(again(out, push))
        assert isinstance(found, Receipt)
        assert (await connector.push(again(out, push), FakePush())).references == found.references
        assert only_shipment(easypost)["buys"] == 1

    async def test_a_purchase_that_did_not_come_about_is_bought_with_the_same_shipment(
        self, easypost: Any, connector: Any
    ) -> None:
        easypost.misbehave("no_response", 1)
        push, out = FakePush(), outbound()
        with pytest.raises(InDoubt, match="NO_RESPONSE"):
            await connector.push(out, push)
        assert await connector.find(again(out, push)) is None
        await connector.push(again(out, push), FakePush())
        assert only_shipment(easypost)["buys"] == 1

    async def test_two_attempts_at_once_buy_one_label(self, easypost: Any, connector: Any) -> None:
        easypost.misbehave("refuse_buy", 1)
        push, out = FakePush(), outbound()
        with pytest.raises(RejectedMessage, match=r"POSTAGE\.FAILURE: Unable to buy postage"):
            await connector.push(out, push)
        receipts = await asyncio.gather(*(connector.push(again(out, push), FakePush()) for _ in range(5)))
        assert only_shipment(easypost)["buys"] == 1
        assert len({receipt.references["tracking_number"] for receipt in receipts}) == 1

    async def test_a_shipment_that_is_gone_is_in_doubt_not_bought_anew(self, easypost: Any, connector: Any) -> None:
        with pytest.raises(InDoubt, match="no longer knows the shipment shp_x"):
            await connector.push(
                replace(outbound(), attempt=2, done={"shipments": [{"shipment": "shp_x"}]}), FakePush()
            )
        assert easypost.state()["shipments"] == {}

    async def test_of_two_shipments_with_a_reference_the_one_that_was_kept_goes_on(
        self, easypost: Any, connector: Any
    ) -> None:
        push, out = FakePush(2), outbound()
        with pytest.raises(Killed):
            await connector.push(out, push)
        easypost._account.create({**PARCEL, "reference": "t-1"})
        receipt = await connector.push(again(out, push), FakePush())
        assert receipt.references["shipment"] == push.done["shipments"][0]["shipment"]
        assert sorted(shipment["buys"] for shipment in easypost.state()["shipments"].values()) == [0, 1]

    async def test_a_label_that_is_there_is_not_asked_for_again(self) -> None:
        asked: list[str] = []

        async def answer(request: web.Request) -> web.Response:
            asked.append(request.method)
            tracker = {"id": "trk_1", "tracking_code": "1Z"}
            return web.json_response({"id": "shp_1", "postage_label": {}, "tracking_code": "1Z", "tracker": tracker})

        async with serving(answer) as url, opened({"url": url, "api_key": "k", "secret": "s"}) as connector:
            await connector.push(outbound(), FakePush())
        assert asked == ["GET"]

    async def test_transmissions_that_look_like_paths_do_not_meet(self, easypost: Any, connector: Any) -> None:
        await connector.push(outbound(transmission="a/b"), FakePush())
        await connector.push(outbound(transmission="a/b?c"), FakePush())
        assert [shipment["buys"] for shipment in easypost.state()["shipments"].values()] == [1, 1]

    @pytest.mark.parametrize(("status", "expected"), [(422, Receipt), (429, InDoubt), (401, InDoubt), (500, InDoubt)])
    async def test_after_the_purchase_a_refused_tracker_is_never_nothing_happened(
        self, status: int, expected: type[Any]
    ) -> None:
        bought = {"id": "shp_1", "postage_label": {}, "tracking_code": "1Z", "tracker": None}
        rate = {"id": "r", "carrier": "UPS", "service": "Ground", "rate": "1.00", "currency": "USD"}

        async def answer(request: web.Request) -> web.Response:
            if request.method == "GET":
                return web.json_response({}, status=404)
            if request.path.endswith("/trackers"):
                return web.json_response({"error": {"code": "TRACKER.X", "message": "no"}}, status=status)
            return web.json_response(bought if request.path.endswith("/buy") else {"id": "shp_1", "rates": [rate]})

        async with serving(answer) as url, opened({"url": url, "api_key": "k", "secret": "s"}) as connector:
            try:
                result: Any = await connector.push(outbound(), FakePush())
            except CrossdockError as error:
                result = error
            logged = [entry["event"] for entry in connector.entries]  # type: ignore[attr-defined]
        assert type(result) is expected
        assert logged == (["parcel_not_tracked"] if expected is Receipt else [])


PARCELS = {"shipments": [PARCEL | {"parcel": {"weight": weight}} for weight in (16, 32, 48)]}


def labels(easypost: Any) -> list[tuple[str, int]]:
    """Reference and labels sold of each shipment."""
    return [(one["reference"], one["buys"]) for one in easypost.state()["shipments"].values()]


class TestSeveralParcels:
    async def test_each_parcel_gets_its_label_and_all_their_numbers_are_told(
        self, easypost: Any, connector: Any
    ) -> None:
        push = FakePush()
        receipt = await connector.push(outbound(PARCELS), push)
        assert labels(easypost) == [("t-1", 1), ("t-2", 1), ("t-3", 1)]
        codes = [one["tracking_code"] for one in easypost.state()["shipments"].values()]
        assert receipt.references["tracking_number"] == tuple(codes)
        assert list(easypost.state()["trackers"]) == codes
        assert len(push.checkpoints) == 4
        assert [one.get("tracking_number") for one in push.checkpoints[2]["shipments"]] == [*codes[:2], None]
        assert await connector.find(again(outbound(PARCELS), push)) == receipt

    @pytest.mark.parametrize("kept", [True, False])
    @pytest.mark.parametrize("crash_at", [1, 2, 3, 4])
    async def test_killed_at_any_step_each_label_is_bought_once(
        self, easypost: Any, connector: Any, crash_at: int, kept: bool
    ) -> None:
        push, out = FakePush(crash_at, kept=kept), outbound(PARCELS)
        with pytest.raises(Killed):
            await connector.push(out, push)
        if crash_at < 4:
            assert await connector.find(again(out, push)) is None
        await connector.push(again(out, push), FakePush())
        assert labels(easypost) == [("t-1", 1), ("t-2", 1), ("t-3", 1)]

    async def test_a_parcel_nobody_carries_is_refused_before_any_label_is_bought(
        self, easypost: Any, connector: Any
    ) -> None:
        easypost.misbehave("no_rates", 1)
        with pytest.raises(RejectedMessage, match="no rate of any carrier"):
            await connector.push(outbound(PARCELS), FakePush())
        assert sum(buys for _, buys in labels(easypost)) == 0

    @pytest.mark.parametrize(
        ("fault", "expected", "said"),
        [
            ("refuse_buy", RejectedMessage, "send it again as it is"),
            ("rate_limit", InDoubt, "another attempt buys the others"),
            ("no_response", InDoubt, "NO_RESPONSE"),
            ("lose_buy", InDoubt, "may have acted"),
        ],
    )
    async def test_a_purchase_that_stops_half_way_says_so_and_goes_on_from_there(
        self, easypost: Any, connector: Any, fault: str, expected: type[CrossdockError], said: str
    ) -> None:
        class Failing(FakePush):
            async def checkpoint(self, done: Any) -> None:
                await super().checkpoint(done)
                if self.calls == 2:
                    easypost.misbehave(fault, 1)

        push, out = Failing(), outbound(PARCELS)
        with pytest.raises(CrossdockError, match=said) as error:
            await connector.push(out, push)
        assert type(error.value) is expected
        assert labels(easypost)[0] == ("t-1", 1)
        await connector.push(again(out, push), FakePush())
        assert labels(easypost) == [("t-1", 1), ("t-2", 1), ("t-3", 1)]

    async def test_what_is_refused_half_way_names_the_labels_there_are(self, easypost: Any, connector: Any) -> None:
        async def answer(request: web.Request) -> web.Response:
            if request.method == "GET":
                return web.json_response({}, status=404)
            rate = {"id": "r", "carrier": "UPS", "service": "Ground", "rate": "1.00", "currency": "USD"}
            key = "shp_1" if request.path.endswith("shp_1/buy") else "shp_2"
            if key == "shp_1":
                tracker = {"id": "trk_1", "tracking_code": "1Z"}
                bought = {"id": key, "postage_label": {}, "tracking_code": "1Z", "tracker": tracker}
                return web.json_response(bought)
            if request.path.endswith("/buy"):
                return web.json_response({"error": {"code": "SHIPMENT.POSTAGE.FAILURE"}}, status=422)
            reference = (await request.json())["shipment"]["reference"]
            return web.json_response({"id": f"shp_{reference[-1]}", "rates": [rate]})

        async with serving(answer) as url, opened({"url": url, "api_key": "k", "secret": "s"}) as connector:
            with pytest.raises(RejectedMessage, match="bought already for 1Z") as error:
                await connector.push(outbound({"shipments": [PARCEL, PARCEL]}), FakePush())
        assert error.value.where["bought"] == ["1Z"]
        assert error.value.where["code"] == "SHIPMENT.POSTAGE.FAILURE"


class TestErrors:
    async def test_a_rate_limit_says_how_long(self, easypost: Any, connector: Any) -> None:
        easypost.misbehave("rate_limit", 1)
        with pytest.raises(TransientError) as error:
            await connector.push(outbound(), FakePush())
        assert error.value.retry_after == 1.0

    async def test_a_refused_key_stops_the_connection_and_is_not_shown(self, easypost: Any) -> None:
        async with opened(easypost.endpoint, api_key="EZTK-very-wrong") as connector:
            for call in (connector.push(outbound(), FakePush()), connector.check()):
                with pytest.raises(AuthError) as error:
                    await call
                assert "EZTK-very-wrong" not in f"{error.value.message}{error.value.detail}{error.value.where}"

    async def test_check_tells_the_mode_of_the_key(self, connector: Any) -> None:
        health = await connector.check()
        assert health.ok
        assert "in test mode" in health.findings[0]

    def test_a_refusal_names_code_and_fields(self) -> None:
        errors = [{"field": "parcel.weight", "message": "must be > 0"}, "odd"]
        error = {"code": "PARCEL.INVALID", "message": ["bad", "parcel"], "errors": errors}
        found = refusal(422, json.dumps({"error": error}).encode(), "create the shipment")
        assert str(found) == (
            "EasyPost refused to create the shipment: PARCEL.INVALID: bad; parcel (parcel.weight: must be > 0; odd)"
        )

    @pytest.mark.parametrize(
        ("code", "expected"),
        [
            ("SHIPMENT.POSTAGE.EXISTS", Duplicate),
            ("SHIPMENT.PURCHASE.IN_PROGRESS", InDoubt),
            ("SHIPMENT.POSTAGE.TIMED_OUT", InDoubt),
            ("SHIPMENT.POSTAGE.FAILURE", RejectedMessage),
        ],
    )
    def test_a_code_leads_to_what_is_to_be_done(self, code: str, expected: type[CrossdockError]) -> None:
        assert type(refusal(422, json.dumps({"error": {"code": code}}).encode(), "buy")) is expected

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["error", "code", "message", "errors", "field"]), inner, max_size=3)
            ),
            max_leaves=10,
        )
        | st.binary(max_size=20)
    )
    def test_whatever_shape_a_refusal_has_it_is_one(self, answer: Any) -> None:
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        assert refusal(422, body, "buy").message.startswith("EasyPost refused to buy: ")

    @pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"id": 5}', b'{"id": "s", "rates": [{"rate": "x"}]}'])
    async def test_an_answer_of_another_shape_is_in_doubt_after_a_purchase_only(self, body: bytes) -> None:
        rates = [{"id": "r", "carrier": "UPS", "service": "Ground", "rate": "1.00", "currency": "USD"}]
        known = json.dumps({"id": "shp_1", "rates": rates}).encode()

        async def answer(request: web.Request) -> web.Response:
            bad = request.path.endswith("/buy") or request.path.endswith("/t-2-1")
            return web.Response(body=body if bad else known, content_type="application/json")

        async with serving(answer) as url, opened({"url": url, "api_key": "k", "secret": "s"}) as connector:
            with pytest.raises(InDoubt, match="not a shipment"):
                await connector.push(outbound(), FakePush())
            with pytest.raises(TransientError, match="not a shipment"):
                await connector.push(outbound(transmission="t-2"), FakePush())

    def test_rates_in_different_currencies_are_not_compared(self) -> None:
        rates = [
            {"id": f"r{currency}", "carrier": currency, "service": "Ground", "rate": "9", "currency": currency}
            for currency in ("USD", "CAD")
        ]
        shipment = Shipment.model_validate({"id": "s", "rates": rates})
        with pytest.raises(RejectedMessage, match="CAD and USD"):
            shipment.choose("cheapest")

    @given(st.lists(st.decimals("0.01", "999.99", places=2), min_size=1, max_size=8))
    def test_the_cheapest_is_the_least_number_not_the_least_text(self, prices: list[Decimal]) -> None:
        rates = [
            {"id": str(n), "carrier": "UPS", "service": str(n), "rate": str(price), "currency": "USD"}
            for n, price in enumerate(prices)
        ]
        assert Shipment.model_validate({"id": "s", "rates": rates}).choose("cheapest").rate == min(prices)

    def test_secrets_are_not_printed(self) -> None:
        shown = repr(EasyPostConfig.model_validate({"api_key": "EZAK-1", "webhook_secret": "hush"}))
        assert "EZAK-1" not in shown
        assert "hush" not in shown
