"""The web process: the door for webhooks on uvicorn."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
import uvloop

from hub.contract.clock import SystemClock
from hub.contract.errors import ConfigError
from hub.runtime.connections import Connectors
from hub.runtime.ingress import Ingress
from hub.store import Store
from hub.store.schema import require_current
from hub.telemetry.logs import configure_logs
from hub.workspace.versions import load_active

BACKLOG = 2048
"""Connections the system holds while all before them are being taken, or the web process is started anew."""

PORT_SECONDS = 5.0
"""How long the port may still be held, as by the web process of a hub that was just killed."""

_LOOK_SECONDS = 0.05


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


def run_web(database_url: str, listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is being stored."""
    store = Store(database_url)
    require_current(store)
    with store.read() as connection:
        workspace = load_active(connection)
    settings = workspace.settings
    configure_logs(settings.log.level.value, settings.log.format.value)
    clock = SystemClock()
    ingress = Ingress(workspace, store, Connectors(workspace, store, clock), clock)
    uvloop.run(_serve(ingress, listener))
    store.close()


async def _serve(ingress: Ingress, listener: socket.socket) -> None:
    config = uvicorn.Config(
        ingress,
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
    )
    await _Server(config).serve(sockets=[listener])
    await ingress.close()
