"""Webhooks as HubSpot sends them, for the simulator.

Events travel in lists, signed (v3) for the URL they are sent to, and are sent again after anything
but a 2xx with `attemptNumber` one higher: up to ten times within a day, here within half a minute.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from connectors.crm.hubspot.events import OLDEST, signature

RETRY_SECONDS = (0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 6.4, 6.4)
_TIMEOUT = aiohttp.ClientTimeout(total=5, connect=1)


@dataclass(slots=True)
class Batch:
    """Events that travel together."""

    events: list[dict[str, Any]]
    status: str = "sending"
    """sending, delivered, or given up"""
    answers: list[int | str] = field(default_factory=list)
    """What each attempt got: an HTTP status, or "no answer"."""

    def summary(self) -> dict[str, Any]:
        """What happened to it."""
        return {
            "events": [event["subscriptionType"] for event in self.events],
            "status": self.status,
            "answers": list(self.answers),
        }


class WebhookSender:
    """Sends the webhooks of one app to one URL; keeps all of them in their order."""

    def __init__(self, url: str, secret: str) -> None:
        self.url = url
        self.sent: list[Batch] = []
        self.wrong_signatures = 0
        self.stale_timestamps = 0
        self._secret = secret
        self._tasks: set[asyncio.Task[None]] = set()
        self._first_attempts: set[asyncio.Task[None]] = set()
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
            self._session = None

    def announce(self, events: list[dict[str, Any]]) -> None:
        """Send events without waiting for the answer."""
        batch = Batch(events)
        self.sent.append(batch)
        task = self._background(self.send(batch))
        self._first_attempts.add(task)
        task.add_done_callback(self._first_attempts.discard)

    async def send(self, batch: Batch) -> None:
        """Send at once; what fails is sent again in the background."""
        if await self._attempt(batch):
            batch.status = "delivered"
        else:
            self._background(self._send_again(batch))

    async def settled(self) -> None:
        """Wait for the first answers of all that was announced."""
        await asyncio.gather(*list(self._first_attempts), return_exceptions=True)

    async def _send_again(self, batch: Batch) -> None:
        for seconds in RETRY_SECONDS:
            await asyncio.sleep(seconds)
            for event in batch.events:
                event["attemptNumber"] += 1
            if await self._attempt(batch):
                batch.status = "delivered"
                return
        batch.status = "given up"

    async def _attempt(self, batch: Batch) -> bool:
        if self._session is None:
            raise RuntimeError("the simulator is not started")
        body = json.dumps(batch.events, separators=(",", ":")).encode()
        try:
            async with self._session.post(self.url, data=body, headers=self._headers(body)) as answer:
                batch.answers.append(answer.status)
                return 200 <= answer.status < 300
        except (aiohttp.ClientError, TimeoutError):
            batch.answers.append("no answer")
            return False

    def _headers(self, body: bytes) -> dict[str, str]:
        secret, now = self._secret, time.time_ns() // 1_000_000
        if self.wrong_signatures:
            self.wrong_signatures -= 1
            secret += "-wrong"
        if self.stale_timestamps:
            self.stale_timestamps -= 1
            now -= OLDEST + 1000
        return {
            "Content-Type": "application/json",
            "X-HubSpot-Request-Timestamp": str(now),
            "X-HubSpot-Signature-v3": signature(secret.encode(), "POST", self.url, body, str(now)),
        }

    def _background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
