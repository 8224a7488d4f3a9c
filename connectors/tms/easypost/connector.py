"""The EasyPost connector: labels out by its API, tracking in by signed webhooks.

A label is bought in steps: create the shipment, which costs nothing; buy one of its rates; have a
tracker. The shipment's id is kept before the purchase and its reference is the transmission's id,
so that whatever is cut off, the next attempt goes on with the same shipment; and EasyPost sells no
second label for one.

Sources: docs.easypost.com/docs/shipments, docs.easypost.com/docs/events,
docs.easypost.com/guides/webhooks-guide (signature).
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import quote

import httpx
import jiter
from pydantic import Field, SecretStr

from connectors.formats.json import JsonFormat
from connectors.tms.easypost.shipments import Shipment, ShipmentOrder, Tracker, read, read_order, refusal
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
from hub.contract.errors import (
    CrossdockError,
    Duplicate,
    InDoubt,
    ReceptionRefused,
    RejectedMessage,
    SignatureRefused,
    TransientError,
)

_EXPLAINED = frozenset({400, 402, 404, 409, 422})
"""Statuses whose answer is an error object that says more than the status."""

_EVENT = re.compile(r"([a-z0-9_]{1,60})\.[a-z0-9_.]{1,100}")
_LONGEST_ID = 200
_KEPT_ANSWER = 65_536


class EasyPostConfig(HttpSettings):
    """One account, in its test or its production mode."""

    api_key: SecretStr = Field(min_length=1, description="The account's API key; a test key buys labels without value.")
    webhook_secret: SecretStr = Field(min_length=1, description="The secret given to the webhook, which signs events.")
    url: str = Field(
        default="https://api.easypost.com",
        pattern=r"^https?://",
        description="Where the API is reached, if there is a proxy or a sandbox.",
    )


class EasyPostConnector(Connector[EasyPostConfig]):
    """Buys labels; receives what becomes of the parcels."""

    name: ClassVar[str] = "easypost"
    family: ClassVar[Family] = Family.TMS
    Config: ClassVar[type[ConnectorConfig]] = EasyPostConfig
    emits: ClassVar[Mapping[str, str]] = {"easypost.tracker": "json"}
    accepts: ClassVar[Mapping[str, str]] = {"easypost.shipment": "json"}
    manifest: ClassVar[Manifest] = Manifest(
        title="EasyPost",
        direction=frozenset({"receive", "push"}),
        signature=Quality(Support.YES, "HMAC-SHA256 of the raw body, X-Hmac-Signature."),
        idempotency=Quality(Support.YES, "The same shipment is found and gone on with; it is sold one label only."),
        ordering=Quality(Support.YES, "Each tracker carries updated_at; events arrive in any order."),
        find=Quality(Support.YES, "The shipment is read by its id or reference; a label says that it is bought."),
        backoff=Quality(Support.YES, "Retry-After of 429 and 503."),
        redaction=Quality(Support.YES, "Key and secret are never logged; no header of an event is kept."),
    )

    def __init__(self, config: EasyPostConfig, context: Context) -> None:
        super().__init__(config, context)
        self._secret = unicodedata.normalize("NFKD", config.webhook_secret.get_secret_value()).encode()
        self._client: HttpClient | None = None

    async def open(self) -> None:
        self._client = HttpClient(self.config.url, self.config, auth=(self.config.api_key.get_secret_value(), ""))

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def check(self) -> Health:
        """Whether the key reads shipments, and whether its labels are worth anything."""
        await self._opened().request("GET", "/v2/shipments", effect=Effect.SAFE, params={"page_size": "1"})
        test = self.config.api_key.get_secret_value().startswith("EZTK")
        return Health(ok=True, findings=[f"the key is good, in {'test' if test else 'production'} mode"])

    def receive(self, request: Request) -> Reception:
        """Verify an event and keep its body as it is."""
        self._verify(request)
        event_id, description = _event(request.body)
        what = description.partition(".")[0]
        item = Item(
            key=f"event:{event_id}",
            type=f"easypost.{what}",
            body=request.body,
            name=description,
            content_type="application/json",
        )
        return Reception([item])

    async def push(self, out: Outbound, context: PushContext) -> Receipt:
        """Buy one label: create the shipment, buy, have a tracker; goes on where an earlier attempt ended."""
        order = _order(out)
        shipment = await self._known(out) or await self._create(order, out.transmission)
        if out.done.get("shipment") != shipment.id:
            await context.checkpoint({"shipment": shipment.id})
        if not shipment.is_bought:
            shipment = await self._buy(shipment, order)
            await context.checkpoint({"shipment": shipment.id, "tracking_number": shipment.tracking_code})
        return _receipt(shipment, shipment.tracker or await self._track(shipment))

    async def find(self, out: Outbound) -> Receipt | None:
        """Whether the transmission's shipment has its label."""
        shipment = await self._known(out)
        return _receipt(shipment, shipment.tracker) if shipment is not None and shipment.is_bought else None

    def _verify(self, request: Request) -> None:
        given = request.headers.get("x-hmac-signature", "").encode(errors="replace")
        expected = f"hmac-sha256-hex={hmac.digest(self._secret, request.body, 'sha256').hex()}".encode()
        if not hmac.compare_digest(given, expected):
            raise SignatureRefused("The event's signature is missing or wrong; compare webhook_secret with EasyPost's.")

    async def _known(self, out: Outbound) -> Shipment | None:
        """The shipment of an earlier attempt; one whose creation was never answered is found by its reference."""
        kept = out.done.get("shipment")
        path = f"/v2/shipments/{quote(str(kept or out.transmission), safe='')}"
        response = await self._opened().request("GET", path, effect=Effect.SAFE, returned=_EXPLAINED)
        if response.status_code != 404:
            return _shipment(response, "read the shipment", doubtful=False)
        if kept is not None:
            raise InDoubt(f"EasyPost no longer knows the shipment {kept}; see there whether it was bought.")
        return None

    async def _create(self, order: ShipmentOrder, reference: str) -> Shipment:
        body = JsonFormat().encode({"shipment": {**order.shipment, "reference": reference}}, "easypost.shipment")
        # Repeated at will: a shipment that is not bought is a quotation.
        response = await self._post("/v2/shipments", body, Effect.SAFE)
        return _shipment(response, "create the shipment", doubtful=False)

    async def _buy(self, shipment: Shipment, order: ShipmentOrder) -> Shipment:
        rate = shipment.choose(order.rate)
        body = JsonFormat().encode({"rate": {"id": rate.id}}, "easypost.shipment")
        path = f"/v2/shipments/{quote(shipment.id, safe='')}"
        response = await self._post(f"{path}/buy", body, Effect.ONCE)
        try:
            bought = _shipment(response, f"buy {rate} for {shipment.id}", doubtful=True)
        except Duplicate:
            bought = await self._bought_before(path)
        if not bought.is_bought:
            raise InDoubt(f"EasyPost took the purchase of {rate} and shows no label yet.", shipment=bought.id)
        return bought

    async def _bought_before(self, path: str) -> Shipment:
        try:
            response = await self._opened().request("GET", path, effect=Effect.SAFE)
        except TransientError as error:
            raise InDoubt(f"The label is bought already, and could not be read: {error.message}") from error
        return _shipment(response, "read the shipment", doubtful=True)

    async def _track(self, shipment: Shipment) -> Tracker | None:
        """A tracker for a label that came without one. The label is bought whatever happens here."""
        wanted = {"tracking_code": shipment.tracking_code}
        if shipment.selected_rate is not None:
            wanted["carrier"] = shipment.selected_rate.carrier
        body = JsonFormat().encode({"tracker": wanted}, "easypost.shipment")
        try:
            response = await self._post("/v2/trackers", body, Effect.SAFE)
            if response.status_code in _EXPLAINED:
                raise refusal(response.status_code, response.content, "track the parcel")
        except RejectedMessage as error:
            self.context.log.warning("parcel_not_tracked", shipment=shipment.id, reason=error.message)
            return None
        except CrossdockError as error:
            raise InDoubt(
                f"The label of {shipment.id} is bought and not tracked yet: {error.message}", shipment=shipment.id
            ) from error
        return read(Tracker, response.content)

    async def _post(self, path: str, body: bytes, effect: Effect) -> httpx.Response:
        return await self._opened().request(
            "POST",
            path,
            effect=effect,
            content=body,
            headers={"content-type": "application/json"},
            returned=_EXPLAINED,
        )

    def _opened(self) -> HttpClient:
        if self._client is None:
            raise RuntimeError("the connector is not open")
        return self._client


