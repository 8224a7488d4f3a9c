"""What an operation of the API works with: the database, the clock, the configuration that the hub runs."""

from __future__ import annotations

import os
import socket
import threading

from hub.contract.clock import SystemClock
from hub.contract.ids import new_id
from hub.operations.access import active_workspace
from hub.operations.ids import short
from hub.store import Store
from hub.workspace import Workspace
from hub.workspace.versions import active_version


class Desk:
    """One for each web process; its threads share it."""

    def __init__(self, store: Store, workspace: Workspace) -> None:
        self.store = store
        self.clock = SystemClock()
        self._workspace = workspace
        self._loading = threading.Lock()

    @property
    def workspace(self) -> Workspace:
        """The configuration that the hub runs, loaded anew once another one is."""
        with self._loading:
            with self.store.read() as connection:
                version = active_version(connection)
            if version != self._workspace.version:
                self._workspace = active_workspace(self.store)
            return self._workspace

    @property
    def now(self) -> int:
        """Microseconds since 1970 UTC."""
        return self.clock.now()

    def owner(self) -> str:
        """A name for one run of a replay, so that no two requests take each other for the same."""
        return f"{socket.gethostname()}:{os.getpid()}:replay:{short(new_id())}"
