"""The mappings of EasyPost: what is packed gets its labels, and events say where the parcels are."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.formats.json import JsonFormat
from hub.contract.connector import Outbound
from hub.contract.errors import RejectedMessage
from hub.contract.testkit import FakePush
from hub.mapping import MappingFailed
from tests.connectors.easypost_bench import opened, outbound, simulated
from tests.connectors.mapping_bench import Lookups, decoded, mapped, sample
from tests.connectors.webhook_hub import Hub, eventually, listening

LOOKUPS = Lookups(
    {
        "easypost/ship_from": {"acme-wms": "adr_1", "BER": "adr_1", "returns": "adr_2"},
        "easypost/carriers": {"UPSN": "UPS", "USPS": "USPS"},
    }
)
ORDER = {
    "number": "#1001",
    "currency": "USD",
    "buyer": {"name": "Ada Brandt", "email": "ada.brandt@mail.example"},
    "ship_to": {"name": "Ida Brandt", "street": ["7 Spruce Lane"], "city": "Augusta", "country": "US"},
    "lines": [{"line_id": "15310700100100", "sku": "MUG-WHITE", "quantity": {"value": 2}}],
}


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    async with listening() as hub:
        yield hub


@pytest.fixture
async def easypost(hub: Hub) -> AsyncIterator[Any]:
    async with simulated(hub.url) as simulator:
        yield simulator


@pytest.fixture
async def connector(easypost: Any) -> AsyncIterator[Any]:
    async with opened(easypost.endpoint) as connector:
        yield connector


def transmission(tree: Any, type_name: str = "easypost.shipment") -> Outbound:
    return replace(outbound(), type=type_name, body=JsonFormat().encode(tree, type_name))


def parcel(weight: str, unit: str, length: str = "30", length_unit: str = "CMT") -> dict[str, Any]:
    side = {"value": length, "unit": length_unit}
    package = {
        "weight": {"value": weight, "unit": unit},
        "dimensions": dict.fromkeys(("length", "width", "height"), side),
    }
    packed = {"request_number": "FR-1", "stage": "packed", "packages": [package]}
    header = {"source": "acme-wms", "source_id": "FR-1"}
    return mapped("easypost/label", {"header": header, **packed}, LOOKUPS, order=ORDER)["shipments"][0]["parcel"]


async def test_each_package_gets_a_label_and_its_events_say_where_it_is(
    easypost: Any, hub: Hub, connector: Any
) -> None:
    tree = mapped("easypost/label", sample("easypost/packed"), LOOKUPS, order=ORDER)
    receipt = await connector.push(transmission(tree), FakePush())
    codes = list(receipt.references["tracking_number"])
    await eventually(lambda: len(hub.requests) == 2)
    await easypost.act("advance", {"tracking_code": codes[1], "status": "delivered", "city": "AUGUSTA"})
    events = [decoded(connector.receive(request).items[0].body) for request in hub.requests]
    assert [event["result"]["is_return"] for event in events] == [False] * 3
    made = [mapped("easypost/tracker", event) for event in events]
    shown = [(status["tracking"], status["stage"], status.get("place")) for status in made]
    assert sorted(shown[:2]) == [(codes[0], "labelled", None), (codes[1], "labelled", None)]
    assert shown[2] == (codes[1], "delivered", "AUGUSTA, US")


async def test_a_return_label_is_one_and_its_events_can_be_told_apart(easypost: Any, hub: Hub, connector: Any) -> None:
    tree = mapped("easypost/return_label", sample("easypost/return"), LOOKUPS, order=ORDER)
    await connector.push(transmission(tree), FakePush())
    await eventually(lambda: len(hub.requests) == 1)
    assert hub.bodies()[0]["result"]["is_return"] is True


async def test_parcels_of_a_logistics_provider_are_watched(easypost: Any, connector: Any) -> None:
    tree = mapped("easypost/tracker_request", sample("easypost/shipment"), LOOKUPS)
    receipt = await connector.push(transmission(tree, "easypost.tracker_request"), FakePush())
    assert list(easypost.state()["trackers"]) == ["1Z0001", "1Z0002"]
    assert receipt.references["tracking_number"] == ("1Z0001", "1Z0002")


async def test_a_shipment_without_numbers_is_refused_before_anything_is_sent(easypost: Any, connector: Any) -> None:
    shipment = {"number": "S-1", "shipped_at": "2026-03-03T15:00:00Z"}
    tree = mapped("easypost/tracker_request", shipment, LOOKUPS)
    with pytest.raises(RejectedMessage, match="trackers"):
        await connector.push(transmission(tree, "easypost.tracker_request"), FakePush())
    assert easypost.state()["trackers"] == {}


@pytest.mark.parametrize(
    ("weight", "unit", "ounces"),
    [
        ("1", "KGM", "35.27"),
        ("0.45359237", "KGM", "16.00"),
        ("453.59237", "GRM", "16.00"),
        ("0.1", "LBR", "1.60"),
        ("7.25", "ONZ", "7.25"),
        ("12345678901.5", "ONZ", "12345678901.50"),
    ],
)
def test_weights_become_ounces(weight: str, unit: str, ounces: str) -> None:
    assert str(parcel(weight, unit)["weight"]) == ounces


@pytest.mark.parametrize(
    ("length", "unit", "inches"),
    [("2.54", "CMT", "1.00"), ("25.4", "MMT", "1.00"), ("1.5", "FOT", "18.00"), ("9", "INH", "9.00")],
)
def test_lengths_become_inches(length: str, unit: str, inches: str) -> None:
    made = parcel("1", "KGM", length, unit)
    assert [str(made[side]) for side in ("length", "width", "height")] == [inches] * 3


@given(st.decimals("0.001", "70", places=3))
def test_no_weight_is_off_by_more_than_half_a_hundredth_of_an_ounce(kilograms: Decimal) -> None:
    ounces = parcel(str(kilograms), "KGM")["weight"]
    assert abs(ounces * Decimal("0.028349523125") - kilograms) <= Decimal("0.005") * Decimal("0.02835")


def test_a_unit_that_is_none_of_weight_is_named() -> None:
    with pytest.raises(MappingFailed, match="weight"):
        parcel("1", "EA")


def test_recorded_trackers_say_where_they_are(samples: Path) -> None:
    folder = samples / "tms" / "easypost"
    event = decoded((folder / "events-retrieve.json").read_bytes())
    tracker = decoded((folder / "trackers-retrieve.json").read_bytes())
    made = mapped("easypost/tracker", {**event, "result": tracker})
    assert (made["tracking"], made["carrier"], made["stage"]) == ("EZ1000000001", "USPS", "labelled")
    assert (made["detail"], made["place"]) == ("Shipping Label Created", "HOUSTON, TX")
    assert made["happened_at"].isoformat() == "2025-04-10T09:17:17+00:00"
    assert made["expected_on"].isoformat() == "2025-05-09"


def test_a_recorded_event_without_its_tracker_says_what_is_missing(samples: Path) -> None:
    event = decoded((samples / "tms" / "easypost" / "events-retrieve.json").read_bytes())
    with pytest.raises(MappingFailed, match=r"source\.result"):
        mapped("easypost/tracker", event)


def test_the_tracker_of_a_recorded_label_is_one_that_maps(samples: Path) -> None:
    bought = json.loads((samples / "tms" / "easypost" / "shipments-buy.json").read_bytes())
    made = mapped("easypost/tracker", {"result": decoded(json.dumps(bought["tracker"]).encode())})
    assert (made["tracking"], made["stage"]) == (bought["tracking_code"], "labelled")
