"""A Shopify shop on loopback: takes orders, sends webhooks, answers the GraphQL Admin API.

Adding a tag or setting a metafield changes the order and sends `orders/updated`, as in a real
shop: the echo that a hub must not take for news.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from connectors.storefront.shopify.orders import Json
from connectors.storefront.shopify.simulated_shop import Shop, ShopOrder
from connectors.storefront.shopify.simulated_webhooks import ShopWebhooks, Webhook, summaries
from hub.contract import simulator as contract

API_VERSION = "2026-04"
FAULTS = frozenset(
    {
        "throttle_200",
        "throttle_429",
        "read_and_close",
        "apply_and_close",
        "error_500",
        "slow",
        "wrong_signature",
    }
)
ACTIONS = frozenset({"place_order", "update_order", "deliver", "resend"})
_COST = {"requestedQueryCost": 22, "actualQueryCost": None}
_THROTTLED = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}


class Settings(BaseModel):
    """Settings of the simulated shop."""

    model_config = ConfigDict(extra="forbid")

    shop: str | None = Field(default=None, description="Domain; made from the connection's name unless given.")
    slow_seconds: float = Field(default=2.0, ge=0, description="How long an answer takes under the fault `slow`.")


class Line(BaseModel):
    """A line wanted; further keys are fields of the line item."""

    model_config = ConfigDict(extra="allow")

    sku: str
    quantity: int = Field(ge=0)
    price: str | None = None


class Delivery(BaseModel):
    """How a webhook is to be delivered: at once or when told to, and how many times."""

    deliver: Literal["now", "hold"] = "now"
    copies: int = Field(default=1, ge=1, le=100)


class PlaceOrder(Delivery):
    """`place_order`: further keys are fields of the order."""

    model_config = ConfigDict(extra="allow")

    number: int | None = Field(default=None, gt=0)
    lines: list[Line] | None = None


class UpdateOrder(Delivery):
    """`update_order`: `changes` are fields of the order; `lines` the lines it shall have."""

    model_config = ConfigDict(extra="forbid")

    number: str | int
    changes: dict[str, Any] = Field(default_factory=dict)
    lines: list[Line] | None = None


class Deliver(BaseModel):
    """`deliver`: what is held, in this order; or the webhooks named, in theirs."""

    model_config = ConfigDict(extra="forbid")

    order: Literal["oldest_first", "newest_first"] = "oldest_first"
    webhooks: list[str] | None = None


class Resend(BaseModel):
    """`resend`: a webhook, or an order's last one, again under the id it had."""

    model_config = ConfigDict(extra="forbid")

    webhook: str | None = None
    number: str | int | None = None
    copies: int = Field(default=1, ge=1, le=100)


