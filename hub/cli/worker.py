"""`crossdock worker`: workers alone, for a hub of several processes, containers or hosts."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic_core import to_json

from hub.cli.options import Format, FormatOption, WorkspaceOption
from hub.contract.errors import ConfigError
from hub.operations.access import active_workspace, connect, find_root, read_settings
from hub.runtime.dispatch.roll import at_work
from hub.runtime.supervisor import supervise_workers
from hub.store import Store
from hub.telemetry.logs import configure_logs
from hub.workspace import Workspace

_NOT_AT_WORK = 1


def worker(
    processes: Annotated[int, typer.Option(min=1, max=256, help="Worker processes of this host.")] = 1,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Drains at once in each process.")] = 1,
    check: Annotated[
        bool, typer.Option("--check", help="Say how many workers of this host are at work, and end: 1 if none is.")
    ] = False,
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Run workers alone until told to stop: drain, deliver, pull, sweep.

    The hub itself is `crossdock run --workers 0`, here or on another host. Only the database's address
    (PostgreSQL) is read from config/hub.yaml; everything else comes from the configuration that the hub
    put into the database, with the environment of this host. SIGTERM lets what is under way end first.
    """
    root = find_root(workspace)
    store = _open(root)
    try:
        if check:
            raise typer.Exit(_tell(store, form))
        active = active_workspace(store)
    finally:
        store.close()
    configure_logs(active.settings.log.level.value, active.settings.log.format.value)
    announce = _Announcement(active, processes, form)
    supervise_workers(store.url, processes=processes, threads=threads, on_ready=announce.make)


def _open(root: Path) -> Store:
    url = read_settings(root).database_url(root)
    if url.get_backend_name() == "sqlite":
        raise ConfigError(
            "Workers alone need a PostgreSQL database, which several processes can share; give `database` in "
            "config/hub.yaml one. On SQLite, `crossdock run --workers N` runs them.",
            file=str(root / "config/hub.yaml"),
        )
    return connect(url)


def _tell(store: Store, form: Format) -> int:
    with store.read() as connection:
        count = at_work(connection, socket.gethostname())
    text = to_json({"workers": count}).decode() if form is Format.JSON else f"{count} at work on this host."
    sys.stdout.write(f"{text}\n")
    return 0 if count else _NOT_AT_WORK


class _Announcement:
    """What is told once the processes are started."""

    def __init__(self, active: Workspace, processes: int, form: Format) -> None:
        self._active = active
        self._processes = processes
        self._form = form

    def make(self) -> None:
        if self._form is Format.JSON:
            text = to_json({"processes": self._processes, "config_version": self._active.version}).decode()
        else:
            woken = "are woken by the broker" if self._active.settings.broker else "look at the database by themselves"
            text = f"Worker processes: {self._processes}. They {woken}. Ctrl-C stops them."
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
