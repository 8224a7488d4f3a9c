"""A Shopify shop on loopback: takes orders, sends webhooks, answers the Admin API.

Whatever is changed by GraphQL changes the order and sends `orders/updated`, as in a real shop: the
echo that a hub must not take for news.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from connectors.storefront.shopify.orders import Json
from connectors.storefront.shopify.simulated_actions import (
    Article,
    Deliver,
    Delivery,
    PlaceOrder,
    RequestReturn,
    Resend,
    Settings,
    UpdateOrder,
    plain,
)
from connectors.storefront.shopify.simulated_shop import Shop
from connectors.storefront.shopify.simulated_stock import Stockroom
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
ACTIONS = frozenset(
    {"place_order", "update_order", "request_return", "add_article", "remove_article", "deliver", "resend"}
)
_COST = {"requestedQueryCost": 22, "actualQueryCost": None}
_THROTTLED = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}


class Simulator(contract.Simulator):
    """Actions: see ACTIONS. Faults: see FAULTS."""

    def __init__(self, context: contract.SandboxContext, settings: Mapping[str, Any]) -> None:
        super().__init__(context, settings)
        self._settings = Settings.model_validate(dict(settings))
        domain = self._settings.shop or f"{context.connection.replace('_', '-')}.myshopify.com"
        self._token, self._secret = f"shpat_{secrets.token_hex(16)}", secrets.token_hex(32)
        stockroom = Stockroom(self._settings.locations, self._settings.assigned)
        self._shop = Shop(domain, stockroom, self._announce)
        self._webhooks = ShopWebhooks(
            f"{context.hub_url.rstrip('/')}/in/{context.connection}", domain, self._secret, API_VERSION
        )
        self._faults: deque[str] = deque()
        self._runner: web.AppRunner | None = None
        self._actions: dict[str, Callable[[Mapping[str, Any]], Awaitable[Any]]] = {
            "place_order": self._place_order,
            "update_order": self._update_order,
            "request_return": self._request_return,
            "add_article": self._add_article,
            "remove_article": self._remove_article,
            "deliver": self._deliver,
            "resend": self._resend,
        }

    async def start(self) -> Mapping[str, str]:
        """Listen; returns url, token, secret and shop."""
        app = web.Application()
        app.router.add_post("/admin/api/{version}/graphql.json", self._graphql)
        app.router.add_get("/admin/api/{version}/orders.json", self._orders)
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
        """Orders by name with what was done to them; what is in stock; webhooks in their order."""
        return {
            "orders": {name: order.state() for name, order in self._shop.book.orders.items()},
            "inventory": self._shop.stockroom.state(),
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
        order = self._shop.place(wanted.number, plain(wanted.lines), wanted.model_extra or {})
        return await self._order_webhook("orders/create", order, wanted)

    async def _update_order(self, arguments: Mapping[str, Any]) -> Json:
        wanted = UpdateOrder.model_validate(dict(arguments))
        order = self._shop.update(str(wanted.number), wanted.changes, plain(wanted.lines))
        return await self._order_webhook("orders/updated", order, wanted)

    async def _request_return(self, arguments: Mapping[str, Any]) -> Json:
        wanted = RequestReturn.model_validate(dict(arguments))
        order, said = self._shop.returns.request(str(wanted.number), [line.model_dump() for line in wanted.lines])
        sent = await self._webhook("returns/request", order.data["name"], said, wanted)
        return {"id": said["id"], "name": said["name"], "webhook": sent}

    async def _add_article(self, arguments: Mapping[str, Any]) -> Json:
        item = self._shop.stockroom.add(Article.model_validate(dict(arguments)).sku)
        return {"id": item.id, "sku": item.sku}

    async def _remove_article(self, arguments: Mapping[str, Any]) -> None:
        self._shop.stockroom.remove(Article.model_validate(dict(arguments)).sku)

    async def _order_webhook(self, topic: str, order: Json, delivery: Delivery) -> Json:
        sent = await self._webhook(topic, order["name"], order, delivery)
        return {"id": order["id"], "name": order["name"], "webhook": sent}

    async def _webhook(self, topic: str, order: str, said: Json, delivery: Delivery) -> Json | None:
        """Make a webhook and send it if it shall be now; one that never comes is not even made."""
        if delivery.deliver == "never":
            return None
        webhook = self._webhooks.make(topic, order, said)
        if delivery.deliver == "now":
            await self._webhooks.send(webhook, delivery.copies)
        return webhook.summary()

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
        name = self._shop.book.find(number).data["name"]
        sent = [webhook for webhook in self._webhooks.sent.values() if webhook.order == name]
        if not sent:
            raise ValueError(f"There is no webhook about order {name}.")
        return sent[-1]

    def _announce(self, topic: str, order: str, said: Json) -> None:
        self._webhooks.send_later(self._webhooks.make(topic, order, said))

    async def _graphql(self, request: web.Request) -> web.Response:
        asked = await request.json()

        def answer() -> web.Response:
            version = request.match_info["version"]
            return web.json_response(self._shop.execute(asked["query"], asked.get("variables") or {}, version))

        return await self._answer(request, answer)

    async def _orders(self, request: web.Request) -> web.Response:
        def answer() -> web.Response:
            try:
                found, following = self._shop.book.listed(request.query)
            except ValueError as error:
                return web.json_response({"errors": {"page_info": str(error)}}, status=400)
            response = web.json_response({"orders": found})
            if following is not None:
                url = request.url.with_query(limit=request.query.get("limit", "50"), page_info=following)
                response.headers["Link"] = f'<{url}>; rel="next"'
            return response

        return await self._answer(request, answer)

    async def _answer(self, request: web.Request, make: Callable[[], web.Response]) -> web.Response:
        """What `make` answers, unless the token is wrong or a fault is due."""
        if request.headers.get("X-Shopify-Access-Token") != self._token:
            return web.json_response({"errors": "[API] Invalid API key or access token"}, status=401)
        fault = self._faults.popleft() if self._faults else ""
        acts = fault in {"", "slow", "apply_and_close"}
        answer = make() if acts else _faulty(fault, rest=request.method == "GET")
        if fault == "slow":
            await asyncio.sleep(self._settings.slow_seconds)
        if fault.endswith("_and_close") and request.transport is not None:
            request.transport.close()
        return answer


def _faulty(fault: str, *, rest: bool) -> web.Response:
    """An answer that fails; REST throttles with status 429 only."""
    if fault == "throttle_200" and not rest:
        status = {"maximumAvailable": 2000.0, "currentlyAvailable": 2, "restoreRate": 100.0}
        return web.json_response({"errors": [_THROTTLED], "extensions": {"cost": {**_COST, "throttleStatus": status}}})
    if fault.startswith("throttle"):
        return web.json_response({"errors": [_THROTTLED]}, status=429, headers={"Retry-After": "1.0"})
    return web.json_response({"errors": "Internal Server Error"}, status=500)
