"""The web process: the door for webhooks on uvicorn."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import unquote

import uvicorn
import uvloop

from hub.contract.clock import SystemClock
from hub.contract.errors import ConfigError
from hub.runtime.connections import Connectors
from hub.runtime.dispatch.member import Member
from hub.runtime.dispatch.roll import Kind
from hub.runtime.dispatch.wakeups import Wakes, Wakeup, open_wakes
from hub.runtime.ingress import Ingress, Receive, Scope, Send
from hub.runtime.reload import Follower
from hub.store import Store
from hub.store.schema import require_current
from hub.telemetry.logs import configure_logs
from hub.telemetry.metrics import note_webhook
from hub.workspace import Workspace
from hub.workspace.versions import load_active

BACKLOG = 2048
"""Connections the system holds while all before them are being taken, or the web process is started anew."""

PORT_SECONDS = 5.0
"""How long the port may still be held, as by the web process of a hub that was just killed."""

_LOOK_SECONDS = 0.05

Application = Callable[..., Awaitable[None]]
"""An ASGI application."""

Extra = Callable[[Store, Workspace], Application]
"""Makes what is served beside webhooks, on connections to the database of its own. It must be picklable."""


class _Server(uvicorn.Server):
    """Uvicorn raises a caught signal again at its end; this one lets the process finish its work."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self.handle_exit, name, None)
        yield


def listen(host: str, port: int, *, within: float = PORT_SECONDS) -> socket.socket:
    """The socket that webhooks come to; ConfigError if another program has the port and keeps it."""
    give_up = time.monotonic() + within
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        try:
            return socket.create_server((host, port), family=family, backlog=BACKLOG)
        except OSError as error:
            if error.errno == errno.EADDRINUSE and time.monotonic() < give_up:
                time.sleep(_LOOK_SECONDS)
                continue
            reason = os.strerror(error.errno or 0)
            raise ConfigError(
                f"Nothing can listen at {host}:{port}: {reason}. Stop what does, or give `listen` in config/hub.yaml "
                "another address.",
                value=f"{host}:{port}",
            ) from error


def run_web(database_url: str, listener: socket.socket, extra: Extra | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is being stored."""
    store = Store(database_url)
    require_current(store)
    with store.read() as connection:
        workspace = load_active(connection)
    settings = workspace.settings
    configure_logs(settings.log.level.value, settings.log.format.value)
    clock = SystemClock()
    ingress = Ingress(workspace, store, Connectors(workspace, store, clock), clock)

    def take(changed: Workspace) -> None:
        ingress.follow(changed, Connectors(changed, store, clock))

    member = Member(store, Kind.WEB, workspace.version, clock)
    follower = Follower(store, workspace, member, clock, take)
    beside = Store(database_url)
    with closing(open_wakes(settings.broker, settings.environment)) as wakes:
        door = _Door(ingress, wakes, None if extra is None else extra(beside, workspace))
        uvloop.run(_run(member, follower, _serve(ingress, door, listener)))
    beside.close()
    store.close()


class _Door:
    """The application: webhooks and health to the ingress, all else to what is served beside it."""

    def __init__(self, ingress: Ingress, wakes: Wakes, beside: Application | None) -> None:
        self._ingress = ingress
        self._wakes = wakes
        self._beside = beside or ingress

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path: str = scope.get("path", "")
        if path.startswith("/in/"):
            await self._take(path[4:], scope, receive, send)
        elif path.startswith("/health/"):
            await self._ingress(scope, receive, send)
        else:
            await self._beside(scope, receive, send)

    async def _take(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a webhook be answered, count it, and wake a worker once it is acknowledged."""
        began = time.perf_counter()
        size = 0

        async def read() -> dict[str, Any]:
            nonlocal size
            event = await receive()
            size += len(event.get("body", b""))
            return event

        async def answer(event: dict[str, Any]) -> None:
            status = event.get("status")
            if status is not None:
                note_webhook(unquote(name.rstrip("/")), status, size=size, seconds=time.perf_counter() - began)
                if status < 300:
                    self._wakes.wake(Wakeup.DRAIN)
            await send(event)

        await self._ingress(scope, read, answer)


async def _run(member: Member, follower: Follower, serving: Coroutine[Any, Any, None]) -> None:
    """Serve, while this process is on the roll and follows the configuration."""
    async with member.at_work():
        following = asyncio.create_task(follower.run())
        try:
            await serving
        finally:
            following.cancel()


async def _serve(ingress: Ingress, application: _Door, listener: socket.socket) -> None:
    config = uvicorn.Config(
        application,
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
    )
    await _Server(config).serve(sockets=[listener])
    await ingress.close()
