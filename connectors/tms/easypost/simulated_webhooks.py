"""Events as EasyPost sends them, for the simulator.

Signed, delivered at least once, and sent again as they were after anything but a 2xx; EasyPost
does so over days, here within half a minute.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import unicodedata
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import aiohttp

RETRY_SECONDS = (0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 6.4, 6.4)
_TIMEOUT = aiohttp.ClientTimeout(total=7, connect=1)


@dataclass(slots=True)
class Event:
    """One event: what it says stays the same over its attempts."""

    id: str
    description: str
    subject: str
    body: bytes
    status: str = "held"
    """held, sending, delivered, or given up"""
    answers: list[int | str] = field(default_factory=list)
    """What each attempt got: an HTTP status, or "no answer"."""

    def summary(self) -> dict[str, Any]:
        """Everything but the body."""
        return {
            "id": self.id,
            "description": self.description,
            "subject": self.subject,
            "status": self.status,
            "answers": list(self.answers),
        }


class EventSender:
    """Sends events to one address; keeps all of them by id, in their order."""

    def __init__(self, url: str, secret: str) -> None:
        self.sent: dict[str, Event] = {}
        self.wrong_signatures = 0
        self._url, self._secret = url, secret
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
            self._session = None

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

    async def send(self, event: Event, copies: int = 1) -> None:
        """Send at once, `copies` times at the same moment; what fails is sent again in the background."""
        event.status = "sending"
        answers = await asyncio.gather(*(self._attempt(event) for _ in range(copies)))
        if any(answers):
            event.status = "delivered"
        else:
            self._background(self._send_again(event))

    def send_later(self, event: Event) -> None:
        """Send without waiting for the first answer."""
        self._background(self.send(event))

    async def _send_again(self, event: Event) -> None:
        for seconds in RETRY_SECONDS:
            await asyncio.sleep(seconds)
            if await self._attempt(event):
                event.status = "delivered"
                return
        event.status = "given up"

    async def _attempt(self, event: Event) -> bool:
        if self._session is None:
            raise RuntimeError("the simulator is not started")
        headers = {"Content-Type": "application/json", "X-Hmac-Signature": self._signature(event.body)}
        try:
            async with self._session.post(self._url, data=event.body, headers=headers) as answer:
                event.answers.append(answer.status)
                return 200 <= answer.status < 300
        except (aiohttp.ClientError, TimeoutError):
            event.answers.append("no answer")
            return False

    def _signature(self, body: bytes) -> str:
        secret = self._secret
        if self.wrong_signatures:
            self.wrong_signatures -= 1
            secret += "-wrong"
        key = unicodedata.normalize("NFKD", secret).encode()
        return f"hmac-sha256-hex={hmac.digest(key, body, 'sha256').hex()}"

    def _background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
