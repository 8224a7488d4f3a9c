"""Events as EasyPost sends them, for the simulator: signed, at least once, again over days."""

from __future__ import annotations

import hmac
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from connectors.transports.webhook_sender import SentWebhook, WebhookSender

_PATIENCE = 7.0


@dataclass(slots=True)
class Event(SentWebhook):
    """One event: what it says stays the same over its attempts."""

    id: str
    description: str
    subject: str
    body: bytes

    def summary(self) -> dict[str, Any]:
        """Everything but the body."""
        return {
            "id": self.id,
            "description": self.description,
            "subject": self.subject,
            "status": self.status,
            "answers": list(self.answers),
        }


class EventSender(WebhookSender[Event]):
    """Sends events to one address; keeps all of them by id, in their order."""

    def __init__(self, url: str, secret: str) -> None:
        super().__init__(url, secret, patience=_PATIENCE)
        self.sent: dict[str, Event] = {}

    def make(self, description: str, subject: str, result: Mapping[str, Any]) -> Event:
        """An event about an object as it is now, held until it is sent."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        event_id = f"evt_{uuid4().hex}"
        tree = {
            "description": description,
            "mode": "test",
            "previous_attributes": {},
            "created_at": now,
            "updated_at": now,
            "pending_urls": [],
            "completed_urls": [],
            "id": event_id,
            "status": "pending",
            "object": "Event",
            "result": result,
        }
        event = Event(event_id, description, subject, json.dumps(tree, separators=(",", ":")).encode())
        self.sent[event.id] = event
        return event

    def request(self, webhook: Event) -> tuple[bytes, dict[str, str]]:
        """The body, and its signature by the normalised secret."""
        key = unicodedata.normalize("NFKD", self.signing_secret()).encode()
        return webhook.body, {"X-Hmac-Signature": f"hmac-sha256-hex={hmac.digest(key, webhook.body, 'sha256').hex()}"}