class Simulator(contract.Simulator):
    """Actions: place_order, update_order, deliver, resend. Faults: see FAULTS."""

    def __init__(self, context: contract.SandboxContext, settings: Mapping[str, Any]) -> None:
        super().__init__(context, settings)
        self._settings = Settings.model_validate(dict(settings))
        domain = self._settings.shop or f"{context.connection.replace('_', '-')}.myshopify.com"
        self._token, self._secret = f"shpat_{secrets.token_hex(16)}", secrets.token_hex(32)
        self._shop = Shop(domain, self._announce)
        self._webhooks = ShopWebhooks(
            f"{context.hub_url.rstrip('/')}/in/{context.connection}", domain, self._secret, API_VERSION
        )
        self._faults: deque[str] = deque()
        self._runner: web.AppRunner | None = None
        self._actions: dict[str, Callable[[Mapping[str, Any]], Awaitable[Any]]] = {
            "place_order": self._place_order,
            "update_order": self._update_order,
            "deliver": self._deliver,
            "resend": self._resend,
        }

    async def start(self) -> Mapping[str, str]:
        """Listen; returns url, token, secret and shop."""
        app = web.Application()
        app.router.add_post("/admin/api/{version}/graphql.json", self._graphql)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._webhooks.start()
        port = self._runner.addresses[0][1]
        return {
            "url": f"http://127.0.0.1:{port}",
            "token": self._token,
            "secret": self._secret,
            "shop": self._shop.domain,
        }

    async def stop(self) -> None:
        await self._webhooks.stop()
        if self._runner is not None:
            await self._runner.cleanup()

    async def act(self, action: str, arguments: Mapping[str, Any]) -> Any:
        if action not in ACTIONS:
            raise ValueError(f"There is no action {action!r}; there are {', '.join(sorted(ACTIONS))}.")
        return await self._actions[action](arguments)

    def state(self) -> Json:
        """Orders by name with tags, metafields, mutations and effects; webhooks in their order."""
        return {
            "orders": {name: _shown(order) for name, order in self._shop.orders.items()},
            "webhooks": summaries(list(self._webhooks.sent.values())),
            "held": [webhook.id for webhook in self._webhooks.held()],
        }

    def misbehave(self, fault: str, times: int) -> None:
        if fault not in FAULTS:
            raise ValueError(f"There is no fault {fault!r}; there are {', '.join(sorted(FAULTS))}.")
        if fault == "wrong_signature":
            self._webhooks.wrong_signatures += times
        else:
            self._faults.extend([fault] * times)

    async def _place_order(self, arguments: Mapping[str, Any]) -> Json:
        wanted = PlaceOrder.model_validate(dict(arguments))
        order = self._shop.place(wanted.number, _plain(wanted.lines), wanted.model_extra or {})
        return await self._webhook("orders/create", order, wanted)

    async def _update_order(self, arguments: Mapping[str, Any]) -> Json:
        wanted = UpdateOrder.model_validate(dict(arguments))
        order = self._shop.update(str(wanted.number), wanted.changes, _plain(wanted.lines))
        return await self._webhook("orders/updated", order, wanted)

    async def _webhook(self, topic: str, order: Json, delivery: Delivery) -> Json:
        webhook = self._webhooks.make(topic, order)
        if delivery.deliver == "now":
            await self._webhooks.send(webhook, delivery.copies)
        return {"id": order["id"], "name": order["name"], "webhook": webhook.summary()}

    async def _deliver(self, arguments: Mapping[str, Any]) -> list[Json]:
        wanted = Deliver.model_validate(dict(arguments))
        if wanted.webhooks is not None:
            webhooks = [self._known(webhook) for webhook in wanted.webhooks]
        else:
            webhooks = self._webhooks.held()[:: -1 if wanted.order == "newest_first" else 1]
        for webhook in webhooks:
            await self._webhooks.send(webhook)
        return summaries(webhooks)

    async def _resend(self, arguments: Mapping[str, Any]) -> Json:
        wanted = Resend.model_validate(dict(arguments))
        webhook = self._known(wanted.webhook) if wanted.webhook else self._last(str(wanted.number))
        await self._webhooks.send(webhook, wanted.copies)
        return webhook.summary()

    def _known(self, webhook: str) -> Webhook:
        if webhook not in self._webhooks.sent:
            raise ValueError(f"There is no webhook {webhook}.")
        return self._webhooks.sent[webhook]

    def _last(self, number: str) -> Webhook:
        name = self._shop.find(number).data["name"]
        return [webhook for webhook in self._webhooks.sent.values() if webhook.order == name][-1]

    def _announce(self, order: Json) -> None:
        self._webhooks.send_later(self._webhooks.make("orders/updated", order))

    async def _graphql(self, request: web.Request) -> web.Response:
        asked = await request.json()
        if request.headers.get("X-Shopify-Access-Token") != self._token:
            return web.json_response({"errors": "[API] Invalid API key or access token"}, status=401)
        fault = self._faults.popleft() if self._faults else ""
        if fault in {"", "slow", "apply_and_close"}:
            answer = web.json_response(self._shop.execute(asked["query"], asked.get("variables") or {}))
        else:
            answer = _faulty(fault)
        if fault == "slow":
            await asyncio.sleep(self._settings.slow_seconds)
        if fault.endswith("_and_close") and request.transport is not None:
            request.transport.close()
        return answer


def _faulty(fault: str) -> web.Response:
    if fault == "throttle_200":
        status = {"maximumAvailable": 2000.0, "currentlyAvailable": 2, "restoreRate": 100.0}
        return web.json_response({"errors": [_THROTTLED], "extensions": {"cost": {**_COST, "throttleStatus": status}}})
    if fault == "throttle_429":
        return web.json_response({"errors": [_THROTTLED]}, status=429, headers={"Retry-After": "1.0"})
    return web.json_response({"errors": "Internal Server Error"}, status=500)


def _shown(order: ShopOrder) -> Json:
    return {
        "id": order.data["id"],
        "updated_at": order.data["updated_at"],
        "tags": order.tags,
        "metafields": {key: metafield["value"] for key, metafield in order.metafields.items()},
        "mutations": dict(order.mutations),
        "effects": dict(order.effects),
    }


def _plain(lines: list[Line] | None) -> list[Json] | None:
    return None if lines is None else [line.model_dump(exclude_none=True) for line in lines]
