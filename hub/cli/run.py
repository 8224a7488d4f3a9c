"""`crossdock run`."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import Annotated

import typer
from pydantic_core import to_json

from hub.cli.options import Format, FormatOption, WorkspaceOption
from hub.cli.session import actor
from hub.cli.watching import watching
from hub.contract.errors import ConfigError
from hub.operations.access import find_root
from hub.operations.configuration.checking import startable_workspace
from hub.runtime.supervisor import supervise
from hub.runtime.web import Application
from hub.store import Store
from hub.telemetry.logs import configure_logs
from hub.workspace import Workspace


def run(
    workers: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=256,
            help="Worker processes, instead of those of config/hub.yaml. 0 runs the web process alone: with a "
            "PostgreSQL database, `crossdock worker` then does the work, here or on other hosts.",
        ),
    ] = None,
    *,
    watch: Annotated[
        bool, typer.Option("--watch", help="Apply what is saved in the directory, and say what came of it.")
    ] = False,
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Run the hub until it is told to stop: take webhooks, pull, map, deliver.

    The configuration is checked whole first, and refused with file and line if anything is wrong. Then the
    database is brought up to date and given the configuration. With `broker` in config/hub.yaml, a Redis
    wakes the workers of all hosts; the hub loses nothing, and goes on, without it. With --watch, what is
    saved in the directory is checked, and put in force without a restart or refused.
    """
    root = find_root(workspace)
    ready = startable_workspace(root)
    settings = ready.settings
    configure_logs(settings.log.level.value, settings.log.format.value)
    database = settings.database_url(root)
    if workers == 0 and database.get_backend_name() == "sqlite":
        raise ConfigError("On SQLite the hub's own workers are the only ones: leave out --workers 0.")
    url = database.render_as_string(hide_password=False)
    with ExitStack() as beside:

        def started() -> None:
            _announce(ready, form)
            if watch:
                beside.enter_context(watching(root, ready, url, actor=actor(), form=form))

        supervise(ready, url, actor=actor(), workers=workers, on_ready=started, extra=_make_admin)


def _make_admin(store: Store, workspace: Workspace) -> Application:
    """The admin API and the metrics, imported by the web process alone."""
    from hub.api.door import make_door  # noqa: PLC0415 - FastAPI is no matter of a worker's start

    return make_door(store, workspace)


def _announce(workspace: Workspace, form: Format) -> None:
    listen = workspace.settings.listen
    address = f"http://{f'[{listen.host}]' if ':' in listen.host else listen.host}:{listen.port}"
    if form is Format.JSON:
        sys.stdout.write(to_json({"listens": address, "config_version": workspace.version}).decode() + "\n")
    else:
        sys.stdout.write(f"Webhooks are taken at {address}/in/<connection>. Ctrl-C stops the hub.\n")
    sys.stdout.flush()