def _order(out: Outbound) -> ShipmentOrder:
    return read_order(next(JsonFormat().decode([out.body])).data)


def _event(body: bytes) -> tuple[str, str]:
    """An event's id and description (`tracker.updated`)."""
    try:
        event: Any = jiter.from_json(body)
    except ValueError:
        event = None
    fields = event if isinstance(event, dict) else {}
    event_id, description = fields.get("id"), fields.get("description")
    if not isinstance(event_id, str) or not 0 < len(event_id) <= _LONGEST_ID:
        raise ReceptionRefused("The event has no usable id.", field="id")
    if not isinstance(description, str) or not _EVENT.fullmatch(description):
        raise ReceptionRefused("The event has no usable description, such as tracker.updated.", field="description")
    return event_id, description


def _shipment(response: httpx.Response, what: str, *, doubtful: bool) -> Shipment:
    """The shipment answered; what is unclear after a purchase is in doubt."""
    if response.status_code in _EXPLAINED:
        raise refusal(response.status_code, response.content, what)
    shipment = read(Shipment, response.content)
    if shipment is None:
        message = f"EasyPost's answer to {what} is not a shipment."
        detail = response.content[:500].decode(errors="replace")
        raise InDoubt(message, detail=detail) if doubtful else TransientError(message, detail=detail)
    shipment.answer = response.content[:_KEPT_ANSWER]
    return shipment


def _receipt(shipment: Shipment, tracker: Tracker | None) -> Receipt:
    references = {"shipment": shipment.id}
    if shipment.tracking_code:
        references["tracking_number"] = shipment.tracking_code
    if tracker is not None:
        references["tracker"] = tracker.id
    rate = str(shipment.selected_rate) if shipment.selected_rate else "an unnamed rate"
    return Receipt(references=references, note=f"{rate}, {shipment.tracking_code}", response=shipment.answer)
