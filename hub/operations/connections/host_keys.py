"""Host keys: which server a connection may sign in to, once a person has confirmed its key.

The SFTP transport (`connectors/transports/_sftp_session.py`) keeps the keys in the connection's
state, by `HOST:PORT`: the one that is trusted, and the one it was offered instead.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from hub.contract.clock import Clock
from hub.operations.connections.health import ConnectionTest, check_connection
from hub.operations.connections.pauses import note_act, require
from hub.store import Store
from hub.store.connections import write_state
from hub.store.tables import connection_state
from hub.workspace import Workspace

_TRUSTED = "connector:host_key:"
_OFFERED = "connector:host_key_offered:"


@dataclass(frozen=True, slots=True)
class HostKey:
    """A key that a server offers and that is not trusted. `server` is `host:port`, `line` the whole key.

    `expected` is the fingerprint of the key that was trusted until now, None the first time.
    """

    server: str
    type: str
    fingerprint: str
    line: str
    expected: str | None


@dataclass(frozen=True, slots=True)
class Offer:
    """What a connection's servers offer that is not trusted, and what its test said.

    `trusted` are the fingerprints that were confirmed before.
    """

    name: str
    keys: list[HostKey]
    trusted: list[str]
    test: ConnectionTest


async def offered_host_keys(store: Store, workspace: Workspace, name: str, *, clock: Clock) -> Offer:
    """Ask the connection's servers for their host keys: those that are not trusted. Nothing else is sent to such a one.

    Raises as `check_connection` does.
    """
    require(workspace, name)
    with store.write() as connection:
        for server in _kept(connection, name, _OFFERED):
            write_state(connection, name, f"{_OFFERED}{server}", "", at=clock.now())
    test = await check_connection(store, workspace, name, clock=clock)
    with store.read() as connection:
        offered, trusted = _kept(connection, name, _OFFERED), _kept(connection, name, _TRUSTED)
    keys = [_host_key(server, line, trusted.get(server)) for server, line in offered.items()]
    return Offer(name, keys, [_fingerprint(line) for line in trusted.values()], test)


async def trust_host_keys(
    store: Store, workspace: Workspace, name: str, keys: Sequence[HostKey], *, actor: str, clock: Clock
) -> ConnectionTest:
    """Keep these keys, which a person confirmed, as those of their servers; then test the connection."""
    require(workspace, name)
    with store.write() as connection:
        for key in keys:
            write_state(connection, name, f"{_TRUSTED}{key.server}", key.line, at=clock.now())
            write_state(connection, name, f"{_OFFERED}{key.server}", "", at=clock.now())
            instead = "" if key.expected is None else f", instead of {key.expected}"
            note = f"{key.server} {key.type} {key.fingerprint}{instead}"
            note_act(connection, name, "trusted", note, actor=actor, at=clock.now())
    return await check_connection(store, workspace, name, clock=clock)


def _kept(connection: Connection, name: str, prefix: str) -> dict[str, str]:
    """The keys noted under a prefix, by server."""
    statement = select(connection_state.c.key, connection_state.c.value).where(
        connection_state.c.connection == name,
        connection_state.c.key.startswith(prefix, autoescape=True),
        connection_state.c.value != "",
    )
    return {row.key.removeprefix(prefix): row.value for row in connection.execute(statement)}


def _host_key(server: str, line: str, before: str | None) -> HostKey:
    expected = None if before is None else _fingerprint(before)
    return HostKey(server, line.partition(" ")[0], _fingerprint(line), line, expected)


def _fingerprint(line: str) -> str:
    """As OpenSSH shows it: SHA-256 over the key, in base64 without padding."""
    digest = hashlib.sha256(base64.b64decode(line.partition(" ")[2])).digest()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"
