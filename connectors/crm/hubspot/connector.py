"""The HubSpot connector: records out by the CRM API's batch upserts, events in by signed webhooks.

A record is written in steps: its contacts, the record, what associates them. Each step may be
repeated, since records are known by properties with unique values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import httpx
from pydantic import BaseModel, Field, SecretStr

from connectors.crm.hubspot.events import read_events, verify
from connectors.crm.hubspot.records import (
    OBJECTS,
    PAYLOADS,
    Record,
    Written,
    limited,
    read_associated,
    read_contact,
    read_record,
    read_written,
    refusal,
    upsert,
)
from connectors.formats.json import JsonFormat
from connectors.transports.http import Effect, HttpClient, HttpSettings
from hub.contract.connector import (
    Connector,
    ConnectorConfig,
    Context,
    Family,
    Health,
    Manifest,
    Outbound,
    PushContext,
    Quality,
    Receipt,
    Reception,
    Request,
    Support,
)
from hub.contract.errors import InDoubt, RejectedMessage, TransientError

_EXPLAINED = frozenset({400, 404, 409, 413, 414, 415, 422})
"""Statuses whose answer is an error object that says more than the status."""

_LIMITED = frozenset({423, 429, 477})
_KEPT_ANSWER = 65_536


class HubSpotConfig(HttpSettings):
    """One HubSpot account and the app installed in it."""

    access_token: SecretStr = Field(min_length=1, description="The private app's access token.")
    client_secret: SecretStr = Field(min_length=1, description="The app's client secret, which signs its webhooks.")
    webhook_url: str = Field(
        pattern=r"^https?://\S+$",
        description="The target URL of the app's webhooks, letter for letter: it is part of what is signed.",
    )
    key_property: str = Field(
        default="crossdock_key",
        pattern=r"^[a-z][a-z0-9_]{0,99}$",
        description="Property with unique values by which deals, orders and tickets are known.",
    )
    url: str = Field(
        default="https://api.hubapi.com",
        pattern=r"^https?://",
        description="Where the API is reached, if there is a proxy or a sandbox.",
    )


class HubSpotConnector(Connector[HubSpotConfig]):
    """Writes contacts, deals, orders and tickets; receives what changes in HubSpot."""

    name: ClassVar[str] = "hubspot"
    family: ClassVar[Family] = Family.CRM
    Config: ClassVar[type[ConnectorConfig]] = HubSpotConfig
    emits: ClassVar[Mapping[str, str]] = {
        f"hubspot.{name}_event": "json" for name in ("contact", "company", "deal", "order", "ticket")
    }
    accepts: ClassVar[Mapping[str, str]] = dict.fromkeys(OBJECTS, "json")
    payloads: ClassVar[Mapping[str, type[BaseModel]]] = PAYLOADS
    manifest: ClassVar[Manifest] = Manifest(
        title="HubSpot",
        direction=frozenset({"receive", "push"}),
        signature=Quality(
            Support.YES, "X-HubSpot-Signature-v3 over method, URL, body and time; five minutes old at most."
        ),
        idempotency=Quality(
            Support.YES, "Records are written by properties with unique values; associations are sets."
        ),
        ordering=Quality(Support.YES, "Each event carries occurredAt; events arrive in any order."),
        find=Quality(Support.NO, "HubSpot rewrites values, so they cannot be compared; sending again changes nothing."),
        backoff=Quality(Support.YES, "Retry-After and the limit's policy of 429; 423 and 477."),
        redaction=Quality(Support.YES, "Token and secret are never logged; no header of a webhook is kept."),
    )

    def __init__(self, config: HubSpotConfig, context: Context) -> None:
        super().__init__(config, context)
        self._secret = config.client_secret.get_secret_value().encode()
        self._client: HttpClient | None = None

    async def open(self) -> None:
        token = self.config.access_token.get_secret_value()
        self._client = HttpClient(self.config.url, self.config, headers={"Authorization": f"Bearer {token}"})

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def check(self) -> Health:
        """Whether the token is good, and the property that records are known by is there and unique."""
        response = await self._opened().request("GET", "/account-info/v3/details", effect=Effect.SAFE)
        findings = [f"account {_json(response).get('portalId')}"]
        missing = [text for name in ("deals", "orders", "tickets") if (text := await self._key_missing(name))]
        return Health(ok=len(missing) < 3, findings=[*findings, *(missing or ["the key property is there"])])

    def receive(self, request: Request) -> Reception:
        """Verify a webhook and take its events apart."""
        verify(request, self._secret, self.config.webhook_url, self.context.clock.now() // 1000)
        return Reception(read_events(request.body))

    async def push(self, out: Outbound, context: PushContext) -> Receipt:
        """Write one record, its contacts before it, and associate them."""
        tree = next(JsonFormat().decode([out.body])).data
        if out.type == "hubspot.contact":
            contact = read_contact(tree)
            [written], body = await self._upsert("contacts", "email", [(contact.email, contact.properties)])
            return _receipt("contact", written, {}, body)
        return await self._push_record(read_record(tree, out.type), out, context)

    async def _push_record(self, record: Record, out: Outbound, context: PushContext) -> Receipt:
        contacts = list(out.done.get("contacts", ()))
        if record.contacts and not contacts:
            people = [(contact.email, contact.properties) for contact in record.contacts]
            written, _ = await self._upsert("contacts", "email", people)
            contacts = [one.id for one in written]
            await context.checkpoint({"contacts": contacts})
        name, key_property = OBJECTS[out.type], self.config.key_property
        [one], body = await self._upsert(name, key_property, [(record.key, record.properties)])
        if contacts:
            await self._associate(name, one.id, contacts)
        references = {"contact": contacts[0]} if len(contacts) == 1 else {}
        return _receipt(out.type.partition(".")[2], one, references, body)

    async def _upsert(
        self, name: str, id_property: str, records: Sequence[tuple[str, Mapping[str, str]]]
    ) -> tuple[list[Written], bytes]:
        keys = [key for key, _ in records]
        what = f"the {name} {', '.join(keys[:3])}{' …' if len(keys) > 3 else ''}"
        response = await self._post(f"/crm/v3/objects/{name}/batch/upsert", upsert(id_property, records), what)
        return read_written(response.content, keys, what), response.content

    async def _associate(self, name: str, record: str, contacts: Sequence[str]) -> None:
        """Associate the record, which is written already, with its contacts."""
        inputs = [{"from": {"id": record}, "to": {"id": contact}} for contact in contacts]
        path = f"/crm/v4/associations/{name}/contacts/batch/associate/default"
        what = f"to associate {record} of the {name} with contacts"
        try:
            response = await self._post(path, {"inputs": inputs}, what)
        except (TransientError, RejectedMessage) as error:
            raise InDoubt(
                f"The record {record} is written, its contacts are not associated: {error.message}"
            ) from error
        read_associated(response.content, what)

    async def _post(self, path: str, tree: Mapping[str, Any], what: str) -> httpx.Response:
        response = await self._opened().request(
            "POST", path, effect=Effect.ONCE, json=tree, returned=_EXPLAINED | _LIMITED
        )
        if response.status_code in _LIMITED:
            raise limited(response.status_code, response.content, response.headers.get("retry-after"))
        if response.status_code in _EXPLAINED:
            raise refusal(response.status_code, response.content, what)
        return response

    async def _key_missing(self, name: str) -> str:
        """What is wrong with the key property of an object, or nothing."""
        key = self.config.key_property
        path = f"/crm/v3/properties/{name}/{key}"
        response = await self._opened().request("GET", path, effect=Effect.SAFE, returned={403, 404})
        if response.status_code == 403:
            return f"{name}: the app may not read them; grant its scopes before sending any"
        if response.status_code == 404:
            return f"{name}: there is no property {key}; create it with unique values before sending any"
        unique = _json(response).get("hasUniqueValue") is True
        return "" if unique else f"{name}: the property {key} has no unique values; create another and name it here"

    def _opened(self) -> HttpClient:
        if self._client is None:
            raise RuntimeError("the connector is not open")
        return self._client


def _json(response: httpx.Response) -> Mapping[str, Any]:
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise TransientError(f"{response.request.url.host} answered something that is not a JSON object.")
    return answer


def _receipt(kind: str, written: Written, references: Mapping[str, str], body: bytes) -> Receipt:
    done = "created" if written.is_new else "updated"
    return Receipt({kind: written.id, **references}, note=f"{kind} {written.id} {done}", response=body[:_KEPT_ANSWER])
