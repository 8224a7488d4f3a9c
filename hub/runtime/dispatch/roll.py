"""Which processes are at work, over all hosts, and what each runs: each keeps a lease in its own name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, delete, func, or_, select

from hub.store import leases
from hub.store.engine import database_now
from hub.store.statements import upsert_rows
from hub.store.tables import lease, process

BEAT_SECONDS = 5.0
"""How often a process says that it is at work."""

_LENGTH = 20_000_000
"""Microseconds after which a process that says nothing is held to be gone."""

_FORGET = 3_600_000_000


class Kind(StrEnum):
    """What a process of the hub does; the beginning of its lease's name, too."""

    WEB = "web"
    WORKER = "worker"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a process says: which version of the configuration it runs, since when in microseconds.

    `note` is what a person should know: that it refused another version, or needs a restart.
    """

    version: str
    since: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class AtWork:
    """A process that is at work: `owner` is its name among all, `host:pid`."""

    kind: Kind
    owner: str
    answer: Answer


def answer(connection: Connection, kind: Kind, owner: str, said: Answer) -> None:
    """Say that a process is at work, and what it runs; forget those that are long gone."""
    name = f"{kind}:{owner}"
    leases.take(connection, name, owner, length=_LENGTH)
    row = {"name": name, "version": said.version, "since": said.since, "note": said.note}
    upsert_rows(connection, process, [row])
    _forget(connection)


def _forget(connection: Connection) -> None:
    is_process = or_(*(lease.c.name.startswith(f"{kind}:") for kind in Kind))
    connection.execute(delete(lease).where(is_process, lease.c.until < database_now() - _FORGET))
    connection.execute(delete(process).where(process.c.name.not_in(select(lease.c.name))))


def leave(connection: Connection, kind: Kind, owner: str) -> None:
    """Say that a process has ended."""
    for table in (lease, process):
        connection.execute(delete(table).where(table.c.name == f"{kind}:{owner}"))


def at_work(connection: Connection, host: str = "") -> int:
    """How many workers are at work, on one host if it is named."""
    prefix = f"{Kind.WORKER}:{host}:" if host else f"{Kind.WORKER}:"
    alive = lease.c.name.startswith(prefix, autoescape=True) & (lease.c.until > database_now())
    count: int = connection.execute(select(func.count()).select_from(lease).where(alive)).scalar_one()
    return count


def all_at_work(connection: Connection) -> Iterator[AtWork]:
    """Every process that is at work, by kind and name."""
    statement = (
        select(process)
        .join(lease, lease.c.name == process.c.name)
        .where(lease.c.until > database_now())
        .order_by(process.c.name)
    )
    for row in connection.execute(statement):
        kind, _, owner = row.name.partition(":")
        yield AtWork(Kind(kind), owner, Answer(row.version, row.since, row.note))
