"""What a command works with: the workspace's directory, its database, its configuration, who acts."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from hub.contract.clock import SystemClock
from hub.operations.access import active_workspace, find_root, has_active, open_store
from hub.operations.configuration.checking import load_workspace
from hub.store import Store
from hub.telemetry.logs import configure_logs
from hub.workspace import Workspace


@dataclass
class Session:
    """A workspace that is open. Its configuration is read when it is asked for."""

    root: Path
    store: Store
    clock: SystemClock

    @cached_property
    def written(self) -> Workspace:
        """The configuration as the directory's files say; ConfigurationRefused if it is wrong."""
        return load_workspace(self.root)

    @cached_property
    def active(self) -> Workspace:
        """The configuration that the hub runs."""
        return active_workspace(self.store)

    @cached_property
    def in_force(self) -> Workspace:
        """The configuration that the hub runs; before its first start, what the directory's files say."""
        return self.active if has_active(self.store) else self.written

    @property
    def now(self) -> int:
        """Microseconds since 1970 UTC."""
        return self.clock.now()


@contextmanager
def opened(workspace: Path | None) -> Iterator[Session]:
    """The workspace with its database, closed at the end; logs go to standard error."""
    configure_logs("warning", "text")
    root = find_root(workspace)
    store = open_store(root)
    try:
        yield Session(root, store, SystemClock())
    finally:
        store.close()


def actor() -> str:
    """Who acts, kept with what is changed: the user of the system."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
