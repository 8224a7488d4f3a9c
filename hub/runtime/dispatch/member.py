"""A process on the roll of those at work: it answers every few seconds, and at once when there is news."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sqlalchemy.exc import SQLAlchemyError

from hub.contract.clock import Clock
from hub.runtime.dispatch import roll, slots
from hub.runtime.dispatch.roll import Answer, Kind
from hub.store import Store
from hub.telemetry.logs import logger


def process_name(pid: int | None = None) -> str:
    """Names a process of this host, by default this one, among all that share the database."""
    return f"{socket.gethostname()}:{pid or os.getpid()}"


class Member:
    """This process; `version` is the configuration's that it begins with."""

    def __init__(self, store: Store, kind: Kind, version: str, clock: Clock) -> None:
        self.owner = process_name()
        self._store = store
        self._kind = kind
        self._clock = clock
        self._answer = Answer(version, clock.now())
        self._log = logger(kind).bind(process=self.owner)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Be on the roll while the block lasts."""
        await asyncio.to_thread(self._say)
        beating = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            beating.cancel()
            await asyncio.to_thread(self._leave)

    async def runs(self, version: str, note: str = "") -> None:
        """Say which version this process runs from now on, or still, and what is to be known of that."""
        since = self._answer.since if version == self._answer.version else self._clock.now()
        self._answer = Answer(version, since, note)
        await asyncio.to_thread(self._say)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(roll.BEAT_SECONDS)
            await asyncio.to_thread(self._say)

    def _say(self) -> None:
        try:
            with self._store.write() as connection:
                roll.answer(connection, self._kind, self.owner, self._answer)
        except SQLAlchemyError as error:
            self._log.warning("not on the roll of processes", error=repr(error))

    def _leave(self) -> None:
        with suppress(SQLAlchemyError), self._store.write() as connection:
            roll.leave(connection, self._kind, self.owner)
            slots.release(connection, self.owner)
