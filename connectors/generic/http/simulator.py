"""An HTTP endpoint on loopback that takes whatever it is sent, and counts.

Made of an asyncio protocol and httptools, so that it takes little of the machine it is measured on,
and can end a connection at any point. `received` counts requests by idempotency key, `effects`
those that were acted on; with `idempotent` a second request with a key has no second effect.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter, deque
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, cast

import httptools
from pydantic import BaseModel, ConfigDict, Field

from hub.contract import simulator as contract

FAULTS = frozenset({"read_and_close", "apply_and_close", "error_500", "error_400", "rate_limit", "slow", "refuse"})
ACTIONS = frozenset({"listen"})
_KEPT_BODIES = 1000
_STATUS = {"error_500": 500, "error_400": 400, "rate_limit": 429}


class Settings(BaseModel):
    """Settings of the simulated endpoint."""

    model_config = ConfigDict(extra="forbid")

    idempotent: bool = Field(default=False, description="Act once only on requests with the same key.")
    idempotency_header: str = Field(default="Idempotency-Key", description="Header that carries the key.")
    slow_seconds: float = Field(default=2.0, ge=0, description="How long an answer takes under the fault `slow`.")


class Sink:
    """What the endpoint was sent, and the answers it gives."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.header = settings.idempotency_header.lower().encode()
        self.faults: deque[str] = deque()
        self.received: Counter[str] = Counter()
        self.effects: Counter[str] = Counter()
        self.bodies: deque[tuple[str, bytes]] = deque(maxlen=_KEPT_BODIES)
        self.connections: set[asyncio.Transport] = set()

    def take(self, key: str, body: bytes) -> tuple[bytes, str]:
        """The answer to a request, empty where the connection is to be closed; and its fault."""
        self.received[key] += 1
        fault = self.faults.popleft() if self.faults else ""
        if fault in _STATUS:
            return _refusal(_STATUS[fault]), fault
        if fault == "read_and_close":
            return b"", fault
        number = self._apply(key, body)
        return (b"" if fault == "apply_and_close" else _answer(200, {"id": number})), fault

    def _apply(self, key: str, body: bytes) -> int:
        if not (self.settings.idempotent and self.effects[key]):
            self.effects[key] += 1
            self.bodies.append((key, body))
        return self.effects.total()


class _Connection(asyncio.Protocol):
    """One connection, whose client waits for each answer before it asks again."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._parser = httptools.HttpRequestParser(self)
        self._body: list[bytes] = []
        self._key = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._sink.connections.add(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._sink.connections.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.write(_refusal(400))
            self._transport.close()

    def on_message_begin(self) -> None:
        self._body.clear()
        self._key = ""

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == self._sink.header:
            self._key = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        if self._parser.get_method() == b"OPTIONS":
            self._transport.write(_answer(200, {}))
            return
        answer, fault = self._sink.take(self._key, b"".join(self._body))
        if not answer:
            self._transport.close()
        elif fault == "slow":
            asyncio.get_running_loop().call_later(self._sink.settings.slow_seconds, self._transport.write, answer)
        else:
            self._transport.write(answer)


class Simulator(contract.Simulator):
    """Action: listen (again, after the fault `refuse`). Faults: see FAULTS.

    `refuse` closes the port and all connections at once, and lasts until `listen`; how many
    times it is asked for makes no difference, since nobody can count at a closed port.
    """

    def __init__(self, context: contract.SandboxContext, settings: Mapping[str, Any]) -> None:
        super().__init__(context, settings)
        self._sink = Sink(Settings.model_validate(dict(settings)))
        self._server: asyncio.Server | None = None
        self._port = 0

    async def start(self) -> Mapping[str, str]:
        """Listen; returns url."""
        await self._listen()
        return {"url": f"http://127.0.0.1:{self._port}/"}

    async def stop(self) -> None:
        self._shut()

    async def act(self, action: str, arguments: Mapping[str, Any]) -> None:
        if action not in ACTIONS:
            raise ValueError(f"There is no action {action!r}; there are {', '.join(sorted(ACTIONS))}.")
        if self._server is None:
            await self._listen()

    def state(self) -> dict[str, Any]:
        """Requests, and per idempotency key received and effects; the last thousand bodies acted on."""
        sink = self._sink
        return {
            "requests": sink.received.total(),
            "received": dict(sink.received),
            "effects": dict(sink.effects),
            "total_effects": sink.effects.total(),
            "bodies": [{"key": key, "body": body.decode(errors="replace")} for key, body in sink.bodies],
        }

    def misbehave(self, fault: str, times: int) -> None:
        if fault not in FAULTS:
            raise ValueError(f"There is no fault {fault!r}; there are {', '.join(sorted(FAULTS))}.")
        if fault == "refuse":
            self._shut()
        else:
            self._sink.faults.extend([fault] * times)

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self._sink), "127.0.0.1", self._port, reuse_address=True
        )
        self._port = self._server.sockets[0].getsockname()[1]

    def _shut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for transport in list(self._sink.connections):
            transport.abort()


def _refusal(status: int) -> bytes:
    more = "Retry-After: 1\r\n" if status == 429 else ""
    return _answer(status, {"error": HTTPStatus(status).phrase}, more)


def _answer(status: int, content: Mapping[str, Any], more: str = "") -> bytes:
    body = json.dumps(content).encode()
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
        f"Content-Type: application/json\r\n{more}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
