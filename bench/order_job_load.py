"""The load and the sink of `order_job`: bare asyncio protocols, so that what is measured is the hub."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import socket
import time
from collections import Counter
from dataclasses import dataclass, field

import uvloop

from connectors.storefront.shopify.orders import order_json

CONNECTIONS = 32
SECRET = "bench-secret"
GIVE_UP_SECONDS = 300.0

_OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Load:
    """`count` signed requests, made before the clock starts."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.bodies = [json.dumps(order_json(1_000_000 + number)).encode() for number in range(count)]
        self.requests = [self.signed(number, body) for number, body in enumerate(self.bodies)]

    @staticmethod
    def signed(number: int, body: bytes) -> bytes:
        """The whole HTTP request of one order."""
        signature = base64.b64encode(hmac.digest(SECRET.encode(), body, hashlib.sha256)).decode()
        return (
            "POST /in/shop HTTP/1.1\r\nhost: hub\r\ncontent-type: application/json\r\n"
            "x-shopify-topic: orders/create\r\nx-shopify-shop-domain: bench.myshopify.example\r\n"
            f"x-shopify-webhook-id: 00000000-0000-4000-8000-{number:012d}\r\n"
            "x-shopify-api-version: 2026-04\r\nx-shopify-triggered-at: 2026-03-02T10:00:00.000000000Z\r\n"
            f"x-shopify-hmac-sha256: {signature}\r\ncontent-length: {len(body)}\r\n\r\n"
        ).encode() + body

    def run(self, hub: tuple[str, int], sink: Sink) -> Times:
        """Send everything over `CONNECTIONS` connections; wait until the sink has one of each."""
        return uvloop.run(self._run(hub, sink))

    async def _run(self, hub: tuple[str, int], sink: Sink) -> Times:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _SinkProtocol(sink), sock=sink.socket)
        times = Times(started=time.perf_counter())
        pending = iter(self.requests)
        clients = [await _Client.connect(hub) for _ in range(CONNECTIONS)]
        await asyncio.gather(*(client.send_all(pending, times) for client in clients))
        times.acknowledged = time.perf_counter()
        async with asyncio.timeout(GIVE_UP_SECONDS):
            while len(sink.effects) < self.count:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        times.delivered = time.perf_counter()
        server.close()
        for client in clients:
            client.close()
        return times


@dataclass
class Times:
    """Moments of a run, and how long each acknowledgement took, in seconds."""

    started: float
    acknowledged: float = 0.0
    delivered: float = 0.0
    acks: list[float] = field(default_factory=list)


class Sink:
    """Counts what arrives by its idempotency key."""

    def __init__(self) -> None:
        self.effects: Counter[bytes] = Counter()
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/orders"


class _SinkProtocol(asyncio.Protocol):
    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (request := _whole(self._buffer)) is not None:
            head, size = request
            self._buffer = self._buffer[size:]
            self._sink.effects[_header(head, b"idempotency-key")] += 1
            self._transport.write(_OK)


class _Client(asyncio.Protocol):
    """One keep-alive connection that sends the next request when the last one was answered."""

    @classmethod
    async def connect(cls, address: tuple[str, int]) -> _Client:
        _, protocol = await asyncio.get_running_loop().create_connection(cls, *address)
        return protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._buffer = b""
        self._answer: asyncio.Future[bytes] | None = None

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        request = _whole(self._buffer)
        if request is not None and self._answer is not None:
            self._buffer = self._buffer[request[1] :]
            self._answer.set_result(request[0])

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("the hub closed the connection"))

    async def send_all(self, pending: object, times: Times) -> None:
        loop = asyncio.get_running_loop()
        for request in pending:  # type: ignore[attr-defined]
            self._answer = loop.create_future()
            begun = time.perf_counter()
            self._transport.write(request)
            head = await self._answer
            times.acks.append(time.perf_counter() - begun)
            if not head.startswith(b"HTTP/1.1 2"):
                raise RuntimeError(f"the hub refused an order: {head!r}")

    def close(self) -> None:
        self._transport.close()


def _whole(buffer: bytes) -> tuple[bytes, int] | None:
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = buffer[:end]
    size = end + 4 + int(_header(head, b"content-length") or 0)
    return (head, size) if len(buffer) >= size else None


def _header(head: bytes, name: bytes) -> bytes:
    lowered = head.lower()
    start = lowered.find(b"\r\n" + name + b":")
    if start < 0:
        return b""
    start += len(name) + 3
    stop = head.find(b"\r\n", start)
    return head[start : stop if stop > 0 else None].strip()
