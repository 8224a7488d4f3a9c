"""HubSettings: the keys of `config/hub.yaml`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ByteSize, ConfigDict, Field
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from hub.workspace.units import Address, ListenAddress, Size

BACKENDS: Final = ("sqlite", "postgresql")
BROKERS: Final = ("redis", "rediss", "unix")
"""Schemes of a Redis URL: plain, over TLS, by a Unix socket."""
FIXED: Final = ("database", "broker", "listen", "workers", "log")
"""Keys whose change counts from the next start on; a running hub follows all others but `environment`."""


def _database(text: str) -> str:
    try:
        url = make_url(text)
    except ArgumentError:
        raise ValueError("this is not a database URL; write sqlite:///var/crossdock.db or postgresql://…") from None
    if url.get_backend_name() not in BACKENDS:
        raise ValueError(f"{url.get_backend_name()} is no database of the hub; it is one of {', '.join(BACKENDS)}")
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise ValueError("this database is gone when the hub stops; name a file: sqlite:///var/crossdock.db")
    return text


def _broker(text: str | None) -> str | None:
    if not text:
        return None
    scheme = text.partition("://")[0]
    if scheme not in BROKERS:
        raise ValueError(f"{scheme} is no broker of the hub; write redis://host:6379/0 ({', '.join(BROKERS)})")
    return text


class LogLevel(StrEnum):
    """What is logged: this and all above."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How a line of the log looks."""

    TEXT = "text"
    """For people at a terminal."""
    JSON = "json"
    """One object a line, for collectors."""


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Limits(_Settings):
    """What protects the hub from what is sent to it."""

    body: Size = Field(default=ByteSize(10 * 1024 * 1024), description="Largest body a webhook may bring.")
    batch: int = Field(default=100, ge=1, le=10_000, description="Messages a worker takes at once.")


class Log(_Settings):
    """The hub's log, on standard error."""

    level: LogLevel = Field(default=LogLevel.INFO, description="Least severity that is logged.")
    format: LogFormat = Field(default=LogFormat.TEXT, description="Lines for people, or JSON for collectors.")


class HubSettings(_Settings):
    """The keys of `config/hub.yaml`. Every one has a default; the file may be absent."""

    environment: str = Field(
        default="development",
        pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$",
        description="Name of this installation's environment; part of every idempotency key.",
    )
    database: Annotated[str, AfterValidator(_database)] = Field(
        default="sqlite:///var/crossdock.db",
        description="SQLAlchemy URL; a relative SQLite path starts at the workspace.",
    )
    broker: Annotated[str | None, AfterValidator(_broker)] = Field(
        default=None,
        description="URL of the Redis that wakes workers; without one, or an empty one, they look at the database.",
    )
    listen: ListenAddress = Field(
        default=Address("127.0.0.1", 8400), description="Where webhooks, console and API are served."
    )
    workers: int = Field(default=1, ge=1, le=256, description="Worker processes of `crossdock run`.")
    limits: Limits = Field(default_factory=Limits, description="What protects the hub from what is sent to it.")
    log: Log = Field(default_factory=Log, description="The hub's log, on standard error.")

    def fixed_changes(self, before: HubSettings) -> list[str]:
        """The keys that say something else than before, and that no running process can follow."""
        return [key for key in FIXED if getattr(self, key) != getattr(before, key)]

    def database_url(self, root: Path) -> URL:
        """The database's URL, with a relative SQLite path made absolute beneath the workspace `root`."""
        url = make_url(self.database)
        if url.get_backend_name() != "sqlite" or not url.database or url.database.startswith("file:"):
            return url
        return url.set(database=str(root.absolute() / url.database))
