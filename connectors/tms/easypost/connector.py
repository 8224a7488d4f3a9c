"""The EasyPost connector: labels out by its API, tracking in by signed webhooks.

Parcels that another account labelled can be watched too. How labels are bought so that each is
bought once is told in `labels`.

Sources: docs.easypost.com/docs/events, docs.easypost.com/guides/webhooks-guide (signature).
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import jiter
from pydantic import BaseModel, Field, SecretStr

from connectors.tms.easypost.api import KEPT_ANSWER, EasyPostApi
from connectors.tms.easypost.labels import LabelPurchase
from connectors.tms.easypost.orders import ShipmentOrder, TrackerRequest, read_shipments, read_trackers
from connectors.tms.easypost.shipments import Tracker, numbered
from connectors.transports.http import HttpClient, HttpSettings
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

_SHIPMENT = "easypost.shipment"
_TRACKER_REQUEST = "easypost.tracker_request"

_EVENT = re.compile(r"([a-z0-9_]{1,60})\.[a-z0-9_.]{1,100}")
_LONGEST_ID = 200


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
    """Buys labels and has parcels watched; receives what becomes of them."""

    name: ClassVar[str] = "easypost"
    family: ClassVar[Family] = Family.TMS
    Config: ClassVar[type[ConnectorConfig]] = EasyPostConfig
    emits: ClassVar[Mapping[str, str]] = {"easypost.tracker": "json"}
    payloads: ClassVar[Mapping[str, type[BaseModel]]] = {_SHIPMENT: ShipmentOrder, _TRACKER_REQUEST: TrackerRequest}
    accepts: ClassVar[Mapping[str, str]] = dict.fromkeys(payloads, "json")
    manifest: ClassVar[Manifest] = Manifest(
        title="EasyPost",
        direction=frozenset({"receive", "push"}),
        signature=Quality(Support.YES, "HMAC-SHA256 of the raw body, X-Hmac-Signature."),
        idempotency=Quality(Support.YES, "The same shipments are found and gone on with; each is sold one label only."),
        ordering=Quality(Support.YES, "Each tracker carries updated_at; events arrive in any order."),
        find=Quality(Support.YES, "Shipments are read by their ids or references; a label says that one is bought."),
        backoff=Quality(Support.YES, "Retry-After of 429 and 503."),
        redaction=Quality(Support.YES, "Key and secret are never logged; no header of an event is kept."),
    )

    def __init__(self, config: EasyPostConfig, context: Context) -> None:
        super().__init__(config, context)
        self._secret = unicodedata.normalize("NFKD", config.webhook_secret.get_secret_value()).encode()
        self._api: EasyPostApi | None = None

    async def open(self) -> None:
        key = self.config.api_key.get_secret_value()
        self._api = EasyPostApi(HttpClient(self.config.url, self.config, auth=(key, "")))

    async def close(self) -> None:
        if self._api is not None:
            await self._api.close()
            self._api = None

    async def check(self) -> Health:
        """Whether the key reads shipments, and whether its labels are worth anything."""
        await self._opened().probe()
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
        """Buy the labels, or have the parcels watched; goes on where an earlier attempt ended."""
        if out.type == _TRACKER_REQUEST:
            return await self._watch(read_trackers(out))
        return await self._purchase(out).buy(read_shipments(out), context)

    async def find(self, out: Outbound) -> Receipt | None:
        """Whether every parcel of the transmission has its label, or its tracker."""
        if out.type != _TRACKER_REQUEST:
            return await self._purchase(out).find(read_shipments(out))
        found = [await self._opened().find_tracker(wanted) for wanted in read_trackers(out).trackers]
        trackers = [tracker for tracker in found if tracker is not None]
        return _watched(trackers) if len(trackers) == len(found) else None

    def _purchase(self, out: Outbound) -> LabelPurchase:
        return LabelPurchase(self._opened(), out, self.context.log)

    async def _watch(self, request: TrackerRequest) -> Receipt:
        """Have each parcel watched. None is made twice, so that an attempt may begin anew."""
        return _watched([await self._opened().track(wanted) for wanted in request.trackers])

    def _verify(self, request: Request) -> None:
        given = request.headers.get("x-hmac-signature", "").encode(errors="replace")
        expected = f"hmac-sha256-hex={hmac.digest(self._secret, request.body, 'sha256').hex()}".encode()
        if not hmac.compare_digest(given, expected):
            raise SignatureRefused("The event's signature is missing or wrong; compare webhook_secret with EasyPost's.")

    def _opened(self) -> EasyPostApi:
        if self._api is None:
            raise RuntimeError("the connector is not open")
        return self._api


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


def _watched(trackers: Sequence[Tracker]) -> Receipt:
    references = {
        **numbered("tracking_number", [tracker.tracking_code for tracker in trackers]),
        **numbered("tracker", [tracker.id for tracker in trackers]),
    }
    note = f"watched: {', '.join(tracker.tracking_code for tracker in trackers)}"
    return Receipt(references, note=note, response=b"\n".join(one.answer for one in trackers)[:KEPT_ANSWER])
