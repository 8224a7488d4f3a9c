"""Which workers are at work, over all hosts: each keeps a lease in its own name."""

from __future__ import annotations

from sqlalchemy import Connection, delete, func, select

from hub.store import leases
from hub.store.engine import database_now
from hub.store.tables import lease

BEAT_SECONDS = 5.0
"""How often a worker says that it is at work."""

_PREFIX = "worker:"
_LENGTH = 20_000_000
"""Microseconds after which a worker that says nothing is held to be gone."""

_FORGET = 3_600_000_000


def answer(connection: Connection, worker: str) -> None:
    """Say that a worker is at work, and forget those that are long gone."""
    leases.take(connection, f"{_PREFIX}{worker}", worker, length=_LENGTH)
    gone = lease.c.name.startswith(_PREFIX) & (lease.c.until < database_now() - _FORGET)
    connection.execute(delete(lease).where(gone))


def leave(connection: Connection, worker: str) -> None:
    """Say that a worker has ended."""
    connection.execute(delete(lease).where(lease.c.name == f"{_PREFIX}{worker}"))


def at_work(connection: Connection, host: str = "") -> int:
    """How many workers are at work, on one host if it is named."""
    prefix = f"{_PREFIX}{host}:" if host else _PREFIX
    alive = lease.c.name.startswith(prefix, autoescape=True) & (lease.c.until > database_now())
    count: int = connection.execute(select(func.count()).select_from(lease).where(alive)).scalar_one()
    return count
