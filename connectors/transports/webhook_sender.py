"""How simulators send webhooks: at least once, and again as they were after anything but a 2xx.

What a webhook carries and how it is signed is each counterpart's own (`request`); sending, and
sending again, is the same for all. Real systems try again over hours or days; here it is half a
minute.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import aiohttp

RETRY_SECONDS = (0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 6.4, 6.4)


@dataclass(slots=True, kw_only=True)
class SentWebhook:
    """What became of one webhook: held, sending, delivered or given up; and what each attempt got.

    An answer is an HTTP status, or "no answer".
    """

    status: str = "held"
    answers: list[int | str] = field(default_factory=list)


W = TypeVar("W", bound=SentWebhook)


class WebhookSender(Generic[W]):
    """Sends webhooks to one address. `patience` is how long an answer may take, in seconds."""

    def __init__(self, url: str, secret: str, *, patience: float) -> None:
        self.url = url
        self.wrong_signatures = 0
        self._secret = secret
        self._timeout = aiohttp.ClientTimeout(total=patience, connect=1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    def request(self, webhook: W) -> tuple[bytes, dict[str, str]]:
        """The body and the headers of an attempt, signed with `signing_secret`."""
        raise NotImplementedError

    def renew(self, webhook: W) -> None:
        """What an attempt after the first changes in a webhook: nothing, unless a system says so."""

    def signing_secret(self) -> str:
        """The secret, or a wrong one while wrong signatures are asked for."""
        if not self.wrong_signatures:
            return self._secret
        self.wrong_signatures -= 1
        return f"{self._secret}-wrong"

    def start(self) -> None:
        """Make the client; belongs to the running loop."""
        self._session = aiohttp.ClientSession(timeout=self._timeout)

    async def stop(self) -> None:
        """Give up what is still to be sent again."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(self, webhook: W, copies: int = 1) -> None:
        """Send at once, `copies` times at the same moment; what fails is sent again in the background."""
        webhook.status = "sending"
        answers = await asyncio.gather(*(self._attempt(webhook) for _ in range(copies)))
        if any(answers):
            webhook.status = "delivered"
        else:
            self._background(self._send_again(webhook))

    def send_later(self, webhook: W) -> asyncio.Task[None]:
        """Send without waiting for the first answer; the task ends with that."""
        return self._background(self.send(webhook))

    async def _send_again(self, webhook: W) -> None:
        for seconds in RETRY_SECONDS:
            await asyncio.sleep(seconds)
            self.renew(webhook)
            if await self._attempt(webhook):
                webhook.status = "delivered"
                return
        webhook.status = "given up"

    async def _attempt(self, webhook: W) -> bool:
        if self._session is None:
            raise RuntimeError("the simulator is not started")
        body, headers = self.request(webhook)
        headers = {"Content-Type": "application/json", **headers}
        try:
            async with self._session.post(self.url, data=body, headers=headers) as answer:
                webhook.answers.append(answer.status)
                return 200 <= answer.status < 300
        except (aiohttp.ClientError, TimeoutError):
            webhook.answers.append("no answer")
            return False

    def _background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
