"""A system that sends webhooks to the hub, signed as its settings say.

Settings: `scheme` (hmac, the default; standard-webhooks, basic, bearer, query or none) and `topic`,
what `X-Topic` says unless `send` says otherwise.
"""

from __future__ import annotations

import hmac
import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from time import time
from typing import Any, Literal
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field

from connectors.transports.webhook_sender import SentWebhook, WebhookSender
from hub.contract import simulator as contract

FAULTS = frozenset({"wrong_signature", "late"})
ACTIONS = frozenset({"send", "resend"})
_PATIENCE = 5.0
_LATE_SECONDS = 3600
_USER = "acme"


class Settings(BaseModel):
    """Settings of the simulated sender."""

    model_config = ConfigDict(extra="forbid")

    scheme: Literal["hmac", "standard-webhooks", "basic", "bearer", "query", "none"] = "hmac"
    topic: str = "orders/create"


class Send(BaseModel):
    """`send`: a webhook with a body, a tree (sent as JSON) or a text as it stands."""

    model_config = ConfigDict(extra="forbid")

    body: Any
    topic: str | None = None
    id: str = Field(default_factory=lambda: f"msg_{uuid4().hex}")
    copies: int = Field(default=1, ge=1, le=100)


class Resend(BaseModel):
    """`resend`: a webhook again, under the id it had."""

    model_config = ConfigDict(extra="forbid")

    id: str
    copies: int = Field(default=1, ge=1, le=100)


@dataclass(slots=True)
class Webhook(SentWebhook):
    """One webhook: what it says stays the same over its attempts."""

    id: str
    topic: str
    body: bytes

    def summary(self) -> dict[str, Any]:
        """Everything but the body."""
        return {"id": self.id, "topic": self.topic, "status": self.status, "answers": list(self.answers)}


class Sender(WebhookSender[Webhook]):
    """Sends webhooks of one scheme to one address; keeps all of them by id, in their order."""

    def __init__(self, url: str, scheme: str, secret: str) -> None:
        super().__init__(f"{url}?token={secret}" if scheme == "query" else url, secret, patience=_PATIENCE)
        self.sent: dict[str, Webhook] = {}
        self.late = 0
        self._scheme, self._address = scheme, url

    def request(self, webhook: Webhook) -> tuple[bytes, dict[str, str]]:
        """The body, its id and topic, and what the scheme adds."""
        secret = self.signing_secret()
        if self._scheme == "query":
            self.url = f"{self._address}?token={secret}"
        headers = {"X-Webhook-Id": webhook.id, "X-Topic": webhook.topic}
        return webhook.body, headers | signed(self._scheme, secret, webhook.id, webhook.body, self._time())

    def _time(self) -> int:
        if not self.late:
            return int(time())
        self.late -= 1
        return int(time()) - _LATE_SECONDS


def signed(scheme: str, secret: str, webhook: str, body: bytes, at: int) -> dict[str, str]:
    """The headers by which a webhook proves where it comes from; `at` is in Unix seconds."""
    match scheme:
        case "hmac":
            content = f"{at}.".encode() + body
            return {"X-Time": str(at), "X-Signature": f"sha256={hmac.digest(secret.encode(), content, 'sha256').hex()}"}
        case "standard-webhooks":
            key = b64decode(secret.removeprefix("whsec_").removesuffix("-wrong"))
            key = key[::-1] if secret.endswith("-wrong") else key
            digest = b64encode(hmac.digest(key, f"{webhook}.{at}.".encode() + body, "sha256")).decode()
            return {"webhook-id": webhook, "webhook-timestamp": str(at), "webhook-signature": f"v1,{digest}"}
        case "basic":
            return {"Authorization": f"Basic {b64encode(f'{_USER}:{secret}'.encode()).decode()}"}
        case "bearer":
            return {"Authorization": f"Bearer {secret}"}
    return {}


class Simulator(contract.Simulator):
    """Actions: send, resend. Faults: wrong_signature, late (hmac and standard-webhooks)."""

    def __init__(self, context: contract.SandboxContext, settings: Mapping[str, Any]) -> None:
        super().__init__(context, settings)
        self._settings = Settings.model_validate(dict(settings))
        self._secret = f"whsec_{b64encode(secrets.token_bytes(24)).decode()}"
        if self._settings.scheme != "standard-webhooks":
            self._secret = secrets.token_hex(16)
        url = f"{context.hub_url.rstrip('/')}/in/{context.connection}"
        self._sender = Sender(url, self._settings.scheme, self._secret)
        self._actions: dict[str, Callable[[Mapping[str, Any]], Awaitable[Any]]] = {
            "send": self._send,
            "resend": self._resend,
        }

    async def start(self) -> Mapping[str, str]:
        """Get ready to send; returns secret, and user for basic authentication."""
        self._sender.start()
        return {"secret": self._secret, "user": _USER}

    async def stop(self) -> None:
        await self._sender.stop()

    async def act(self, action: str, arguments: Mapping[str, Any]) -> Any:
        if action not in ACTIONS:
            raise ValueError(f"There is no action {action!r}; there are {', '.join(sorted(ACTIONS))}.")
        return await self._actions[action](arguments)

    def state(self) -> Any:
        """The webhooks in their order, each with the answers it got."""
        return {"webhooks": [webhook.summary() for webhook in self._sender.sent.values()]}

    def misbehave(self, fault: str, times: int) -> None:
        if fault not in FAULTS:
            raise ValueError(f"There is no fault {fault!r}; there are {', '.join(sorted(FAULTS))}.")
        if fault == "late":
            self._sender.late += times
        else:
            self._sender.wrong_signatures += times

    async def _send(self, arguments: Mapping[str, Any]) -> Any:
        wanted = Send.model_validate(dict(arguments))
        body = wanted.body if isinstance(wanted.body, str) else json.dumps(wanted.body, separators=(",", ":"))
        webhook = Webhook(wanted.id, wanted.topic or self._settings.topic, body.encode())
        self._sender.sent[webhook.id] = webhook
        await self._sender.send(webhook, wanted.copies)
        return webhook.summary()

    async def _resend(self, arguments: Mapping[str, Any]) -> Any:
        wanted = Resend.model_validate(dict(arguments))
        if wanted.id not in self._sender.sent:
            raise ValueError(f"There is no webhook {wanted.id}.")
        webhook = self._sender.sent[wanted.id]
        await self._sender.send(webhook, wanted.copies)
        return webhook.summary()
