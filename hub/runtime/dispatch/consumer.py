"""Takes wake-ups from the broker: dramatiq's worker inside a worker process of the hub."""

from __future__ import annotations

from collections.abc import Callable

import dramatiq
from dramatiq.worker import Worker
from redis.exceptions import RedisError

from hub.runtime.dispatch.broker import WakeupBroker
from hub.runtime.dispatch.waker import Waker
from hub.runtime.dispatch.wakeups import Actions, Wakeup

LOOK_MS = 50
"""Milliseconds between looks at the broker, at most, while nothing comes."""

_STOP_MS = 2_000


class Consumer:
    """Acts on wake-ups with `threads` of them at once, and one more that no drain holds up."""

    def __init__(self, broker: WakeupBroker, waker: Waker, actions: Actions, threads: int) -> None:
        self._waker = waker
        for wakeup, act in actions.items():
            actor = dramatiq.actor(broker=broker, actor_name=wakeup, queue_name=wakeup)
            actor(self._look(wakeup, act))
        self._worker = Worker(broker, worker_timeout=LOOK_MS, worker_threads=threads + 1)
        # What a busy worker fetched nobody else would take.
        self._worker.queue_prefetch = threads

    def start(self) -> None:
        """Begin to take wake-ups, in threads of its own."""
        self._worker.start()

    def stop(self) -> None:
        """Take no more. What is under way must have been told to end."""
        try:
            self._worker.stop(timeout=_STOP_MS)
        except RedisError:
            return  # a wake-up that cannot be handed back is found by the others' sweep

    def _look(self, wakeup: Wakeup, act: Callable[[], object]) -> Callable[[], None]:
        def look() -> None:
            self._waker.taken(wakeup)
            act()

        return look
