"""Webhooks as Shopify sends them, for the simulator.

Signed, delivered at least once, and sent again as they were after anything but a 2xx: eight
times, as Shopify does within four hours, here within half a minute.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import aiohttp

from connectors.storefront.shopify.orders import Json

RETRY_SECONDS = (0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 6.4, 6.4)
_TIMEOUT = aiohttp.ClientTimeout(total=5, connect=1)


@dataclass(slots=True)
class Webhook:
    """One webhook: what it says stays the same over its attempts."""

    id: str
    topic: str
    order: str
    body: bytes
    triggered_at: str
    status: str = "held"
    """held, sending, delivered, or given up"""
    answers: list[int | str] = field(default_factory=list)
    """What each attempt got: an HTTP status, or "no answer"."""

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


class WebhookSender:
    """Sends webhooks of one shop to one address; keeps all of them by id, in their order."""

    def __init__(self, url: str, shop: str, secret: str, api_version: str) -> None:
        self.sent: dict[str, Webhook] = {}
        self.wrong_signatures = 0
        self._url, self._shop, self._secret, self._api_version = url, shop, secret, api_version
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    def start(self) -> None:
        """Make the client; belongs to the running loop."""
        self._session = aiohttp.ClientSession(timeout=_TIMEOUT)

    async def stop(self) -> None:
        """Give up what is still to be sent again."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def make(self, topic: str, order: Json) -> Webhook:
        """A webhook about the order as it is now, held until it is sent."""
        body = json.dumps(order, ensure_ascii=False, separators=(",", ":")).encode()
        webhook = Webhook(str(uuid4()), topic, order["name"], body, datetime.now(UTC).isoformat())
        self.sent[webhook.id] = webhook
        return webhook

    def held(self) -> list[Webhook]:
        """Those not sent yet, oldest first."""
        return [webhook for webhook in self.sent.values() if webhook.status == "held"]

    def send_later(self, webhook: Webhook) -> None:
        """Send without waiting for the first answer."""
        self._background(self.send(webhook))

    async def send(self, webhook: Webhook, copies: int = 1) -> None:
        """Send at once, `copies` times at the same moment; what fails is sent again in the background."""
        webhook.status = "sending"
        answers = await asyncio.gather(*(self._attempt(webhook) for _ in range(copies)))
        if any(answers):
            webhook.status = "delivered"
        else:
            self._background(self._send_again(webhook))

    async def _send_again(self, webhook: Webhook) -> None:
        for seconds in RETRY_SECONDS:
            await asyncio.sleep(seconds)
            if await self._attempt(webhook):
                webhook.status = "delivered"
                return
        webhook.status = "given up"

    async def _attempt(self, webhook: Webhook) -> bool:
        if self._session is None:
            raise RuntimeError("the simulator is not started")
        try:
            async with self._session.post(self._url, data=webhook.body, headers=self._headers(webhook)) as answer:
                webhook.answers.append(answer.status)
                return 200 <= answer.status < 300
        except (aiohttp.ClientError, TimeoutError):
            webhook.answers.append("no answer")
            return False

    def _headers(self, webhook: Webhook) -> dict[str, str]:
        secret = self._secret
        if self.wrong_signatures:
            self.wrong_signatures -= 1
            secret += "-wrong"
        signature = b64encode(hmac.digest(secret.encode(), webhook.body, "sha256")).decode()
        return {
            "Content-Type": "application/json",
            "X-Shopify-Topic": webhook.topic,
            "X-Shopify-Hmac-Sha256": signature,
            "X-Shopify-Shop-Domain": self._shop,
            "X-Shopify-API-Version": self._api_version,
            "X-Shopify-Webhook-Id": webhook.id,
            "X-Shopify-Triggered-At": webhook.triggered_at,
        }

    def _background(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def summaries(webhooks: Sequence[Webhook]) -> list[Json]:
    """What `act` and `state` show of webhooks."""
    return [webhook.summary() for webhook in webhooks]
