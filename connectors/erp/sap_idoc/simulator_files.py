"""The simulated SAP's file server: SFTP on loopback, held to one directory, faults on request."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_urlsafe
from typing import IO

import asyncssh

USER = "crossdock"
"""The one user who may sign in."""

_ALGORITHM = "ssh-ed25519"
_PIECES = 4
"""Pieces in which a half-written file grows, one at each look at its directory."""

FAULTS = (
    "half_written",
    "twice",
    "disconnect_before_rename",
    "disconnect_after_rename",
    "change_host_key",
    "refuse_auth",
)
"""Names of the faults, as `Simulator.misbehave` takes them."""


@dataclass
class _Growing:
    """A file that is written on bit by bit by somebody who holds it open."""

    file: IO[bytes]
    pieces: list[bytes]


@dataclass
class FileServer:
    """The server. Files that get a name in `in/` are told to `received`."""

    root: Path
    received: Callable[[Path], None]
    password: str = field(default_factory=lambda: token_urlsafe(12))
    faults: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.user_key = asyncssh.generate_private_key(_ALGORITHM)
        self.host_key = asyncssh.generate_private_key(_ALGORITHM)
        self._other_host_key = asyncssh.generate_private_key(_ALGORITHM)
        self._acceptor: asyncssh.SSHAcceptor | None = None
        self._sessions: set[asyncssh.SSHServerConnection] = set()
        self._growing: list[_Growing] = []

    @property
    def inbound(self) -> Path:
        """Where SAP takes files from."""
        return self.root / "in"

    @property
    def outbound(self) -> Path:
        """Where SAP leaves files."""
        return self.root / "out"

    async def start(self) -> dict[str, str]:
        """Listen on a free port; what a client needs to sign in."""
        for directory in (self.inbound / "processed", self.inbound / "error", self.outbound):
            directory.mkdir(parents=True, exist_ok=True)
        self._acceptor = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[self.host_key],
            server_factory=lambda: _Session(self),
            sftp_factory=lambda channel: _Files(channel, self),
        )
        return {
            "host": "127.0.0.1",
            "port": str(self._acceptor.get_port()),
            "user": USER,
            "password": self.password,
            "private_key": self.user_key.export_private_key().decode(),
            "host_key": self.host_key.export_public_key().decode().strip(),
        }

    async def stop(self) -> None:
        """Stop listening and drop every session; again does nothing."""
        for growing in self._growing:
            growing.file.close()
        self._growing.clear()
        if self._acceptor is not None:
            self._acceptor.close()
            self.drop_sessions()
            await self._acceptor.wait_closed()
            self._acceptor = None

    def misbehave(self, fault: str, times: int) -> None:
        """Let the next `times` occasions for a fault fail."""
        self.faults[fault] += times
        if fault in {"change_host_key", "refuse_auth"}:  # shows at the next sign-in only
            self.drop_sessions()
        if fault == "change_host_key":
            self._show_host_key()

    def takes(self, fault: str) -> bool:
        """Whether a fault is due now; counts it down."""
        if self.faults[fault] <= 0:
            return False
        self.faults[fault] -= 1
        return True

    def drop_sessions(self) -> None:
        """Cut all connections."""
        for session in list(self._sessions):
            session.abort()

    def joined(self, session: asyncssh.SSHServerConnection) -> None:
        """A client connected; the host key it is shown was chosen before."""
        self._sessions.add(session)
        if self.takes("change_host_key"):
            self._show_host_key()

    def left(self, session: asyncssh.SSHServerConnection) -> None:
        """A client is gone."""
        self._sessions.discard(session)

    def leave(self, name: str, body: bytes) -> None:
        """Leave a file in `out/`, whole under a temporary name first, or half-written if that fault is due."""
        if self.takes("half_written"):
            self._begin(name, body)
            return
        temporary = self.outbound / f".{name}.tmp"
        temporary.write_bytes(body)
        temporary.replace(self.outbound / name)

    def grow(self) -> None:
        """Write one more piece of each half-written file, wherever it was moved to."""
        for growing in list(self._growing):
            growing.file.write(growing.pieces.pop(0))
            if not growing.pieces:
                growing.file.close()
                self._growing.remove(growing)

    def _begin(self, name: str, body: bytes) -> None:
        size = len(body) // _PIECES + 1
        first, *rest = (body[start : start + size] for start in range(0, len(body), size))
        file = (self.outbound / name).open("wb", buffering=0)
        file.write(first)
        self._growing.append(_Growing(file, rest))

    def _show_host_key(self) -> None:
        if self._acceptor is not None:
            shown = self._other_host_key if self.faults["change_host_key"] > 0 else self.host_key
            self._acceptor.update(server_host_keys=[shown])


class _Session(asyncssh.SSHServer):
    """One connection: who may sign in."""

    def __init__(self, server: FileServer) -> None:
        self._server = server
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._server.joined(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._connection is not None:
            self._server.left(self._connection)

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return not self._server.takes("refuse_auth") and (username, password) == (USER, self._server.password)

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        wanted = self._server.user_key.convert_to_public()
        return not self._server.takes("refuse_auth") and (username, key) == (USER, wanted)


class _Files(asyncssh.SFTPServer):
    """One SFTP session in the server's directory."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], server: FileServer) -> None:
        super().__init__(channel, chroot=bytes(server.root))
        self._server = server

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        if self._local(path) == self._server.outbound.resolve():
            self._server.grow()
        async for entry in super().scandir(path):
            yield entry

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        target = self._local(newpath)
        arrives = target.parent == self._server.inbound.resolve() and not target.name.startswith(".")
        if arrives and self._server.takes("disconnect_before_rename"):
            self._cut()
        super().rename(oldpath, newpath)
        if not arrives:
            return
        self._server.received(target)
        if self._server.takes("disconnect_after_rename"):
            self._cut()

    def _local(self, path: bytes) -> Path:
        return Path(self.map_path(path).decode(errors="surrogateescape"))

    def _cut(self) -> None:
        self.connection.abort()
        raise asyncssh.SFTPConnectionLost("The connection is cut")
