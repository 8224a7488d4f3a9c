"""The mappings of HubSpot: an order and what becomes of it is one order there, with its contact and its tickets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.crm.hubspot.connector import HubSpotConnector
from connectors.formats.json import JsonFormat
from hub.contract.connector import Outbound, Receipt
from hub.contract.testkit import FakePush
from tests.connectors.hubspot_bench import opened, outbound, simulated
from tests.connectors.mapping_bench import Lookups, compiled, document, mapped, sample
from tests.connectors.webhook_hub import listening

STAGES = {name: f"s-{name}" for name in ("new", "acknowledged", "shipped", "delivered", "cancelled")}
LOOKUPS = Lookups({"hubspot/order_pipeline": {"pipeline": "p-1", **STAGES}})
ORDER = sample("hubspot/order")
KEY = "acme-shop/#1001"


@pytest.fixture
async def hubspot() -> AsyncIterator[Any]:
    async with listening() as hub, simulated(hub.url) as simulator:
        yield simulator


@pytest.fixture
async def connector(hubspot: Any) -> AsyncIterator[HubSpotConnector]:
    async with opened(hubspot.endpoint) as connector:
        yield connector


async def sent(connector: HubSpotConnector, name: str, source: Any) -> Receipt:
    """Map with a shipped mapping and push what it makes, as the hub would."""
    tree = mapped(name, source, LOOKUPS, order=ORDER)
    target = compiled(name).target_type
    out: Outbound = replace(outbound({}, target), body=JsonFormat().encode(tree, target))
    return await connector.push(out, FakePush())


def record(hubspot: Any, name: str, key: str) -> dict[str, Any]:
    properties: dict[str, Any] = hubspot.state()["records"][name][key.lower()]["properties"]
    return properties


async def test_an_order_goes_through_its_stages_and_stays_one(hubspot: Any, connector: HubSpotConnector) -> None:
    shipped = {"number": "S-1", "shipped_at": "2026-03-03T15:00:00Z", "tracking": ["1Z0001", "1Z0002"]}
    answer = {"order_number": "#1001", "lines": [{"line_id": "15310700100100", "status": "accepted"}]}
    stages = []
    for name, source in (
        ("hubspot/order", ORDER),
        ("hubspot/stage_acknowledged", answer),
        ("hubspot/stage_shipped", shipped),
        ("hubspot/stage_delivered", {"tracking": "1Z0001", "stage": "delivered"}),
    ):
        await sent(connector, name, source)
        stages.append(record(hubspot, "orders", KEY)["hs_pipeline_stage"])
    assert stages == ["s-new", "s-acknowledged", "s-shipped", "s-delivered"]
    assert list(hubspot.state()["records"]["orders"]) == [KEY]
    properties = record(hubspot, "orders", KEY)
    assert (properties["hs_order_name"], properties["hs_total_price"]) == ("#1001", "64.13")
    assert properties["hs_shipping_tracking_number"] == "1Z0001;1Z0002"


async def test_the_contact_of_an_order_its_tickets_and_of_itself_is_the_same(
    hubspot: Any, connector: HubSpotConnector
) -> None:
    receipts = [
        await sent(connector, name, source)
        for name, source in (
            ("hubspot/contact", ORDER),
            ("hubspot/order", ORDER),
            ("hubspot/ticket", sample("hubspot/exception")),
            ("hubspot/ticket", sample("hubspot/exception")),
        )
    ]
    assert {receipt.references["contact"] for receipt in receipts} == {receipts[0].references["contact"]}
    assert record(hubspot, "contacts", "ada.brandt@mail.example")["lastname"] == "van der Brandt"
    [key] = hubspot.state()["records"]["tickets"]
    assert key == "acme-shop/#1001/1z0001"
    assert record(hubspot, "tickets", key)["hs_ticket_priority"] == "HIGH"
    assert [association[0] for association in hubspot.state()["associations"]] == ["orders", "tickets"]


async def test_the_same_number_of_two_shops_is_two_orders(hubspot: Any, connector: HubSpotConnector) -> None:
    for source in ("acme-shop", "acme-outlet"):
        await sent(connector, "hubspot/order", {**ORDER, "header": {**ORDER["header"], "source": source}})
    assert list(hubspot.state()["records"]["orders"]) == ["acme-shop/#1001", "acme-outlet/#1001"]


async def test_a_change_of_an_order_leaves_its_stage_alone(hubspot: Any, connector: HubSpotConnector) -> None:
    await sent(connector, "hubspot/order", ORDER)
    await sent(connector, "hubspot/stage_delivered", {"tracking": "1Z0001", "stage": "delivered"})
    variables = {"source": document("Order", {**ORDER, "note": "Ring twice."}), "effect": "changed"}
    tree = compiled("hubspot/order").run(variables, LOOKUPS)
    await connector.push(outbound_of(tree), FakePush())
    properties = record(hubspot, "orders", KEY)
    assert (properties["hs_pipeline_stage"], properties["hs_order_note"]) == ("s-delivered", "Ring twice.")


def outbound_of(tree: Any) -> Outbound:
    return replace(outbound({}, "hubspot.order"), body=JsonFormat().encode(tree, "hubspot.order"))


@given(st.lists(st.text("Adaå-'", min_size=1, max_size=6), min_size=1, max_size=4, unique=True))
def test_a_name_is_told_apart_and_nothing_of_it_is_lost(words: list[str]) -> None:
    order = {**ORDER, "buyer": {"name": " ".join(words), "email": "ada@mail.example"}}
    properties = mapped("hubspot/contact", order)["properties"]
    assert properties["firstname"] == words[0]
    assert properties.get("lastname", "") == " ".join(words[1:])
