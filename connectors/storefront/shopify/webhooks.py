"""Webhooks as Shopify sends them: whose they are, and what is kept of them.

Sources: shopify.dev/docs/apps/build/webhooks/subscribe/https (signature, headers, retries) and
shopify.dev/docs/api/webhooks (topics and their bodies).
"""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence

from hub.contract.connector import Item, Request
from hub.contract.errors import ReceptionRefused, SignatureRefused

ORDER = "shopify.order"
_ORDER_EVENTS = ("create", "updated", "paid", "cancelled", "fulfilled", "partially_fulfilled")
TYPES: Mapping[str, str] = {
    **{f"orders/{event}": ORDER for event in _ORDER_EVENTS},
    "returns/request": "shopify.return_request",
    "returns/approve": "shopify.return_approved",
    "returns/decline": "shopify.return_declined",
    "returns/cancel": "shopify.return_cancelled",
    "refunds/create": "shopify.refunded",
}
"""Payload types by topic; the body of the orders' topics is the bare order."""

_KEPT_HEADERS = (
    "x-shopify-topic",
    "x-shopify-webhook-id",
    "x-shopify-triggered-at",
    "x-shopify-shop-domain",
    "x-shopify-api-version",
)
_TOPIC = re.compile(r"[a-z0-9_]{1,60}/[a-z0-9_]{1,60}")
_LONGEST_ID = 200


def verify(request: Request, shop: str, secrets: Sequence[bytes]) -> None:
    """Refuse what is not signed over its raw body with one of the secrets, or is of another shop."""
    given = request.headers.get("x-shopify-hmac-sha256", "").encode(errors="replace")
    expected = [b64encode(hmac.digest(secret, request.body, "sha256")) for secret in secrets]
    if not any([hmac.compare_digest(given, signature) for signature in expected]):  # noqa: C419 - constant time
        raise SignatureRefused("The webhook's signature is missing or wrong; compare webhook_secret with the app's.")
    domain = request.headers.get("x-shopify-shop-domain", "")
    if domain.lower() != shop:
        raise ReceptionRefused(
            f"The webhook is from shop {domain[:100]!r}, and this connection is {shop}'s.",
            header="x-shopify-shop-domain",
        )


def read_webhook(request: Request) -> Item:
    """The body as it is, under the payload type of its topic.

    A topic without a type of its own is taken too, as `shopify.<topic>`: Shopify drops a
    subscription that is refused, and what no pipeline takes is seen in the hub.
    """
    headers = request.headers
    topic, webhook = headers.get("x-shopify-topic", ""), headers.get("x-shopify-webhook-id", "")
    if not webhook or len(webhook) > _LONGEST_ID:
        raise ReceptionRefused("The webhook has no usable X-Shopify-Webhook-Id.", header="x-shopify-webhook-id")
    return Item(
        key=f"webhook:{webhook}",
        type=TYPES.get(topic) or _other_type(topic),
        body=request.body,
        name=topic,
        content_type="application/json",
        headers={name: headers[name] for name in _KEPT_HEADERS if name in headers},
    )


def _other_type(topic: str) -> str:
    if not _TOPIC.fullmatch(topic):
        raise ReceptionRefused("The webhook has no usable X-Shopify-Topic.", header="x-shopify-topic")
    return f"shopify.{topic.replace('/', '.')}"
