"""An HTTP server made of a plain socket: it counts what really arrives, and cuts where it is told to."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Act = Callable[[asyncio.StreamWriter], Awaitable[None]]
"""What is done once a request has arrived whole; the connection stays open unless it closes it."""


def answer(status: int = 200, body: bytes = b"{}", **headers: str) -> Act:
    """A whole answer; header names are written with `_` for `-`."""
    lines = [f"HTTP/1.1 {status} Whatever", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return raw("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def raw(data: bytes) -> Act:
    """These very bytes."""

    async def act(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return act


def then_close(act: Act | None = None) -> Act:
    """Do something, if at all, and close the connection."""

    async def closing(writer: asyncio.StreamWriter) -> None:
        if act is not None:
            await act(writer)
        writer.close()

    return closing


async def silence(_: asyncio.StreamWriter) -> None:
    """Say nothing and keep the connection."""


async def dripping(writer: asyncio.StreamWriter) -> None:
    """An answer that never ends, a byte at a time."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.01)


@dataclass
class RawServer:
    """`requests` are the bytes of each request that arrived whole; `plan` is what is done, the last again and again."""

    url: str = ""
    plan: list[Act] = field(default_factory=lambda: [answer()])
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while (request := await _read_request(reader)) is not None:
                self.requests.append(request)
                await (self.plan.pop(0) if len(self.plan) > 1 else self.plan[0])(writer)
                if writer.is_closing():
                    return
        except ConnectionError:
            return
        finally:
            writer.close()


async def _read_request(reader: asyncio.StreamReader) -> bytes | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return head + await reader.readexactly(int(line.partition(b":")[2]))
    return head


@asynccontextmanager
async def running(context: ssl.SSLContext | None = None) -> AsyncIterator[RawServer]:
    """A server on loopback, with TLS if there is a context."""
    raw_server = RawServer()
    server = await asyncio.start_server(raw_server.serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    raw_server.url = f"{'https' if context else 'http'}://127.0.0.1:{port}"
    try:
        yield raw_server
    finally:
        server.close()
