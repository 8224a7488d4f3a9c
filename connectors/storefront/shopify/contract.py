"""What the contract suite needs to know of the Shopify connector."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, ClassVar

from connectors.storefront.shopify.orders import order_json
from connectors.storefront.shopify.simulator import ACTIONS, FAULTS
from hub.contract.connector import Outbound, Request
from hub.contract.simulator import Simulator
from hub.contract.testkit import ConnectorCase


class ShopifyCase(ConnectorCase):
    """An order comes in by webhook and by the poll; the ERP's number goes back as a tag and a metafield."""

    settings: ClassVar[Mapping[str, Any]] = {"shop": "acme.myshopify.com", "slow_seconds": 1.5}
    actions: ClassVar[frozenset[str]] = ACTIONS
    faults: ClassVar[frozenset[str]] = FAULTS

    def __init__(self) -> None:
        self._order_id = 0

    def config(self, endpoint: Mapping[str, str]) -> dict[str, Any]:
        return {
            "shop": endpoint["shop"],
            "url": endpoint["url"],
            "api_token": endpoint["token"],
            "webhook_secret": endpoint["secret"],
            "read_timeout": 1.0,
        }

    async def prepare(self, simulator: Simulator) -> None:
        placed = await simulator.act("place_order", {"number": 1001, "deliver": "hold"})
        self._order_id = placed["id"]

    async def offer(self, simulator: Simulator) -> None:
        await simulator.act("place_order", {"number": 1001, "deliver": "never"})

    def outbound(self) -> Outbound:
        metafield = {"namespace": "crossdock", "key": "erp_order", "value": "45", "type": "single_line_text_field"}
        update = {"order": self._order_id, "tags": ["erp-confirmed"], "metafields": [metafield]}
        body = json.dumps(update).encode()
        return Outbound("t-1", "test/t-1", "shopify.order_update", "update.json", "application/json", body)

    def effects(self, state: Any) -> int:
        return int(state["orders"]["#1001"]["effects"].get("metafieldsSet", 0))

    def signed_request(self, endpoint: Mapping[str, str]) -> Request:
        body = json.dumps(order_json(1001)).encode()
        headers = {
            "x-shopify-topic": "orders/create",
            "x-shopify-hmac-sha256": b64encode(hmac.digest(endpoint["secret"].encode(), body, "sha256")).decode(),
            "x-shopify-shop-domain": endpoint["shop"],
            "x-shopify-webhook-id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        }
        return Request("POST", "/in/contract", {}, headers, body)
