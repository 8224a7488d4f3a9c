"""`crossdock run`."""

from __future__ import annotations

import sys

from pydantic_core import to_json

from hub.cli.options import Format, FormatOption, WorkspaceOption
from hub.operations.access import find_root
from hub.operations.configuration import startable_workspace
from hub.runtime.supervisor import supervise
from hub.telemetry.logs import configure_logs
from hub.workspace import Workspace


def run(workspace: WorkspaceOption = None, form: FormatOption = Format.TEXT) -> None:
    """Run the hub until it is told to stop: take webhooks, pull, map, deliver.

    The configuration is checked whole first, and refused with file and line if anything is wrong.
    """
    root = find_root(workspace)
    ready = startable_workspace(root)
    settings = ready.settings
    configure_logs(settings.log.level.value, settings.log.format.value)
    url = settings.database_url(root).render_as_string(hide_password=False)
    supervise(ready, url, on_ready=lambda: _announce(ready, form))


def _announce(workspace: Workspace, form: Format) -> None:
    listen = workspace.settings.listen
    address = f"http://{f'[{listen.host}]' if ':' in listen.host else listen.host}:{listen.port}"
    if form is Format.JSON:
        sys.stdout.write(to_json({"listens": address, "config_version": workspace.version}).decode() + "\n")
    else:
        sys.stdout.write(f"Webhooks are taken at {address}/in/<connection>. Ctrl-C stops the hub.\n")
    sys.stdout.flush()
