"""A target made of a plain socket: it counts what really arrives, by idempotency key, and misbehaves on request."""

from __future__ import annotations

import asyncio
import json
import socket
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Answer:
    """How a request that arrived whole is answered; status 0 closes the connection without a word."""

    status: int = 200
    headers: tuple[str, ...] = ()
    body: bytes = b"{}"

    def wire(self) -> bytes:
        """The bytes of the answer."""
        lines = [f"HTTP/1.1 {self.status} Whatever", f"content-length: {len(self.body)}", *self.headers]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


CLOSE = Answer(0)
"""Read the whole body and close."""

HOLD = Answer(-1)
"""Read the whole body and stay silent, until the sink is told to release its answers."""


@dataclass(frozen=True)
class Arrival:
    """One request that arrived whole."""

    path: str
    key: str
    said: Any


class Sink:
    """A server on a port of its own, which stays the same while it is closed and open again."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port: int = probe.getsockname()[1]
        self.arrivals: list[Arrival] = []
        self.on_arrival: Callable[[Arrival], None] = lambda _: None
        self._plans: dict[str, deque[Answer]] = {}
        self._always: dict[str, Answer] = {}
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Transport] = set()
        self._held: list[asyncio.Transport] = []

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Begin to listen."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Client(self), "127.0.0.1", self.port, reuse_address=True)

    async def close(self) -> None:
        """Stop listening; whoever connects is refused."""
        if self._server is not None:
            self._server.close()
            for client in list(self._clients):
                client.abort()
            await self._server.wait_closed()
            self._server = None

    def hold(self, client: asyncio.Transport) -> None:
        """Keep a client waiting for its answer."""
        self._held.append(client)

    def release(self) -> None:
        """Answer those that were kept waiting with 200."""
        for client in self._held:
            client.write(Answer().wire())
        self._held.clear()

    def url(self, path: str) -> str:
        """The address of one of its targets."""
        return f"http://127.0.0.1:{self.port}/{path}"

    def answers(self, path: str, *plan: Answer, always: Answer | None = None) -> None:
        """The next answers of a target, and the one ever after (200 unless said)."""
        self._plans[path] = deque(plan)
        self._always[path] = always or Answer()

    def has(self, count: int) -> bool:
        """Whether so many requests arrived."""
        return len(self.arrivals) >= count

    def keys(self, path: str) -> Counter[str]:
        """How often each idempotency key arrived at a target."""
        return Counter(one.key for one in self.arrivals if one.path == path)

    def said(self, path: str) -> list[Any]:
        """The bodies that arrived at a target, in their order."""
        return [one.said for one in self.arrivals if one.path == path]

    def joined(self, client: asyncio.Transport) -> None:
        """A client connected."""
        self._clients.add(client)

    def left(self, client: asyncio.Transport) -> None:
        """A client is gone."""
        self._clients.discard(client)

    def take(self, arrival: Arrival) -> Answer:
        """Count a request; how to answer it."""
        self.arrivals.append(arrival)
        plan = self._plans.get(arrival.path)
        answer = plan.popleft() if plan else self._always.get(arrival.path, Answer())
        self.on_arrival(arrival)
        return answer


class _Client(asyncio.Protocol):
    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._sink.joined(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        assert self._transport is not None
        self._sink.left(self._transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (found := _whole(self._buffer)) is not None:
            arrival, size = found
            self._buffer = self._buffer[size:]
            self._reply(self._sink.take(arrival))

    def _reply(self, answer: Answer) -> None:
        assert self._transport is not None
        if answer is CLOSE:
            self._transport.close()
        elif answer is HOLD:
            self._sink.hold(self._transport)
        else:
            self._transport.write(answer.wire())


def _whole(buffer: bytes) -> tuple[Arrival, int] | None:
    """The first request of a buffer and its size, None while it is not whole."""
    head, end, _ = buffer.partition(b"\r\n\r\n")
    if not end:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    size = len(head) + 4 + int(headers.get("content-length", 0))
    if len(buffer) < size:
        return None
    body = buffer[len(head) + 4 : size]
    path = first.split(" ")[1].removeprefix("/")
    return Arrival(path, headers.get("idempotency-key", ""), json.loads(body)), size
