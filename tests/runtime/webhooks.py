"""What the test shop sends: orders with revisions, signed as Shopify signs them, and a client that sends them."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from tests.runtime.workspaces import DOMAIN, SECRET

_FIRST = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Webhook:
    """One webhook: its id, its body, and which revision of which order that is."""

    id: str
    body: bytes
    order: int
    revision: int

    def request(self, *, signature: str | None = None, chunked: bool = False) -> bytes:
        """The whole HTTP request."""
        length = "transfer-encoding: chunked" if chunked else f"content-length: {len(self.body)}"
        head = (
            "POST /in/shop HTTP/1.1\r\nhost: hub\r\ncontent-type: application/json\r\n"
            f"x-shopify-topic: orders/updated\r\nx-shopify-shop-domain: {DOMAIN}\r\n"
            f"x-shopify-webhook-id: {self.id}\r\n"
            f"x-shopify-hmac-sha256: {signature or sign(self.body)}\r\n{length}\r\n\r\n"
        ).encode()
        return head + (_chunked(self.body) if chunked else self.body)


def sign(body: bytes) -> str:
    """The signature that Shopify's header carries."""
    return base64.b64encode(hmac.digest(SECRET.encode(), body, "sha256")).decode()


def _chunked(body: bytes) -> bytes:
    pieces = [body[start : start + 8192] for start in range(0, len(body), 8192)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def moment(revision: int) -> str:
    """The `updated_at` of a revision, in zones that take turns, so that texts would sort wrongly."""
    zone = timezone(timedelta(hours=revision % 3 - 1))
    return (_FIRST + timedelta(minutes=revision)).astimezone(zone).isoformat()


def order(number: int, revision: int = 1, **changes: Any) -> dict[str, Any]:
    """An order as the shop says it; each revision has a total of its own."""
    said = {
        "id": 6_402_100_000_000 + number,
        "name": f"#{number}",
        "updated_at": moment(revision),
        "email": "ada@mail.example",
        "total": f"{revision}.00",
        "lines": [{"id": number * 10, "sku": "MUG", "quantity": revision}],
    }
    return {**said, **changes}


def webhook(number: int, revision: int = 1, *, id: str = "", **changes: Any) -> Webhook:
    """The webhook that brings a revision of an order."""
    body = json.dumps(order(number, revision, **changes)).encode()
    return Webhook(id or f"wh-{number}-{revision}", body, number, revision)


async def post(port: int, request: bytes) -> tuple[int, bytes]:
    """Send one request and read its answer: status and whole text, head included."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        return await read_answer(reader)
    finally:
        writer.close()


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """An answer's status and its whole text, head included."""
    async with asyncio.timeout(20):
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        size = next((int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:")), 0)
        body = await reader.readexactly(size)
    return int(head.split(b" ")[1]), head + body


async def send_all(port: int, webhooks: Iterable[Webhook], *, connections: int = 16) -> None:
    """Send webhooks over some keep-alive connections; each must be acknowledged."""
    pending = iter(webhooks)
    await asyncio.gather(*(_send_some(port, pending) for _ in range(connections)))


async def _send_some(port: int, pending: Iterable[Webhook]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for one in pending:
        writer.write(one.request())
        status, answer = await read_answer(reader)
        assert status == 200, answer
    writer.close()
