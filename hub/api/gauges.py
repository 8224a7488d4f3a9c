"""What is true of the whole hub, read from its database at a scrape: metrics for Prometheus.

Everything is counted by partial indexes of what is open, or in small tables, so that a scrape
costs no more after years.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection, Select, func, select

from hub.api.desk import Desk
from hub.store.connections import paused, refusals
from hub.store.engine import database_now
from hub.store.statements import literal_in
from hub.store.states import OPEN_DELIVERIES, OPEN_DOCUMENTS, MessageState
from hub.store.tables import delivery, document, failure, lease, message
from hub.telemetry.metrics import REGISTRY
from hub.workspace import Workspace

FRESH_SECONDS = 5.0
"""How long what was read is told again, at least."""

_SHARE = 20
"""It is told again for so many times as long as it took: while very much is open, reading is slow."""

Sample = tuple[tuple[str, ...], float]
"""The values of a metric's labels, and its own."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a metric is read from; `now` in microseconds."""

    connection: Connection
    workspace: Workspace
    now: int


@dataclass(frozen=True, slots=True)
class Measure:
    """A metric: its name, what it says, its labels, and how it is read."""

    name: str
    help: str
    labels: tuple[str, ...]
    read: Callable[[Seen], Iterable[Sample]]
    counter: bool = False

    def family(self, seen: Seen) -> Metric:
        """The metric with its samples."""
        kind = CounterMetricFamily if self.counter else GaugeMetricFamily
        family = kind(self.name, self.help, labels=self.labels)
        for labels, value in self.read(seen):
            family.add_metric(labels, value)
        return family


_IS_DUE = literal_in(message.c.state, [MessageState.RECEIVED])
_DUE_COUNT = select(func.count()).select_from(message).where(_IS_DUE)
_OLDEST = select(message.c.received_at).where(_IS_DUE).order_by(message.c.received_at, message.c.id).limit(1)
_DELIVERIES = (
    select(delivery.c.connection, delivery.c.state, func.count())
    .where(literal_in(delivery.c.state, OPEN_DELIVERIES))
    .group_by(delivery.c.connection, delivery.c.state)
)
_FAILURES = (
    select(failure.c.connection, failure.c.code, func.count())
    .where(failure.c.closed_at.is_(None))
    .group_by(failure.c.connection, failure.c.code)
)
_DOCUMENTS = (
    select(document.c.state, func.count())
    .where(literal_in(document.c.state, OPEN_DOCUMENTS))
    .group_by(document.c.state)
)
_LEASES = select(lease.c.name).where(lease.c.until > database_now())


def _due(seen: Seen) -> Iterator[Sample]:
    yield (), seen.connection.execute(_DUE_COUNT).scalar_one()


def _oldest(seen: Seen) -> Iterator[Sample]:
    since: int | None = seen.connection.execute(_OLDEST).scalar()
    yield (), 0.0 if since is None else max(0, seen.now - since) / 1_000_000


def _counted(statement: Select[*tuple[object, ...]]) -> Callable[[Seen], Iterator[Sample]]:
    """Reads a metric whose labels are the statement's columns but the last, its number."""

    def read(seen: Seen) -> Iterator[Sample]:
        for *labels, number in seen.connection.execute(statement):
            yield tuple(str(label) for label in labels), float(str(number))

    return read


def _documents(seen: Seen) -> Iterator[Sample]:
    numbers = {state: number for (state,), number in _counted(_DOCUMENTS)(seen)}
    for state in OPEN_DOCUMENTS:
        yield (state,), numbers.get(state, 0)


def _refused(seen: Seen) -> Iterator[Sample]:
    for name, codes in refusals(seen.connection).items():
        for code, number in codes.items():
            yield (name, code), number


def _paused(seen: Seen) -> Iterator[Sample]:
    while_running = paused(seen.connection)
    for name, one in seen.workspace.connections.items():
        yield (name,), float(one.spec.paused or name in while_running)


def _leases(seen: Seen) -> Iterator[Sample]:
    kinds = Counter(str(name).partition(":")[0] for name in seen.connection.execute(_LEASES).scalars())
    for kind, number in kinds.items():
        yield (kind,), number


MEASURES = (
    Measure("crossdock_messages_due", "Messages that are stored and not read yet.", (), _due),
    Measure(
        "crossdock_messages_due_oldest_age_seconds",
        "Age of the oldest message that is not read yet; 0 if there is none.",
        (),
        _oldest,
    ),
    Measure(
        "crossdock_deliveries_open",
        "Deliveries that are not settled, by the state they are in: planned, sending, in_doubt, dead.",
        ("connection", "state"),
        _counted(_DELIVERIES),
    ),
    Measure(
        "crossdock_failures_open",
        "Failures that wait for a person, by the connection and the code of their cause.",
        ("connection", "code"),
        _counted(_FAILURES),
    ),
    Measure(
        "crossdock_documents_open",
        "Documents that are not settled, by the state they are in: waiting, quarantined, dead.",
        ("state",),
        _documents,
    ),
    Measure(
        "crossdock_callers_refused",
        "Callers that a connection turned away, by the code of the refusal, since the database was made.",
        ("connection", "code"),
        _refused,
        counter=True,
    ),
    Measure(
        "crossdock_connection_paused",
        "1 for a connection that is paused by its file, by the hub or by a person, else 0.",
        ("connection",),
        _paused,
    ),
    Measure(
        "crossdock_leases",
        "Leases that are held, by what they are for: worker and web (processes at work), pull, replay, sweep.",
        ("kind",),
        _leases,
    ),
)


class _Hub(Collector):
    """Reads all measures in one transaction."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        workspace = self._desk.workspace
        with self._desk.store.read() as connection:
            seen = Seen(connection, workspace, self._desk.now)
            return [measure.family(seen) for measure in MEASURES]


class Gauges:
    """What `/metrics` says. The database is read by one request at a time, and not more often than needed."""

    def __init__(self, desk: Desk) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Hub(desk))
        self._reading = threading.Lock()
        self._fresh_until = float("-inf")
        self._text = b""

    def text(self) -> bytes:
        """Prometheus' text: what this process counted, and what is true of the hub."""
        with self._reading:
            began = time.monotonic()
            if began > self._fresh_until:
                self._text = generate_latest(self._registry)
                ended = time.monotonic()
                self._fresh_until = ended + max(FRESH_SECONDS, _SHARE * (ended - began))
            return generate_latest(REGISTRY) + self._text
