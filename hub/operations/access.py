"""Opening a workspace and its database from a directory.

Looking at what happened must work while the configuration is broken, so the database is opened
by `config/hub.yaml` and the environment alone.
"""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

from hub.contract.errors import ConfigError
from hub.store import Store
from hub.store.schema import require_current
from hub.workspace import Workspace
from hub.workspace.files import read_hub_files
from hub.workspace.loader import load_settings
from hub.workspace.settings import HubSettings
from hub.workspace.versions import active_version, load_active


def find_root(given: Path | None = None) -> Path:
    """The workspace's directory: the one given, or the current one or the nearest above that holds `config/`.

    Raises ConfigError if there is none.
    """
    if given is not None:
        if not given.is_dir():
            raise ConfigError(f"There is no directory {given}.", file=str(given))
        return given.resolve()
    start = Path.cwd()
    for directory in (start, *start.parents):
        if (directory / "config").is_dir():
            return directory
    raise ConfigError(
        f"Neither {start} nor a directory above it is a workspace (it would hold config/); name one with --workspace.",
        file=str(start),
    )


def read_settings(root: Path) -> HubSettings:
    """The settings of `config/hub.yaml` in the chosen environment; ConfigurationRefused if they are wrong."""
    return load_settings(read_hub_files(root), environ=os.environ)


def open_store(root: Path) -> Store:
    """The workspace's database; ConfigError if it is not there, does not answer or is of another version."""
    url = read_settings(root).database_url(root)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise ConfigError(f"There is no database {url.database} yet; `crossdock run` makes it.", file=url.database)
    return connect(url)


def connect(url: URL) -> Store:
    """The database at a URL; ConfigError if it does not answer or is of another version."""
    store = Store(url.render_as_string(hide_password=False))
    try:
        require_current(store)
    except SQLAlchemyError as error:
        store.close()
        shown = url.render_as_string(hide_password=True)
        raise ConfigError(f"The database {shown} does not answer.", detail=str(error)) from error
    except ConfigError:
        store.close()
        raise
    return store


def has_active(store: Store) -> bool:
    """Whether a hub was ever started on this database."""
    with store.read() as connection:
        return active_version(connection) is not None


def active_workspace(store: Store) -> Workspace:
    """The configuration that the hub runs; ConfigError if none was ever started."""
    with store.read() as connection:
        return load_active(connection)
