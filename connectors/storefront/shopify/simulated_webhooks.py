"""Webhooks as Shopify sends them, for the simulator: signed, at least once, eight times again at most."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from connectors.storefront.shopify.orders import Json
from connectors.transports.webhook_sender import SentWebhook, WebhookSender

_PATIENCE = 5.0


@dataclass(slots=True)
class Webhook(SentWebhook):
    """One webhook: what it says stays the same over its attempts."""

    id: str
    topic: str
    order: str
    body: bytes
    triggered_at: str

    def summary(self) -> Json:
        """Everything but the body."""
        return {
            "id": self.id,
            "topic": self.topic,
            "order": self.order,
            "status": self.status,
            "attempts": len(self.answers),
            "answers": list(self.answers),
        }


class ShopWebhooks(WebhookSender[Webhook]):
    """Sends webhooks of one shop to one address; keeps all of them by id, in their order."""

    def __init__(self, url: str, shop: str, secret: str, api_version: str) -> None:
        super().__init__(url, secret, patience=_PATIENCE)
        self.sent: dict[str, Webhook] = {}
        self._shop, self._api_version = shop, api_version

    def make(self, topic: str, order: str, said: Json) -> Webhook:
        """A webhook about an order (its name), which says what is so now; held until it is sent."""
        body = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
        webhook = Webhook(str(uuid4()), topic, order, body, datetime.now(UTC).isoformat())
        self.sent[webhook.id] = webhook
        return webhook

    def held(self) -> list[Webhook]:
        """Those not sent yet, oldest first."""
        return [webhook for webhook in self.sent.values() if webhook.status == "held"]

    def request(self, webhook: Webhook) -> tuple[bytes, dict[str, str]]:
        """The body, and Shopify's headers."""
        signature = b64encode(hmac.digest(self.signing_secret().encode(), webhook.body, "sha256")).decode()
        return webhook.body, {
            "X-Shopify-Topic": webhook.topic,
            "X-Shopify-Hmac-Sha256": signature,
            "X-Shopify-Shop-Domain": self._shop,
            "X-Shopify-API-Version": self._api_version,
            "X-Shopify-Webhook-Id": webhook.id,
            "X-Shopify-Triggered-At": webhook.triggered_at,
        }


def summaries(webhooks: Sequence[Webhook]) -> list[Json]:
    """What `act` and `state` show of webhooks."""
    return [webhook.summary() for webhook in webhooks]
