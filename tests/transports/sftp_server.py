"""An SFTP server in a thread of its own, which cuts the connection or changes its key where it is told to."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncssh

from connectors.transports.sftp import SftpSettings

PASSWORD = "geheim-4711"


class _Account(asyncssh.SSHServer):
    def __init__(self, owner: FaultyServer) -> None:
        self._owner = owner

    def connection_made(self, conn: Any) -> None:
        self._owner.connections.append(conn)

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        self._owner.passwords.append(password)
        if self._owner.takes("at sign-in", 1):
            self._owner.connections[-1].abort()
        return password == PASSWORD

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return key.export_public_key() in self._owner.user_keys


class _Files(asyncssh.SFTPServer):
    def __init__(self, channel: Any, owner: FaultyServer) -> None:
        super().__init__(channel, chroot=str(owner.root).encode())
        self._channel = channel
        self._owner = owner

    def _around(self, name: str, *arguments: Any) -> Any:
        self._owner.calls.append(name)
        nth = self._owner.calls.count(name)
        if self._owner.takes(f"before {name}", nth):
            self._cut()
        result = getattr(super(), name)(*arguments)
        if self._owner.takes(f"after {name}", nth):
            self._cut()
        return result

    def _cut(self) -> None:
        self._channel.get_connection().abort()
        raise asyncssh.SFTPConnectionLost("cut")

    def rename(self, oldpath: bytes, newpath: bytes) -> Any:
        if self._owner.replaces:
            os.replace(self.map_path(oldpath), self.map_path(newpath))
            return None
        return self._around("rename", oldpath, newpath)

    def open(self, path: bytes, pflags: int, attrs: Any) -> Any:
        if path.endswith(self._owner.denied):
            raise asyncssh.SFTPPermissionDenied("denied")
        return super().open(path, pflags, attrs)

    def read(self, file_obj: Any, offset: int, size: int) -> Any:
        return self._around("read", file_obj, offset, min(size, self._owner.most_read))

    def write(self, file_obj: Any, offset: int, data: bytes) -> Any:
        return self._around("write", file_obj, offset, data)

    def lstat(self, path: bytes) -> Any:
        return self._around("lstat", path)

    def scandir(self, path: bytes) -> Any:
        self._owner.calls.append("scandir")
        if path.endswith(self._owner.denied):
            raise asyncssh.SFTPPermissionDenied("denied")
        if self._owner.takes("before scandir", self._owner.calls.count("scandir")):
            self._cut()
        return self._with_extra_names(super().scandir(path))

    async def _with_extra_names(self, found: Any) -> Any:
        async for name in found:
            yield name
        for name in self._owner.extra_names:
            yield asyncssh.SFTPName(name, attrs=asyncssh.SFTPAttrs(permissions=0o100644, size=1, atime=1, mtime=1))


class FaultyServer:
    """`root` is what a session sees. Each fault ("before rename", "after write 3" …) happens once.

    What has a path that ends in `denied` may not be opened or listed; `replaces` renames over what is there.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.port = 0
        self.faults: list[str] = []
        self.calls: list[str] = []
        self.passwords: list[str] = []
        self.connections: list[Any] = []
        self.user_keys: list[bytes] = []
        self.extra_names: list[bytes] = []
        self.denied = b"/"
        self.replaces = False
        self.most_read = 1 << 30
        self._key = asyncssh.generate_private_key("ssh-ed25519")
        self._loop = asyncio.new_event_loop()
        self._acceptor: Any = None

    @property
    def host_key(self) -> str:
        """The public key's line."""
        return self._key.export_public_key().decode().strip()

    @property
    def fingerprint(self) -> str:
        return str(self._key.get_fingerprint())

    def settings(self, **changes: Any) -> SftpSettings:
        """What reaches this server, but for the changes."""
        own = {"host": "127.0.0.1", "port": self.port, "user": "acme", "host_key": self.host_key, "timeout": 10}
        credentials = {} if "private_key" in changes else {"password": PASSWORD}
        return SftpSettings(**{**own, **credentials, **changes})

    def takes(self, fault: str, nth: int) -> bool:
        """Whether the fault is due, at this call or at the nth ("after rename 3")."""
        due = [planned for planned in (fault, f"{fault} {nth}") if planned in self.faults]
        for planned in due:
            self.faults.remove(planned)
        return bool(due)

    def disconnect(self) -> None:
        """Cut every connection there is."""
        self._do(self._disconnect())

    def restart(self, *, new_key: bool = False) -> None:
        """Stop, and start again at the same port."""
        self._do(self._stop())
        if new_key:
            self._key = asyncssh.generate_private_key("ssh-ed25519")
        self._do(self._start())

    def stop(self) -> None:
        """Stop listening and cut every connection."""
        self._do(self._stop())

    @contextmanager
    def running(self) -> Iterator[FaultyServer]:
        thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        thread.start()
        try:
            self._do(self._start())
            yield self
            self._do(self._stop())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()
            self._loop.close()

    def _do(self, coroutine: Any) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    async def _start(self) -> None:
        self._acceptor = await asyncssh.create_server(
            lambda: _Account(self),
            "127.0.0.1",
            self.port,
            server_host_keys=[self._key],
            sftp_factory=lambda channel: _Files(channel, self),
        )
        self.port = self._acceptor.get_port()

    async def _stop(self) -> None:
        self._acceptor.close()
        await self._acceptor.wait_closed()
        await self._disconnect()

    async def _disconnect(self) -> None:
        for connection in self.connections:
            connection.abort()
            await connection.wait_closed()
        self.connections.clear()
