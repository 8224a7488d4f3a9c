"""The door for webhooks: an ASGI application at `/in/<connection>`, and `/health/*`.

A storefront has five seconds' patience and drops a subscription after a few failures, so all
that happens before the answer is: verify the bytes, store them. Nothing that goes wrong in
here shows a caller more than one sentence.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

from hub.contract.clock import Clock
from hub.contract.connector import Connector, Reception, Request
from hub.contract.errors import BodyTooLarge, CrossdockError, ReceptionRefused
from hub.runtime.connections import Connectors
from hub.runtime.intake import Intake
from hub.store import Store
from hub.store.connections import count_refusals
from hub.store.schema import require_current
from hub.telemetry.logs import logger
from hub.workspace import Workspace

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_COUNT_SECONDS = 1.0
_RETRY_LATER = 10


@dataclass(frozen=True, slots=True)
class _Terms:
    """What one configuration says of webhooks: the largest body in bytes, and who receives, by connection."""

    limit: int
    receivers: Mapping[str, Connector[Any]]


class Ingress:
    """The ASGI application of the web process, under one configuration at a time."""

    def __init__(self, workspace: Workspace, store: Store, connectors: Connectors, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._intake = Intake(store, clock)
        self._terms = _terms(workspace, connectors)
        self._refusals: Counter[tuple[str, str]] = Counter()
        self._counting: asyncio.Task[None] | None = None
        self._log = logger("ingress")

    def follow(self, workspace: Workspace, connectors: Connectors) -> None:
        """Receive by another configuration; a request under way ends under the one in which it came."""
        self._terms = _terms(workspace, connectors)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        path: str = scope["path"]
        if path.startswith("/in/"):
            await _answer(send, *await self._receive_webhook(path[4:], scope, receive))
        elif path == "/health/live":
            await _answer(send, 200, b'{"live": true}', "application/json")
        elif path == "/health/ready":
            await _answer(send, *await self._ready())
        else:
            await _answer(send, 404, b"There is nothing here. Webhooks go to /in/<connection>.\n", "text/plain")

    async def close(self) -> None:
        """Wait for what is being stored."""
        await self._intake.close()
        if self._refusals:
            await asyncio.to_thread(self._count)

    async def _receive_webhook(self, name: str, scope: Scope, receive: Receive) -> tuple[int, bytes, str]:
        name = unquote(name.rstrip("/"))
        terms = self._terms
        connector = terms.receivers.get(name)
        if connector is None:
            return 404, f"No connection {name!r} receives webhooks here.\n".encode(), "text/plain"
        try:
            body = await _body(scope, receive, terms.limit)
            reception = connector.receive(_request(scope, body))
        except ReceptionRefused as refusal:
            self._note_refusal(name, refusal)
            return refusal.status, f"{refusal.message}\n".encode(), "text/plain"
        except Exception as error:  # noqa: BLE001 - a caller must never see a traceback
            self._log.error("receiving failed", connection=name, exc_info=error)
            return 500, b"The message could not be taken; it was not stored. Send it again.\n", "text/plain"
        return await self._store_reception(name, reception)

    async def _store_reception(self, name: str, reception: Reception) -> tuple[int, bytes, str]:
        try:
            accepted = await self._intake.accept(name, reception.items)
        except Exception as error:  # noqa: BLE001 - disk full, database away: the sender keeps it and tries again
            self._log.error("storing failed", connection=name, error=repr(error))
            return 503, b"The message could not be stored. Send it again.\n", "text/plain"
        for one in accepted:
            self._log.debug("stored", connection=name, message=one.message, duplicate=one.duplicate)
        return reception.status, reception.body, reception.content_type

    async def _ready(self) -> tuple[int, bytes, str]:
        try:
            await asyncio.to_thread(require_current, self._store)
        except Exception as error:  # noqa: BLE001 - whatever it is, the hub is not ready
            reason = error.message if isinstance(error, CrossdockError) else "the database does not answer"
            return 503, json.dumps({"ready": False, "reason": reason}).encode(), "application/json"
        return 200, b'{"ready": true}', "application/json"

    def _note_refusal(self, name: str, refusal: ReceptionRefused) -> None:
        self._log.warning("refused", connection=name, code=refusal.code, reason=refusal.message)
        self._refusals[(name, refusal.code)] += 1
        if self._counting is None or self._counting.done():
            self._counting = asyncio.create_task(self._count_soon())

    async def _count_soon(self) -> None:
        await asyncio.sleep(_COUNT_SECONDS)
        await asyncio.to_thread(self._count)

    def _count(self) -> None:
        counted, self._refusals = self._refusals, Counter()
        with self._store.write() as connection:
            count_refusals(connection, counted, at=self._clock.now())


def _terms(workspace: Workspace, connectors: Connectors) -> _Terms:
    receivers = {
        name: connectors.make(name)
        for name, one in workspace.connections.items()
        if "receive" in one.connector.manifest.direction
    }
    return _Terms(int(workspace.settings.limits.body), receivers)


def _request(scope: Scope, body: bytes) -> Request:
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=dict(parse_qsl(scope["query_string"].decode("latin-1"))),
        headers={key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]},
        body=body,
    )


async def _body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The whole body; BodyTooLarge as soon as it is known to be over the limit."""
    declared = next((value for key, value in scope["headers"] if key == b"content-length"), b"0")
    if declared.isdigit() and int(declared) > limit:
        raise BodyTooLarge(f"The body is larger than {limit} bytes.", limit=limit)
    parts: list[bytes] = []
    size = 0
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise ReceptionRefused("The connection was cut before the body was whole.")
        part = event.get("body", b"")
        size += len(part)
        if size > limit:
            raise BodyTooLarge(f"The body is larger than {limit} bytes.", limit=limit)
        parts.append(part)
        if not event.get("more_body"):
            return parts[0] if len(parts) == 1 else b"".join(parts)


async def _answer(send: Send, status: int, body: bytes, content_type: str) -> None:
    headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode())]
    if status == 503:
        headers.append((b"retry-after", str(_RETRY_LATER).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
