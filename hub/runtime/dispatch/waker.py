"""Sends wake-ups to the broker, one for all that there is."""

from __future__ import annotations

import threading
from typing import Final

from dramatiq import Message
from redis.exceptions import RedisError

from hub.runtime.dispatch.broker import WakeupBroker
from hub.runtime.dispatch.wakeups import Wakeup
from hub.telemetry.logs import logger

APART_SECONDS: Final = 0.02
"""The first wake-up is sent at once; those of the next so many seconds gather, and one is sent for all of them."""

PENDING_MS: Final = 1000
"""How long a wake-up counts as on its way when nobody takes it, such as one that was lost."""


class Waker:
    """Sends wake-ups from a thread of its own, so that nobody else waits for the broker.

    One of a kind is on its way at a time: it is marked in Redis until a worker takes it. A worker
    takes the mark away before it looks at the database, so whatever was stored before is seen by
    it, and whatever is stored after sends the next.
    """

    def __init__(self, broker: WakeupBroker) -> None:
        self._broker = broker
        self._wanted: set[Wakeup] = set()
        self._changed = threading.Condition()
        self._closing = False
        self._away = False
        self._log = logger("broker")
        self._thread = threading.Thread(target=self._send_forever, name="waker", daemon=True)
        self._thread.start()

    def wake(self, wakeup: Wakeup) -> None:
        """There may be work; never waits and never fails."""
        if wakeup not in self._wanted:
            with self._changed:
                self._wanted.add(wakeup)
                self._changed.notify()

    def taken(self, wakeup: Wakeup) -> None:
        """A worker begins to look: work that is stored from now on needs the next wake-up."""
        try:
            self._broker.client.delete(self._mark(wakeup))
        except RedisError as error:
            self._missed(error)

    def close(self) -> None:
        """End, once what was being sent is."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()
        self._broker.client.close()

    def _send_forever(self) -> None:
        while not self._closing:
            with self._changed:
                self._changed.wait_for(lambda: self._wanted or self._closing)
                wanted, self._wanted = self._wanted, set()
            for wakeup in wanted:
                self._send(wakeup)
            with self._changed:
                self._changed.wait_for(lambda: self._closing, APART_SECONDS)

    def _send(self, wakeup: Wakeup) -> None:
        try:
            if self._broker.client.set(self._mark(wakeup), 1, nx=True, px=PENDING_MS):
                self._broker.enqueue(Message(str(wakeup), str(wakeup), (), {}, {}))
        except RedisError as error:
            self._missed(error)
        else:
            self._heard()

    def _mark(self, wakeup: Wakeup) -> str:
        return f"{self._broker.namespace}:on-its-way:{wakeup}"

    def _missed(self, error: RedisError) -> None:
        if not self._away:
            self._away = True
            self._log.warning("broker away, workers find their work by looking each second", error=repr(error))

    def _heard(self) -> None:
        if self._away:
            self._away = False
            self._log.info("broker back")
