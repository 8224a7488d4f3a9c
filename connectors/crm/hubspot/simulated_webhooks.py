"""Webhooks as HubSpot sends them, for the simulator.

Events travel in lists, signed (v3) for the URL they are sent to, and are sent again after anything
but a 2xx with `attemptNumber` one higher, up to ten times within a day.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any

from connectors.crm.hubspot.events import OLDEST, signature
from connectors.transports.webhook_sender import SentWebhook, WebhookSender

_PATIENCE = 5.0


@dataclass(slots=True)
class Batch(SentWebhook):
    """Events that travel together."""

    events: list[dict[str, Any]]

    def summary(self) -> dict[str, Any]:
        """What happened to it."""
        return {
            "events": [event["subscriptionType"] for event in self.events],
            "status": self.status,
            "answers": list(self.answers),
        }


class AppWebhooks(WebhookSender[Batch]):
    """Sends the webhooks of one app to one URL; keeps all of them in their order."""

    def __init__(self, url: str, secret: str) -> None:
        super().__init__(url, secret, patience=_PATIENCE)
        self.sent: list[Batch] = []
        self.stale_timestamps = 0
        self._first_attempts: set[asyncio.Task[None]] = set()

    def announce(self, events: list[dict[str, Any]]) -> None:
        """Send events without waiting for the answer."""
        batch = Batch(events)
        self.sent.append(batch)
        task = self.send_later(batch)
        self._first_attempts.add(task)
        task.add_done_callback(self._first_attempts.discard)

    async def settled(self) -> None:
        """Wait for the first answers of all that was announced."""
        await asyncio.gather(*list(self._first_attempts), return_exceptions=True)

    def renew(self, webhook: Batch) -> None:
        """Each attempt says which one it is."""
        for event in webhook.events:
            event["attemptNumber"] += 1

    def request(self, webhook: Batch) -> tuple[bytes, dict[str, str]]:
        """The events, and their signature for now and this URL."""
        body = json.dumps(webhook.events, separators=(",", ":")).encode()
        now = str(self._now())
        return body, {
            "X-HubSpot-Request-Timestamp": now,
            "X-HubSpot-Signature-v3": signature(self.signing_secret().encode(), "POST", self.url, body, now),
        }

    def _now(self) -> int:
        """Milliseconds, too long ago while stale timestamps are asked for."""
        now = time.time_ns() // 1_000_000
        if not self.stale_timestamps:
            return now
        self.stale_timestamps -= 1
        return now - OLDEST - 1000
