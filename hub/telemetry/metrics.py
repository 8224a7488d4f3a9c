"""What the web process counts of webhooks, as Prometheus metrics of this process alone.

What is true of the whole hub is read from its database instead, by whoever serves `/metrics`.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

# When a counter was made is of no use to Prometheus' text, and would double the series.
disable_created_metrics()  # type: ignore[no-untyped-call]

REGISTRY: Final = CollectorRegistry()

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_NOWHERE = 404

_RECEIVED = Counter(
    "crossdock_webhooks_received",
    "Requests at /in/<connection> that were answered; of no connection, those to paths that are none.",
    ["connection"],
    registry=REGISTRY,
)
_REFUSED = Counter(
    "crossdock_webhooks_refused",
    "Requests at /in/<connection> that were not acknowledged, by the HTTP status they got.",
    ["connection", "status"],
    registry=REGISTRY,
)
_BYTES = Counter(
    "crossdock_webhooks_received_bytes",
    "Bytes of the bodies of requests at /in/<connection>.",
    ["connection"],
    registry=REGISTRY,
)
_SECONDS = Histogram(
    "crossdock_webhook_acknowledge_seconds",
    "Seconds from the head of a webhook to its acknowledgement: its body is read, verified and stored by then.",
    ["connection"],
    registry=REGISTRY,
    buckets=_BUCKETS,
)


class _Webhooks:
    """The metrics of one connection, looked up once."""

    def __init__(self, connection: str) -> None:
        self._connection = connection
        self._received = _RECEIVED.labels(connection)
        self._bytes = _BYTES.labels(connection)
        self._seconds = _SECONDS.labels(connection)

    def note(self, status: int, size: int, seconds: float) -> None:
        self._received.inc()
        self._bytes.inc(size)
        if status < 300:
            self._seconds.observe(seconds)
        else:
            _REFUSED.labels(self._connection, str(status)).inc()


@cache
def _webhooks(connection: str) -> _Webhooks:
    return _Webhooks(connection)


def note_webhook(connection: str, status: int, *, size: int, seconds: float) -> None:
    """Count a webhook that was answered: its body's bytes, and the seconds that took.

    A name that nothing is known by (404) is not kept, so that callers cannot make series.
    """
    _webhooks("" if status == _NOWHERE else connection).note(status, size, seconds)
