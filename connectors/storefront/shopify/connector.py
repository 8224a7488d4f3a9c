"""The Shopify connector: orders and returns in by webhooks and a poll, what became of them back.

What is sent is one module for each payload type: order_updates, fulfillments, inventory, refunds,
returns. What is received is in webhooks and reconciling.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import BaseModel, Field, SecretStr

from connectors.storefront.shopify.api import ShopApi
from connectors.storefront.shopify.fulfillments import Fulfillments
from connectors.storefront.shopify.inventory import Inventory, Stock
from connectors.storefront.shopify.locations import Locations
from connectors.storefront.shopify.order_updates import OrderUpdate, OrderUpdates
from connectors.storefront.shopify.payloads import LocationGid, Operation
from connectors.storefront.shopify.reconciling import Poll, Reconcile
from connectors.storefront.shopify.refunds import Refund, Refunds
from connectors.storefront.shopify.returns import ReturnDecision, ReturnDecisions
from connectors.storefront.shopify.shipments import Fulfillment
from connectors.storefront.shopify.webhooks import TYPES, read_webhook, verify
from connectors.transports.http import HttpClient, HttpSettings
from hub.contract.clock import from_micros
from hub.contract.connector import (
    Connector,
    ConnectorConfig,
    Context,
    Family,
    Health,
    Manifest,
    Outbound,
    Page,
    PushContext,
    Quality,
    Receipt,
    Reception,
    Request,
    Support,
)
from hub.contract.errors import RejectedMessage

NEEDED_SCOPES = frozenset({"read_orders", "write_orders"})
SCOPES_BY_TYPE: Mapping[str, frozenset[str]] = {
    "shopify.fulfillment": frozenset(
        {"read_merchant_managed_fulfillment_orders", "write_merchant_managed_fulfillment_orders"}
    ),
    "shopify.inventory": frozenset({"read_inventory", "write_inventory"}),
    "shopify.return_decision": frozenset({"read_returns", "write_returns"}),
}
"""Scopes that only these payload types need."""

_CHECK = """query CrossdockCheck {
  shop { name myshopifyDomain }
  currentAppInstallation { accessScopes { handle } }
}"""


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
        default="2026-04", pattern=r"^(20\d\d-(01|04|07|10)|unstable)$", description="Version of the Admin API."
    )
    api_token: SecretStr = Field(description="Admin API access token of the app (scopes read_orders, write_orders, …).")
    webhook_secret: SecretStr = Field(description="The app's client secret, which signs its webhooks.")
    previous_webhook_secret: SecretStr | None = Field(
        default=None,
        description="The secret before a rotation; webhooks may be signed with it for an hour, retries for four more.",
    )
    reconcile: Reconcile | bool = Field(
        default=True, description="The poll for orders that no webhook brought: how far it looks back; false for none."
    )
    locations: dict[str, LocationGid] = Field(
        default_factory=dict, description="Shopify's numbers of locations, by the names that warehouses have here."
    )


class ShopifyConnector(Connector[ShopifyConfig]):
    """Receives and fetches orders and returns; tells the shop what became of them."""

    name: ClassVar[str] = "shopify"
    family: ClassVar[Family] = Family.STOREFRONT
    Config: ClassVar[type[ConnectorConfig]] = ShopifyConfig
    emits: ClassVar[Mapping[str, str]] = dict.fromkeys(TYPES.values(), "json")
    payloads: ClassVar[Mapping[str, type[BaseModel]]] = {
        "shopify.order_update": OrderUpdate,
        "shopify.fulfillment": Fulfillment,
        "shopify.inventory": Stock,
        "shopify.refund": Refund,
        "shopify.return_decision": ReturnDecision,
    }
    accepts: ClassVar[Mapping[str, str]] = dict.fromkeys(payloads, "json")
    manifest: ClassVar[Manifest] = Manifest(
        title="Shopify",
        direction=frozenset({"receive", "pull", "push"}),
        signature=Quality(Support.YES, "HMAC-SHA256 of the raw body, with the current and the previous client secret."),
        idempotency=Quality(
            Support.YES, "What is sent changes nothing a second time, or is looked up before; Shopify's keys besides."
        ),
        ordering=Quality(Support.YES, "Each order carries updated_at; webhooks arrive in any order."),
        find=Quality(Support.YES, "The order, its fulfillments and refunds, the return or the stock are read."),
        backoff=Quality(Support.YES, "Retry-After of a 429, and the cost in a throttled answer with status 200."),
        redaction=Quality(Support.YES, "Token and secrets are never logged; headers kept name no customer."),
    )

    def __init__(self, config: ShopifyConfig, context: Context) -> None:
        super().__init__(config, context)
        secrets = (config.webhook_secret, config.previous_webhook_secret)
        self._secrets = [secret.get_secret_value().encode() for secret in secrets if secret is not None]
        self._client: HttpClient | None = None

    async def open(self) -> None:
        token = self.config.api_token.get_secret_value()
        url = self.config.url or f"https://{self.config.shop}"
        self._client = HttpClient(url, self.config, headers={"X-Shopify-Access-Token": token})

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def check(self) -> Health:
        """Whether the token reads this shop and has the scopes needed."""
        answer = await self._api.ask(_CheckAnswer, _CHECK, {})
        domain, granted = answer.shop.domain, {scope.handle for scope in answer.installation.scopes}
        wrong = []
        if domain != self.config.shop:
            wrong.append(f"the token belongs to {domain}, the connection says shop: {self.config.shop}")
        if missing := NEEDED_SCOPES - granted:
            wrong.append(f"the app lacks the scopes {', '.join(sorted(missing))}; grant them and install it again")
        shop = f"shop {answer.shop.name} ({domain}), API version {self.config.api_version}"
        return Health(ok=not wrong, findings=[shop, *wrong, *_not_sendable(granted)])

    def receive(self, request: Request) -> Reception:
        """Verify a webhook and keep its body as it is."""
        verify(request, self.config.shop, self._secrets)
        return Reception([read_webhook(request)])

    async def pull(self, cursor: str | None) -> Page:
        """The next orders that changed, unless the connection shall not poll."""
        settings = self.config.reconcile
        if settings is False:
            return Page([])
        poll = Poll(self._api, Reconcile() if settings is True else settings)
        return await poll.page(cursor, from_micros(self.context.clock.now()))

    async def push(self, out: Outbound, context: PushContext) -> Receipt:
        """Do what the payload type says."""
        return await self._operation(out).push(out, context)

    async def find(self, out: Outbound) -> Receipt | None:
        """Look in the shop for what the payload type does."""
        return await self._operation(out).find(out)

    def _operation(self, out: Outbound) -> Operation:
        api, locations = self._api, Locations(self.config.locations)
        match out.type:
            case "shopify.order_update":
                return OrderUpdates(api)
            case "shopify.fulfillment":
                return Fulfillments(api, locations)
            case "shopify.inventory":
                return Inventory(api, self.context.state, locations)
            case "shopify.refund":
                return Refunds(api, locations)
            case "shopify.return_decision":
                return ReturnDecisions(api)
        raise RejectedMessage(f"Shopify takes no {out.type}; it takes {', '.join(self.accepts)}.", value=out.type)

    @property
    def _api(self) -> ShopApi:
        if self._client is None:
            raise RuntimeError("the connector is not open")
        return ShopApi(self._client, self.config.api_version)


class _Scope(BaseModel):
    handle: str


class _Shop(BaseModel):
    name: str
    domain: str = Field(alias="myshopifyDomain")


class _Installation(BaseModel):
    scopes: list[_Scope] = Field(alias="accessScopes")


class _CheckAnswer(BaseModel):
    shop: _Shop
    installation: _Installation = Field(alias="currentAppInstallation")


def _not_sendable(granted: set[str]) -> list[str]:
    """A line for each payload type that the app's scopes do not suffice for."""
    missing = {type_: sorted(needed - granted) for type_, needed in SCOPES_BY_TYPE.items()}
    return [
        f"without the scopes {', '.join(scopes)} no {type_} can be sent" for type_, scopes in missing.items() if scopes
    ]
