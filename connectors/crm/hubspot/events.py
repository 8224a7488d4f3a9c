"""Webhooks of HubSpot: their signature, and the events in them.

Sources: developers.hubspot.com, "Validating requests" (v3) and "Webhooks API" (payload). A request
carries up to 100 events; `eventId` is not surely unique, and `attemptNumber` counts up when an
event is sent again.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import jiter

from connectors.formats.json import JsonFormat
from hub.contract.connector import Item, Request
from hub.contract.errors import ReceptionRefused, RejectedMessage, SignatureRefused

OLDEST = 300_000
"""Milliseconds that a request's timestamp may be away from now."""

OBJECT_TYPES = {
    "0-1": "contact",
    "0-2": "company",
    "0-3": "deal",
    "0-5": "ticket",
    "0-7": "product",
    "0-8": "line_item",
    "0-123": "order",
}
"""Object type ids in events of the form `object.creation`."""

# What the documentation says to decode in the URI before it is signed.
_DECODED = {f"%{ord(char):02X}": char for char in ":/?@!$'()*,;"}
_ENCODED = re.compile("|".join(_DECODED), re.IGNORECASE)
_SUBSCRIPTION = re.compile(r"([A-Za-z_]{1,60})\.[A-Za-z_.]{1,100}")
_KEY_FIELDS = (
    "portalId",
    "eventId",
    "occurredAt",
    "subscriptionId",
    "subscriptionType",
    "objectId",
    "fromObjectId",
    "toObjectId",
    "propertyName",
)


def signature(secret: bytes, method: str, uri: str, body: bytes, timestamp: str) -> str:
    """X-HubSpot-Signature-v3: base64 of the HMAC-SHA256 over method, URI, body and timestamp."""
    decoded = _ENCODED.sub(lambda found: _DECODED[found[0].upper()], uri)
    signed = method.encode() + decoded.encode() + body + timestamp.encode(errors="replace")
    return b64encode(hmac.digest(secret, signed, "sha256")).decode()


def verify(request: Request, secret: bytes, uri: str, now: int) -> None:
    """SignatureRefused unless the request is signed for `uri` and not older than five minutes.

    `now` in milliseconds since 1970.
    """
    timestamp = request.headers.get("x-hubspot-request-timestamp", "")
    given = request.headers.get("x-hubspot-signature-v3", "").encode(errors="replace")
    expected = signature(secret, request.method, uri, request.body, timestamp).encode()
    if not hmac.compare_digest(given, expected):
        raise SignatureRefused(
            "The webhook's signature is missing or wrong; compare client_secret and webhook_url with the app's."
        )
    if not re.fullmatch(r"[0-9]{1,16}", timestamp) or abs(now - int(timestamp)) > OLDEST:
        raise SignatureRefused(
            "The webhook's timestamp is more than five minutes away from the hub's clock.", header="timestamp"
        )


def read_events(body: bytes) -> list[Item]:
    """One item for each event; ReceptionRefused naming the event that is none."""
    try:
        events: Any = jiter.from_json(body, float_mode="decimal", allow_inf_nan=False)
    except ValueError:
        events = None
    if not isinstance(events, list) or not events:
        raise ReceptionRefused("The webhook is not a list of events.", field="body")
    return [_item(event, number) for number, event in enumerate(events)]


def _item(event: Any, number: int) -> Item:
    if not isinstance(event, dict):
        raise ReceptionRefused(f"Event {number} is not an object.", field=str(number))
    for name in ("eventId", "occurredAt"):
        if type(event.get(name)) is not int:
            raise ReceptionRefused(f"Event {number} has no usable {name}.", field=f"{number}.{name}")
    subscription = event.get("subscriptionType")
    found = _SUBSCRIPTION.fullmatch(subscription) if isinstance(subscription, str) else None
    if found is None:
        raise ReceptionRefused(
            f"Event {number} has no usable subscriptionType, such as contact.creation.",
            field=f"{number}.subscriptionType",
        )
    return Item(
        key=_key(event, number),
        type=f"hubspot.{_object(found[1], event)}_event",
        body=_body(event, number),
        name=found[0],
        content_type="application/json",
    )


def _body(event: Mapping[str, Any], number: int) -> bytes:
    try:
        return JsonFormat().encode(event, "hubspot.event")
    except RejectedMessage as error:
        raise ReceptionRefused(f"Event {number}: {error.message}", field=str(number)) from None


def _key(event: Mapping[str, Any], number: int) -> str:
    """What an event is known by when it is sent again."""
    values = [event.get(name, "") for name in _KEY_FIELDS]
    if any(isinstance(value, list | dict) or len(str(value)) > 200 for value in values):
        raise ReceptionRefused(f"Event {number} has a field that is too long to know it by.", field=str(number))
    return "event:" + ":".join("" if value is None else str(value) for value in values)


def _object(prefix: str, event: Mapping[str, Any]) -> str:
    if prefix != "object":
        return prefix.lower()
    type_id = event.get("objectTypeId")
    return OBJECT_TYPES.get(type_id, "object") if isinstance(type_id, str) else "object"
