"""Acme Dock: parcels are announced and confirmed; label events come by webhook and by poll."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field, SecretStr

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
    Page,
    PushContext,
    Quality,
    Receipt,
    Reception,
    Request,
    Support,
)
from hub.contract.errors import SignatureRefused


class AcmeConfig(ConnectorConfig):
    """Settings of a connection to Acme Dock."""

    url: str = Field(description="Base URL of the account.")
    api_token: SecretStr = Field(description="Token of the API.")
    webhook_secret: SecretStr = Field(description="Secret that signs webhooks.")
    http: HttpSettings = Field(default=HttpSettings(), description="Timeouts and connections.")


class AcmeConnector(Connector[AcmeConfig]):
    """Speaks to Acme Dock."""

    name: ClassVar[str] = "acme"
    family: ClassVar[Family] = Family.TMS
    Config: ClassVar[type[ConnectorConfig]] = AcmeConfig
    emits: ClassVar[Mapping[str, str]] = {"acme.label": "json"}
    accepts: ClassVar[Mapping[str, str]] = {"acme.parcel": "json"}
    manifest: ClassVar[Manifest] = Manifest(
        title="Acme Dock",
        direction=frozenset({"receive", "pull", "push"}),
        signature=Quality(Support.YES, "HMAC-SHA256 of the body, in hex, in x-acme-signature"),
        idempotency=Quality(Support.YES, "header Idempotency-Key"),
        ordering=Quality(Support.YES, "labels are numbered"),
        find=Quality(Support.YES, "parcels by key"),
        backoff=Quality(Support.YES, "Retry-After"),
        redaction=Quality(Support.YES, "secrets are SecretStr"),
    )

    def __init__(self, config: AcmeConfig, context: Context) -> None:
        super().__init__(config, context)
        self._http: HttpClient | None = None

    async def open(self) -> None:
        headers = {"authorization": f"Bearer {self.config.api_token.get_secret_value()}"}
        self._http = HttpClient(self.config.url, self.config.http, headers=headers)

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()

    @property
    def http(self) -> HttpClient:
        assert self._http is not None
        return self._http

    async def check(self) -> Health:
        await self.http.request("GET", "/labels", effect=Effect.SAFE, params={"after": "0"})
        return Health(ok=True, findings=["the token may read labels"])

    def receive(self, request: Request) -> Reception:
        secret = self.config.webhook_secret.get_secret_value().encode()
        expected = hmac.new(secret, request.body, hashlib.sha256).hexdigest().encode()
        if not hmac.compare_digest(expected, request.headers.get("x-acme-signature", "").encode()):
            raise SignatureRefused("The signature is not that of the body under webhook_secret.")
        return Reception([Item(key=request.headers.get("x-acme-id", "none"), type="acme.label", body=request.body)])

    async def pull(self, cursor: str | None) -> Page:
        response = await self.http.request("GET", "/labels", effect=Effect.SAFE, params={"after": cursor or "0"})
        labels = response.json()
        items = [
            Item(key=f"label:{label['id']}", type="acme.label", body=json.dumps(label).encode()) for label in labels
        ]
        return Page(items, str(labels[-1]["id"]) if labels else cursor)

    async def ack(self, items: Sequence[Item]) -> None:
        """The cursor says it all."""

    async def push(self, out: Outbound, context: PushContext) -> Receipt:
        parcel = out.done.get("parcel")
        headers = {"idempotency-key": out.idempotency_key}
        if parcel is None:
            response = await self.http.request(
                "POST", "/parcels", content=out.body, headers=headers, effect=Effect.ONCE
            )
            parcel = response.json()["id"]
            await context.checkpoint({"parcel": parcel})
        await self.http.request("POST", f"/parcels/{parcel}/confirm", headers=headers, effect=Effect.ONCE)
        await context.checkpoint({"parcel": parcel, "confirmed": True})
        return Receipt(references={"parcel": str(parcel)})

    async def find(self, out: Outbound) -> Receipt | None:
        response = await self.http.request("GET", "/parcels", effect=Effect.SAFE, params={"key": out.idempotency_key})
        found = [parcel for parcel in response.json() if parcel["confirmed"]]
        return Receipt(references={"parcel": str(found[0]["id"])}) if found else None
