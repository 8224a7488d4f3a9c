"""A process's way to the broker. Imported only where there is one."""

from __future__ import annotations

from hub.runtime.dispatch.broker import open_broker
from hub.runtime.dispatch.consumer import Consumer
from hub.runtime.dispatch.waker import Waker
from hub.runtime.dispatch.wakeups import Actions, Wakeup


class Link:
    """Sends wake-ups, and takes them once it listens; see `Wakes`."""

    def __init__(self, url: str, environment: str) -> None:
        self._broker = open_broker(url, environment)
        self._waker = Waker(self._broker)
        self._consumer: Consumer | None = None

    def wake(self, wakeup: Wakeup) -> None:
        """There may be work; never waits and never fails."""
        self._waker.wake(wakeup)

    def listen(self, actions: Actions, threads: int) -> None:
        """Act on wake-ups from now on, with so many drains at once, in threads of their own."""
        self._consumer = Consumer(self._broker, self._waker, actions, threads)
        self._consumer.start()

    def close(self) -> None:
        """Take and send no more. What is under way must have ended."""
        if self._consumer is not None:
            self._consumer.stop()
        self._waker.close()
