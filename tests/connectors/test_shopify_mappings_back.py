"""The mappings of what becomes of an order: from documents to a shop, and returns from it."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from connectors.storefront.shopify.orders import order_json
from hub.contract.connector import Outbound
from hub.contract.documents import KINDS, CreditNote, ReturnAuthorization
from hub.contract.testkit import FakePush
from tests.connectors.shopify_bench import opened, placed, simulated
from tests.connectors.shopify_mapped import HEADER, ROOT, Lookups, decoded, mapping, order_of, outbound
from tests.connectors.webhook_hub import eventually, listening


class ShopLookups(Lookups):
    """Knows order 1001 of the simulated shop."""

    def xref(self, system: str, kind: str) -> str | None:
        return {("acme-shop", "id"): "6402100001001"}.get((system, kind))


def payload_of(name: str, sample: str, kind: str, **variables: Any) -> Outbound:
    """What a mapping makes of a canonical sample, as it is sent."""
    read = decoded((ROOT / f"mappings/shopify/samples/{sample}.json").read_bytes())
    source = KINDS[kind].model_validate({"header": HEADER, **read}).model_dump()
    compiled = mapping(f"shopify/{name}")
    tree = compiled.run({"source": source, "effect": "created", "target": "acme-shop", **variables}, ShopLookups())
    return outbound(tree, compiled.target_type)


async def test_what_becomes_of_an_order_is_told_to_the_shop_by_the_mappings() -> None:
    """Shipped, counted, asked back, authorized and credited: each sample has its effect at a shop."""
    locations = {"WH-EAST": "70500000001"}
    async with simulated() as shop, opened(shop.endpoint, locations=locations) as connector:
        order = order_of(await placed(shop)).model_dump()
        await connector.push(payload_of("fulfillment", "shipment", "Shipment", order=order), FakePush())
        await connector.push(payload_of("inventory", "inventory", "InventoryAdvice"), FakePush())
        lines = [{"sku": "MUG-WHITE", "reason": "defective", "note": "The handle came off."}]
        await shop.act("request_return", {"number": 1001, "lines": lines, "deliver": "never"})
        await connector.push(payload_of("return_decision", "return_authorization", "ReturnAuthorization"), FakePush())
        await connector.push(payload_of("refund", "credit_note", "CreditNote"), FakePush())
        state = shop.state()
    shown = state["orders"]["#1001"]
    [fulfillment], [refund] = shown["fulfillments"], shown["refunds"]
    assert fulfillment["lines"] == {"MUG-WHITE": 2, "TEA-EARLGREY-100": 1}
    assert fulfillment["tracking"] == ["1Z999AA10123456784", "1Z999AA10123456795"]
    assert fulfillment["company"] == "UPS"
    assert state["inventory"]["MUG-WHITE"]["available"]["main"] == 38
    assert shown["returns"] == {"#1001-R1": "open"}
    assert (refund["lines"], refund["amounts"]) == ({"MUG-WHITE": 1}, ["13.50"])
    assert refund["note"] == "Credit note CN-1001-1: The handle came off."


async def test_a_return_as_the_shop_tells_it_is_a_valid_request() -> None:
    async with listening() as door, simulated(door.url) as shop, opened(shop.endpoint) as connector:
        order = order_of(await placed(shop)).model_dump()
        await connector.push(payload_of("fulfillment", "shipment", "Shipment", order=order), FakePush())
        lines = [{"sku": "MUG-WHITE", "quantity": 2, "reason": "defective"}]
        await shop.act("request_return", {"number": 1001, "lines": lines})
        requests = [one for one in door.requests if one.headers["x-shopify-topic"] == "returns/request"]
        [item] = connector.receive(requests[0]).items
    assert item.type == "shopify.return_request"
    fields = mapping("shopify/return_request").run({"source": decoded(item.body), "effect": ""}, Lookups())
    return_ = ReturnAuthorization.model_validate({"header": HEADER, **fields})
    assert [(line.line_id, line.quantity.value, line.reason) for line in return_.lines] == [
        (order["lines"][0]["line_id"], Decimal(2), "defective")
    ]
    assert return_.stage == "requested"


def test_what_goes_back_to_a_shop_does_not_come_back_as_a_change_of_the_order() -> None:
    """A fulfillment changes the shop's order; it must be no news to those who were sent it."""
    shipped = order_json(1001, fulfillment_status="fulfilled", updated_at="2026-03-02T11:00:00+00:00")
    for item in shipped["line_items"]:
        item |= {"fulfillment_status": "fulfilled", "fulfillable_quantity": 0}
    shipped["fulfillments"] = [{"id": 1, "status": "success", "tracking_numbers": ["1Z1"], "line_items": []}]
    assert order_of(shipped) == order_of(order_json(1001))


def credit_of(body: Any) -> CreditNote:
    fields = mapping("shopify/refunded").run({"source": decoded(body), "effect": ""}, Lookups())
    return CreditNote.model_validate({"header": HEADER, **fields})


async def test_a_refund_as_the_shop_tells_it_is_a_valid_credit_note() -> None:
    async with listening() as door, simulated(door.url) as shop, opened(shop.endpoint) as connector:
        await placed(shop)
        await connector.push(payload_of("refund", "credit_note", "CreditNote"), FakePush())
        await eventually(lambda: "refunds/create" in [one.headers["x-shopify-topic"] for one in door.requests])
        [told] = [one for one in door.requests if one.headers["x-shopify-topic"] == "refunds/create"]
        [item] = connector.receive(told).items
    credit = credit_of(item.body)
    assert item.type == "shopify.refunded"
    assert (credit.total.amount, credit.currency) == (Decimal("13.50"), "USD")
    assert [(line.line_id, line.quantity.value) for line in credit.lines] == [("15310700100100", 1)]
    assert credit.reason == "Credit note CN-1001-1: The handle came off."


def test_a_real_refund_is_valid(samples: Path) -> None:
    tree = json.loads((samples / "storefront/shopify/refund.json").read_bytes())["refund"]
    credit = credit_of(tree)
    assert str(credit.total.amount) == tree["transactions"][0]["amount"]
    assert len(credit.lines) == len(tree["refund_line_items"])
