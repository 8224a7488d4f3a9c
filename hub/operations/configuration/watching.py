"""Watching a workspace's directory: what is saved there is put in force, or refused, as soon as it is whole.

Times and sizes of the files are looked at, which works on every kind of mount, and where Kubernetes
exchanges a whole directory by a link. Once two looks in a row find the same, it is taken to be whole.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from hub.contract.clock import Clock
from hub.contract.errors import ConfigError
from hub.operations.configuration.activating import Applied, put_in_force
from hub.operations.configuration.checking import findings_of, startable_workspace
from hub.source.problems import ConfigurationRefused
from hub.store import Store
from hub.telemetry.logs import logger
from hub.workspace.files import Stamps, stamps_of
from hub.workspace.versions import Purpose

LOOK_SECONDS = 0.4


@dataclass(frozen=True, slots=True)
class Refused:
    """What is wrong with the directory, so that the configuration stays as it is: a line each."""

    problems: list[str]


class Watch:
    """Watches one directory, whose files are those of `version` when it begins; tells what came of each change."""

    def __init__(
        self, root: Path, version: str, *, actor: str, clock: Clock, tell: Callable[[Applied | Refused], None]
    ) -> None:
        self._root = root
        self._version = version
        self._actor = actor
        self._clock = clock
        self._tell = tell
        self._settled: Stamps | str | None = None
        self._last: Stamps | str | None = None
        self._stop = threading.Event()
        self._log = logger("watch")

    def run(self, database_url: str) -> None:
        """Watch until stopped, with a connection to the database of its own."""
        with closing(Store(database_url)) as store:
            while not self._stop.wait(LOOK_SECONDS):
                self.look(store)

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()

    def look(self, store: Store) -> None:
        """Look once, and act on what is there since the look before."""
        found = self._stamps()
        if found != self._last:
            self._last = found
        elif found != self._settled:
            try:
                self._act(store)
            except SQLAlchemyError as error:
                self._log.warning("what was saved is not applied yet", error=repr(error))
            else:
                self._settled = found

    def _stamps(self) -> Stamps | str:
        """What the files look like; why that cannot be told, if so."""
        try:
            return stamps_of(self._root)
        except (ConfigError, OSError) as error:
            return str(error)

    def _act(self, store: Store) -> None:
        try:
            workspace = startable_workspace(self._root)
            if workspace.version == self._version:
                return
            applied = put_in_force(store, workspace, purpose=Purpose.WATCH, actor=self._actor, at=self._clock.now())
        except ConfigError as error:
            self._tell(Refused(_problems(error)))
            return
        except SQLAlchemyError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, what is saved next is looked at
            self._log.error("what was saved cannot be used", exc_info=error)
            self._tell(Refused([f"It cannot be used: {error!r}"]))
            return
        self._version = applied.version
        self._tell(applied)


def _problems(error: ConfigError) -> list[str]:
    if isinstance(error, ConfigurationRefused):
        return [str(finding) for finding in findings_of(error.problems)]
    return [error.message]
