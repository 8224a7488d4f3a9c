"""How simulators offer a mailbox: SFTP on loopback, held to one directory, faults on request.

The same directory may be used without SFTP, as a mounted share: what arrives is then found when
somebody looks (`collect`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_urlsafe
from typing import IO

import asyncssh

USER = "crossdock"
"""The one user who may sign in."""

FAULTS = (
    "half_written",
    "twice",
    "disconnect_before_rename",
    "disconnect_after_rename",
    "change_host_key",
    "refuse_auth",
)
"""Names of the faults, as `Simulator.misbehave` takes them."""

_ALGORITHM = "ssh-ed25519"
_PIECES = 4
"""Pieces in which a half-written file grows, one at each look at its directory."""


@dataclass
class _Growing:
    """A file that is written on bit by bit by somebody who holds it open."""

    file: IO[bytes]
    pieces: list[bytes]


@dataclass
class SimulatedMailbox:
    """A mailbox with directories where the counterpart takes files from, and such where it leaves them.

    Each file that gets a name in one of `inbound` is told to `received`, once.
    """

    root: Path
    received: Callable[[Path], None]
    inbound: Sequence[str] = ("in",)
    outbound: Sequence[str] = ("out",)
    password: str = field(default_factory=lambda: token_urlsafe(12))
    faults: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.user_key = asyncssh.generate_private_key(_ALGORITHM)
        self.sessions: set[asyncssh.SSHServerConnection] = set()
        self._host_keys = [asyncssh.generate_private_key(_ALGORITHM) for _ in range(2)]
        self._acceptor: asyncssh.SSHAcceptor | None = None
        self._growing: list[_Growing] = []
        self._seen: set[tuple[str, int]] = set()

    async def start(self) -> dict[str, str]:
        """Listen on a free port; what a client needs to sign in, and `directory`, the mailbox itself."""
        for name in (*self.inbound, *self.outbound):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        self._acceptor = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=self._host_keys[:1],
            server_factory=lambda: _Session(self),
            sftp_factory=lambda channel: _Files(channel, self),
        )
        return {
            "host": "127.0.0.1",
            "port": str(self._acceptor.get_port()),
            "user": USER,
            "password": self.password,
            "private_key": self.user_key.export_private_key().decode(),
            "host_key": self._host_keys[0].export_public_key().decode().strip(),
            "directory": str(self.root.resolve()),
        }

    async def stop(self) -> None:
        """Stop listening and drop every session; again does nothing."""
        for growing in self._growing:
            growing.file.close()
        self._growing.clear()
        if self._acceptor is not None:
            self._acceptor.close()
            self._drop_sessions()
            await self._acceptor.wait_closed()
            self._acceptor = None

    def misbehave(self, fault: str, times: int) -> None:
        """Let the next `times` occasions for a fault fail; ValueError for one that is not in FAULTS."""
        if fault not in FAULTS:
            raise ValueError(f"There is no fault {fault!r}; there are {', '.join(FAULTS)}.")
        self.faults[fault] += times
        if fault in {"change_host_key", "refuse_auth"}:  # shows at the next sign-in only
            self._drop_sessions()
        if fault == "change_host_key":
            self.show_host_key()

    def takes(self, fault: str) -> bool:
        """Whether a fault is due now; counts it down."""
        if self.faults[fault] <= 0:
            return False
        self.faults[fault] -= 1
        return True

    def collect(self) -> None:
        """Tell of what has arrived and was not told of yet."""
        for directory in self.inbound:
            for path in waiting(self.root / directory):
                self.arrived(path)

    def arrived(self, path: Path) -> None:
        """A file got its name in an inbound directory."""
        file = (str(path), path.stat().st_ino)
        if file not in self._seen:
            self._seen.add(file)
            self.received(path)

    def leave(self, directory: str, name: str, body: bytes) -> None:
        """Leave a file: whole under a temporary name first; under a fault half-written, or twice."""
        if "/" in name or name.startswith("."):
            raise ValueError(f"{name!r} is not a plain file name.")
        if self.takes("half_written"):
            self._begin(self.root / directory / name, body)
            return
        stem, dot, suffix = name.rpartition(".")
        names = [name, f"{stem}_again{dot}{suffix}"] if self.takes("twice") else [name]
        for one in names:
            temporary = self.root / directory / f".{one}.tmp"
            temporary.write_bytes(body)
            temporary.replace(self.root / directory / one)

    def grow(self) -> None:
        """Write one more piece of each half-written file, wherever it was moved to."""
        for growing in list(self._growing):
            growing.file.write(growing.pieces.pop(0))
            if not growing.pieces:
                growing.file.close()
                self._growing.remove(growing)

    def show_host_key(self) -> None:
        """Offer the host key, or another one while that fault is due."""
        if self._acceptor is not None:
            shown = self._host_keys[1 if self.faults["change_host_key"] > 0 else 0]
            self._acceptor.update(server_host_keys=[shown])

    def _begin(self, path: Path, body: bytes) -> None:
        size = len(body) // _PIECES + 1
        first, *rest = (body[start : start + size] for start in range(0, len(body), size))
        file = path.open("wb", buffering=0)
        file.write(first)
        self._growing.append(_Growing(file, rest or [b""]))

    def _drop_sessions(self) -> None:
        for session in list(self.sessions):
            session.abort()


def waiting(directory: Path) -> list[Path]:
    """The plain files of a directory, oldest first, hidden ones left out; none before it is there."""
    if not directory.is_dir():
        return []
    files = [path for path in directory.iterdir() if path.is_file() and not path.name.startswith(".")]
    return sorted(files, key=lambda path: (path.stat().st_mtime_ns, path.name))


class _Session(asyncssh.SSHServer):
    """One connection: who may sign in."""

    def __init__(self, mailbox: SimulatedMailbox) -> None:
        self._mailbox = mailbox
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._mailbox.sessions.add(conn)
        # The host key this client is shown was chosen before.
        if self._mailbox.takes("change_host_key"):
            self._mailbox.show_host_key()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._connection is not None:
            self._mailbox.sessions.discard(self._connection)

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return not self._mailbox.takes("refuse_auth") and (username, password) == (USER, self._mailbox.password)

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        wanted = self._mailbox.user_key.convert_to_public()
        return not self._mailbox.takes("refuse_auth") and (username, key) == (USER, wanted)


class _Files(asyncssh.SFTPServer):
    """One SFTP session in the mailbox."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], mailbox: SimulatedMailbox) -> None:
        super().__init__(channel, chroot=bytes(mailbox.root))
        self._mailbox = mailbox

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        if self._is_among(self._local(path), self._mailbox.outbound):
            self._mailbox.grow()
        async for entry in super().scandir(path):
            yield entry

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        target = self._local(newpath)
        arrives = self._is_among(target.parent, self._mailbox.inbound) and not target.name.startswith(".")
        if arrives and self._mailbox.takes("disconnect_before_rename"):
            self._cut()
        super().rename(oldpath, newpath)
        if not arrives:
            return
        self._mailbox.arrived(target)
        if self._mailbox.takes("disconnect_after_rename"):
            self._cut()

    def _is_among(self, directory: Path, names: Sequence[str]) -> bool:
        return directory in {(self._mailbox.root / name).resolve() for name in names}

    def _local(self, path: bytes) -> Path:
        return Path(self.map_path(path).decode(errors="surrogateescape")).resolve()

    def _cut(self) -> None:
        self.connection.abort()
        raise asyncssh.SFTPConnectionLost("The connection is cut")
