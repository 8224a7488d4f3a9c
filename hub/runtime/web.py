"""The web process: the door for webhooks on uvicorn."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
import uvloop

from hub.contract.clock import SystemClock
from hub.runtime.connections import Connectors
from hub.runtime.ingress import Ingress
from hub.store import Store
from hub.store.schema import require_current
from hub.telemetry.logs import configure_logs
from hub.workspace.versions import load_active

BACKLOG = 2048
"""Connections the system holds while all before them are being taken."""


class _Server(uvicorn.Server):
    """Uvicorn raises a caught signal again at its end; this one lets the process finish its work."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self.handle_exit, name, None)
        yield


def run_web(database_url: str, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is being stored."""
    store = Store(database_url)
    require_current(store)
    with store.read() as connection:
        workspace = load_active(connection)
    settings = workspace.settings
    configure_logs(settings.log.level.value, settings.log.format.value)
    clock = SystemClock()
    ingress = Ingress(workspace, store, Connectors(workspace, store, clock), clock)
    uvloop.run(_serve(ingress, host, port))
    store.close()


async def _serve(ingress: Ingress, host: str, port: int) -> None:
    config = uvicorn.Config(
        ingress,
        host=host,
        port=port,
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        backlog=BACKLOG,
    )
    await _Server(config).serve()
    await ingress.close()
