"""Live reload: a process follows whichever version of the configuration is active, without a restart.

The database says which one that is, so every process on every host finds out for itself. A version
is loaded whole, and tried, beside the one that runs; only then is it taken. One that cannot be used
here, such as for a variable that this process does not have, leaves the running one as it is.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from hub.contract.clock import Clock
from hub.contract.errors import ConfigError, CrossdockError
from hub.runtime.connections import Connectors
from hub.runtime.dispatch.member import Member
from hub.store import Store
from hub.telemetry.logs import logger
from hub.workspace import HubSettings, Workspace
from hub.workspace.versions import active_version, load_version, short_version

LOOK_SECONDS = 0.5
"""How often a process looks which version is active."""

AGAIN_SECONDS = 30.0
"""After how long a version that was refused is tried again: what it missed, such as a secret's file, may be there."""

_AFTER_ERROR = 5.0


class Follower:
    """Hands each version that becomes active, and can be used in this process, to `take`."""

    def __init__(
        self, store: Store, workspace: Workspace, member: Member, clock: Clock, take: Callable[[Workspace], None]
    ) -> None:
        self._store = store
        self._running = workspace
        self._begun = workspace.settings
        self._member = member
        self._clock = clock
        self._take = take
        self._refused: str | None = None
        self._again_at = float("-inf")
        self._log = logger("reload").bind(process=member.owner)

    async def run(self) -> None:
        """Look until cancelled."""
        await self._look_at_first()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self._look()
            except Exception as error:  # noqa: BLE001 - the database is away, say; what runs goes on
                self._log.warning("cannot follow the configuration", error=repr(error))
                await asyncio.sleep(_AFTER_ERROR)

    async def _look_at_first(self) -> None:
        """Say so if the version that it begins with cannot be used: there is no other one to go on with."""
        try:
            await asyncio.to_thread(self._try, self._running)
        except Exception as error:  # noqa: BLE001 - what can be done without it is done
            await self._refuse(self._running.version, error)

    async def _look(self) -> None:
        version = await asyncio.to_thread(self._active)
        if version == self._refused:
            if time.monotonic() > self._again_at:
                await self._change_to(version)
        elif version != self._running.version:
            await self._change_to(version)
        elif self._refused is not None:
            self._refused = None
            await self._member.runs(version, self._restart_note())

    def _active(self) -> str:
        """The active version; that which runs, should none be active any more."""
        with self._store.read() as connection:
            return active_version(connection) or self._running.version

    async def _change_to(self, version: str) -> None:
        try:
            workspace = await asyncio.to_thread(self._usable, version)
        except SQLAlchemyError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the running one goes on
            await self._refuse(version, error)
            return
        self._take(workspace)
        self._running, self._refused = workspace, None
        note = self._restart_note()
        self._log.info("configuration taken", config_version=short_version(version))
        if note:
            self._log.warning(note, config_version=short_version(version))
        await self._member.runs(version, note)

    def _usable(self, version: str) -> Workspace:
        """The version, if it can be used in this process."""
        with self._store.read() as connection:
            workspace = load_version(connection, version)
        require_environment(self._begun, workspace.settings)
        self._try(workspace)
        return workspace

    def _try(self, workspace: Workspace) -> None:
        """Resolve all that a version needs of this process, and make each of its connectors once."""
        connectors = Connectors(workspace, self._store, self._clock)
        for name in workspace.connections:
            connectors.make(name)

    async def _refuse(self, version: str, error: Exception) -> None:
        self._again_at = time.monotonic() + AGAIN_SECONDS
        reason = error.message if isinstance(error, CrossdockError) else repr(error)
        if version != self._refused:
            self._refused = version
            self._log.error("configuration refused", config_version=short_version(version), reason=reason)
        await self._member.runs(self._running.version, f"{short_version(version)} cannot be used here: {reason}")

    def _restart_note(self) -> str:
        keys = self._running.settings.fixed_changes(self._begun)
        return f"To follow a change of {', '.join(keys)} it must be started again." if keys else ""


def require_environment(running: HubSettings, wanted: HubSettings) -> None:
    """ConfigError if a version is of another environment: the name is part of keys that counterparts remember."""
    if running.environment != wanted.environment:
        raise ConfigError(
            f"It is of the environment {wanted.environment!r}, and the hub runs as {running.environment!r}; "
            "another one needs a start of the hub.",
            value=wanted.environment,
        )
