"""The Shopify connector: orders in by signed webhooks, tags and metafields out by GraphQL.

Sources: shopify.dev/docs/apps/build/webhooks/subscribe/https (signature, headers, retries) and
shopify.dev/docs/api/admin-graphql.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field, SecretStr

from connectors.storefront.shopify.graphql import (
    CHECK,
    CheckAnswer,
    FindAnswer,
    OrderUpdate,
    read_answer,
    read_data,
    read_update,
    throttled,
)
from connectors.transports.http import Effect, HttpClient, HttpSettings
from hub.contract.connector import (
    Connector,
    ConnectorConfig,
    Context,
    Family,
    Health,
    Item,
    Manifest,
    Outbound,
    PushContext,
    Quality,
    Receipt,
    Reception,
    Request,
    Support,
)
from hub.contract.errors import ReceptionRefused, SignatureRefused

NEEDED_SCOPES = frozenset({"read_orders", "write_orders"})
ORDER_TOPICS = frozenset(
    f"orders/{event}" for event in ("create", "updated", "paid", "cancelled", "fulfilled", "partially_fulfilled")
)
"""Topics whose body is the bare order."""

_KEPT_HEADERS = (
    "x-shopify-topic",
    "x-shopify-webhook-id",
    "x-shopify-triggered-at",
    "x-shopify-shop-domain",
    "x-shopify-api-version",
)
_TOPIC = re.compile(r"[a-z0-9_]{1,60}/[a-z0-9_]{1,60}")
_LONGEST_ID = 200


class ShopifyConfig(HttpSettings):
    """One shop and the app installed in it."""

    shop: str = Field(
        pattern=r"^[a-z0-9][a-z0-9.-]*\.[a-z0-9-]+$",
        description="The shop's permanent domain, as X-Shopify-Shop-Domain gives it: acme.myshopify.com.",
    )
    url: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="Where the shop's API is reached; https:// and the domain unless there is a proxy or a sandbox.",
    )
    api_version: str = Field(
        default="2026-04", pattern=r"^(20\d\d-(01|04|07|10)|unstable)$", description="Version of the GraphQL Admin API."
    )
    api_token: SecretStr = Field(description="Admin API access token of the app (scopes read_orders, write_orders).")
    webhook_secret: SecretStr = Field(description="The app's client secret, which signs its webhooks.")
    previous_webhook_secret: SecretStr | None = Field(
        default=None,
        description="The secret before a rotation; webhooks may be signed with it for an hour, retries for four more.",
    )


class ShopifyConnector(Connector[ShopifyConfig]):
    """Receives orders; adds tags and sets metafields on them."""

    name: ClassVar[str] = "shopify"
    family: ClassVar[Family] = Family.STOREFRONT
    Config: ClassVar[type[ConnectorConfig]] = ShopifyConfig
    emits: ClassVar[Mapping[str, str]] = {"shopify.order": "json"}
    accepts: ClassVar[Mapping[str, str]] = {"shopify.order_update": "json"}
    manifest: ClassVar[Manifest] = Manifest(
        title="Shopify",
        direction=frozenset({"receive", "push"}),
        signature=Quality(Support.YES, "HMAC-SHA256 of the raw body, with the current and the previous client secret."),
        idempotency=Quality(Support.YES, "Adding a tag and setting a metafield a second time change nothing."),
        ordering=Quality(Support.YES, "Each order carries updated_at; webhooks arrive in any order."),
        find=Quality(Support.YES, "The order's tags and metafields are read and compared."),
        backoff=Quality(Support.YES, "Retry-After of a 429, and the cost in a throttled answer with status 200."),
        redaction=Quality(Support.YES, "Token and secrets are never logged; headers kept name no customer."),
    )

    def __init__(self, config: ShopifyConfig, context: Context) -> None:
        super().__init__(config, context)
        secrets = (config.webhook_secret, config.previous_webhook_secret)
        self._secrets = [secret.get_secret_value().encode() for secret in secrets if secret is not None]
        self._path = f"/admin/api/{config.api_version}/graphql.json"
        self._client: HttpClient | None = None

    async def open(self) -> None:
        self._client = HttpClient(
            self.config.url or f"https://{self.config.shop}",
            self.config,
            headers={"X-Shopify-Access-Token": self.config.api_token.get_secret_value()},
        )

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def check(self) -> Health:
        """Whether the token reads this shop and has the scopes needed."""
        answer = read_data(CheckAnswer, await self._ask({"query": CHECK, "variables": {}}, Effect.SAFE))
        domain = answer.shop.domain
        findings = [f"shop {answer.shop.name} ({domain}), API version {self.config.api_version}"]
        if domain != self.config.shop:
            findings.append(f"the token belongs to {domain}, the connection says shop: {self.config.shop}")
        if missing := NEEDED_SCOPES - {scope.handle for scope in answer.installation.scopes}:
            findings.append(f"the app lacks the scopes {', '.join(sorted(missing))}; grant them and install it again")
        return Health(ok=len(findings) == 1, findings=findings)

    def receive(self, request: Request) -> Reception:
        """Verify a webhook and keep its body as it is.

        A topic that is not an order is taken too, as `shopify.<topic>`: Shopify drops a
        subscription that is refused, and what no pipeline takes is seen in the hub.
        """
        self._verify(request)
        headers = request.headers
        topic, webhook = headers.get("x-shopify-topic", ""), headers.get("x-shopify-webhook-id", "")
        if not webhook or len(webhook) > _LONGEST_ID:
            raise ReceptionRefused("The webhook has no usable X-Shopify-Webhook-Id.", header="x-shopify-webhook-id")
        item = Item(
            key=f"webhook:{webhook}",
            type="shopify.order" if topic in ORDER_TOPICS else _other_type(topic),
            body=request.body,
            name=topic,
            content_type="application/json",
            headers={name: headers[name] for name in _KEPT_HEADERS if name in headers},
        )
        return Reception([item])

    async def push(self, out: Outbound, context: PushContext) -> Receipt:
        """Add tags and set metafields of one order, in one request."""
        update = read_update(out.body)
        read_answer(await self._ask(update.mutation(), Effect.ONCE), changes=True)
        return _receipt(update)

    async def find(self, out: Outbound) -> Receipt | None:
        """Whether the order has the tags and metafields of this transmission."""
        update = read_update(out.body)
        order = read_data(FindAnswer, await self._ask(update.look_up(), Effect.SAFE)).order
        return _receipt(update) if order is not None and update.is_met_by(order) else None

    def _verify(self, request: Request) -> None:
        given = request.headers.get("x-shopify-hmac-sha256", "").encode(errors="replace")
        expected = [b64encode(hmac.digest(secret, request.body, "sha256")) for secret in self._secrets]
        if not any([hmac.compare_digest(given, signature) for signature in expected]):  # noqa: C419 - constant time
            raise SignatureRefused(
                "The webhook's signature is missing or wrong; compare webhook_secret with the app's."
            )
        domain = request.headers.get("x-shopify-shop-domain", "")
        if domain.lower() != self.config.shop:
            raise ReceptionRefused(
                f"The webhook is from shop {domain[:100]!r}, and this connection is {self.config.shop}'s.",
                header="x-shopify-shop-domain",
            )

    async def _ask(self, document: Mapping[str, Any], effect: Effect) -> bytes:
        if self._client is None:
            raise RuntimeError("the connector is not open")
        response = await self._client.request("POST", self._path, json=document, effect=effect, returned={429})
        if response.status_code == 429:
            raise throttled(response.headers.get("retry-after"))
        return response.content


def _other_type(topic: str) -> str:
    if not _TOPIC.fullmatch(topic):
        raise ReceptionRefused("The webhook has no usable X-Shopify-Topic.", header="x-shopify-topic")
    return f"shopify.{topic.replace('/', '.')}"


def _receipt(update: OrderUpdate) -> Receipt:
    keys = [f"{field.namespace}.{field.key}" for field in update.metafields]
    return Receipt(note=f"order {update.gid.rpartition('/')[2]}: {', '.join([*update.tags, *keys])}")
