"""Bearer tokens: who may use the admin API and the metrics; made, listed, removed, and recognised.

The database keeps of each its SHA-256 alone, as the setting `token:NAME`. A token is 256 random
bits, so that a hash without salt or cost gives nothing away.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from hub.contract.clock import Clock
from hub.contract.registry import nearest
from hub.operations.errors import BadInput, NotFound, OperationRefused
from hub.operations.rows import moment
from hub.store import Store
from hub.store.statements import dumps, insert_new_rows, loads
from hub.store.tables import setting

PREFIX = "crossdock_"
"""What every token begins with, so that it is recognised where it was left by mistake."""

_KEY = "token:"
_AFTER_KEYS = "token;"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,99}")
_THE_HUB = "hub"
_RANDOM_BYTES = 32


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is known: its `name` is the actor of what is done with it; one that is `read_only` may look."""

    name: str
    read_only: bool
    made_at: datetime
    made_by: str


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made, with its `secret`, which is kept nowhere."""

    token: Token
    secret: str


@dataclass(frozen=True, slots=True)
class _Kept:
    """A row: the token, and the SHA-256 of its secret in hex."""

    token: Token
    sha256: str


def add_token(store: Store, name: str, *, read_only: bool, actor: str, clock: Clock) -> NewToken:
    """Make a token. BadInput for a name that cannot be kept, OperationRefused for one that is taken."""
    if not _NAME.fullmatch(name) or name == _THE_HUB:
        raise BadInput(
            f"{name!r} is no name for a token: give 1 to 100 letters, digits, '.', '_', '@' or '-', and not 'hub'.",
            value=name,
        )
    secret = f"{PREFIX}{secrets.token_urlsafe(_RANDOM_BYTES)}"
    at = clock.now()
    kept = {"sha256": _hashed(secret), "read_only": read_only, "made_at": at, "made_by": actor}
    with store.write() as connection:
        insert_new_rows(connection, setting, [{"key": f"{_KEY}{name}", "value": dumps(kept)}])
        if _all(connection)[name].sha256 != kept["sha256"]:
            raise OperationRefused(f"There is a token {name!r} already; remove it first, or take another name.")
    return NewToken(Token(name, read_only, moment(at), actor), secret)


def list_tokens(store: Store) -> list[Token]:
    """All tokens by name."""
    with store.read() as connection:
        return [kept.token for _, kept in sorted(_all(connection).items())]


def remove_token(store: Store, name: str) -> Token:
    """Let a token count no more, from the next request on. NotFound if there is none of this name."""
    with store.write() as connection:
        known = _all(connection)
        if name not in known:
            raise NotFound(f"There is no token {name!r}{nearest(name, known)}.", value=name)
        connection.execute(delete(setting).where(setting.c.key == f"{_KEY}{name}"))
    return known[name].token


def find_token(store: Store, secret: str) -> Token | None:
    """The token that has this secret. It takes as long for any secret, whichever token it is like."""
    presented = _hashed(secret)
    with store.read() as connection:
        known = _all(connection).values()
    found = [kept.token for kept in known if hmac.compare_digest(kept.sha256, presented)]
    return found[0] if found else None


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _all(connection: Connection) -> dict[str, _Kept]:
    return dict(_read(connection))


def _read(connection: Connection) -> Iterator[tuple[str, _Kept]]:
    statement = select(setting).where(setting.c.key >= _KEY, setting.c.key < _AFTER_KEYS)
    for row in connection.execute(statement):
        said = loads(row.value)
        name = row.key.removeprefix(_KEY)
        yield name, _Kept(Token(name, said["read_only"], moment(said["made_at"]), said["made_by"]), said["sha256"])
