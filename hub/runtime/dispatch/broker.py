"""The broker: dramatiq on Redis, reduced to what wake-ups need."""

from __future__ import annotations

import logging
import time
from typing import Any

import redis
from dramatiq.brokers.redis import RedisBroker
from redis.backoff import NoBackoff
from redis.retry import Retry

from hub.telemetry.logs import logger

ANSWER_SECONDS = 2.0
"""How long Redis may take for an answer before it counts as away."""

_SAY_AGAIN_SECONDS = 60.0


class WakeupBroker(RedisBroker):
    """A broker without delays, retries, time or age limits.

    A wake-up is worth nothing later: whoever is woken looks at the database, and the sweep does so
    every second. A drain that was interrupted or started twice would only make others wait.
    """

    def declare_queue(self, queue_name: str) -> None:
        """Declare a queue, without the queue of delayed messages that would be asked for all the time."""
        if queue_name not in self.queues:
            self.emit_before("declare_queue", queue_name)
            self.queues.add(queue_name)
            self.emit_after("declare_queue", queue_name)


def open_broker(url: str, environment: str) -> WakeupBroker:
    """The broker at a Redis URL; several hubs may share one under different environments. Connects when it is used."""
    _forward_logs()
    client: redis.Redis = redis.Redis.from_url(
        url,
        socket_connect_timeout=ANSWER_SECONDS,
        socket_timeout=ANSWER_SECONDS,
        # Once more at once, for a connection that was cut while it was idle.
        retry=Retry(NoBackoff(), 1),
    )
    # dramatiq declares no types for this constructor.
    return WakeupBroker(client=client, middleware=[], namespace=f"crossdock-{environment}")  # type: ignore[no-untyped-call]


class _Forward(logging.Handler):
    """Brings dramatiq's warnings into the hub's log, each at most once a minute: while Redis is away they repeat."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._said: dict[str, float] = {}
        self._log = logger("broker")

    def emit(self, record: logging.LogRecord) -> None:
        now = time.monotonic()
        if now - self._said.get(str(record.msg), float("-inf")) < _SAY_AGAIN_SECONDS:
            return
        self._said[str(record.msg)] = now
        details: dict[str, Any] = {"exc_info": record.exc_info} if record.exc_info else {}
        self._log.warning(record.getMessage(), **details)


def _forward_logs() -> None:
    dramatiq = logging.getLogger("dramatiq")
    if not any(isinstance(handler, _Forward) for handler in dramatiq.handlers):
        dramatiq.addHandler(_Forward())
        dramatiq.propagate = False
