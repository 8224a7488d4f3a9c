"""SFTP (SSH file transfer, version 3) on paramiko, as a file transport.

A session takes some 120 ms to open, so one is kept and reopened when it is dead. The server's
host key must be trusted: nothing, no password either, is sent to a server with another one.
"""

from __future__ import annotations

import builtins
import errno
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from threading import RLock
from typing import Any

import paramiko
from paramiko.sftp import SFTPError

from connectors.transports._sftp_client import SftpClient
from connectors.transports._sftp_session import HostKeys, SftpSettings, address, open_session
from hub.contract.connector import Context
from hub.contract.errors import AuthError, ConfigError, CrossdockError, InDoubt, RejectedMessage, TransientError
from hub.contract.transport import RemoteFile

__all__ = ["SftpSettings", "SftpTransport"]

_LOST = (EOFError, TimeoutError, ConnectionError, paramiko.SSHException, SFTPError)
_FAILURES = (paramiko.SSHException, SFTPError, EOFError, OSError, UnicodeDecodeError)


class SftpTransport:
    """Directories of an SFTP server; a `hub.contract.transport.FileTransport`.

    Names are text with bytes that are not UTF-8 as lone surrogates (PEP 383). Symbolic links
    are not listed. Besides the errors of the contract, calls raise AuthError (credentials, a host
    key that is not trusted, permission denied) and ConfigError (no such directory), and `read`
    RejectedMessage for a file that is gone or may not be read.

    `context` is the connector's: its state keeps the host key that a person confirmed. Without
    it the settings must name the key.
    """

    def __init__(self, settings: SftpSettings, context: Context | None = None) -> None:
        self._settings = settings
        self._keys = HostKeys(settings, context)
        self._client: SftpClient | None = None
        self._lock = RLock()

    def list(self, directory: str) -> builtins.list[RemoteFile]:
        """The plain files of a directory, oldest first."""
        with self._session(directory or ".", changes=False) as client:
            entries = [*client.entries(_raw(directory or "."))]
        files = [
            _remote_file(directory, name, attributes) for name, attributes in entries if _is_file(name, attributes)
        ]
        return sorted(files, key=lambda file: (file.mtime, file.name))

    def read(self, path: str) -> Iterator[bytes]:
        """A file's bytes as it is when opened, in chunks of at most 2 MiB."""
        with self._session(path, changes=False) as client, _unreadable(path):
            file = client.open(_raw(path), "rb")
        try:
            with self._same_session(client, path):
                size = file.stat().st_size or 0
            start = 0
            while start < size:
                with self._same_session(client, path):
                    chunk = client.window(file.handle, start, size - start)
                if not chunk:
                    return
                start += len(chunk)
                yield chunk
        finally:
            if client.is_alive():
                with self._same_session(client, path):
                    file.close()

    def write(self, path: str, body: bytes) -> None:
        """Write a whole file, replacing what is there; the server has confirmed its size on return."""
        with self._session(path, changes=True) as client:
            client.putfo(BytesIO(body), _raw(path), len(body))

    def rename(self, source: str, target: str) -> bool:
        """Move a file onto a name that is free; False if the source is gone or the target is taken.

        Asks first, since some servers replace the target at SSH_FXP_RENAME although version 3
        of the protocol forbids it (draft-ietf-secsh-filexfer-02, 6.5); at those, a file that
        appears between the two calls is replaced.
        """
        if self.exists(target):
            return False
        with self._session(source, changes=True) as client:
            try:
                client.rename(_raw(source), _raw(target))
            except OSError:
                if client.is_alive() and (_stat(client, source) is None or _stat(client, target) is not None):
                    return False
                raise
        return True

    def exists(self, path: str) -> bool:
        """Whether there is such a file, of any kind."""
        with self._session(path, changes=False) as client:
            return _stat(client, path) is not None

    def make_directory(self, path: str) -> None:
        """Make a directory, in one that is there, unless it is there."""
        if self._is_directory(path):
            return
        with self._session(path, changes=True) as client:
            try:
                client.mkdir(_raw(path))
            except OSError:
                if not client.is_alive() or _stat(client, path) is None:
                    raise
        if not self._is_directory(path):
            raise ConfigError(f"{path} at {address(self._settings)} is no directory.", path=path)

    def close(self) -> None:
        """Give the session back; the next call opens another."""
        with self._lock:
            if self._client is not None:
                self._client.end()
                self._client = None

    def _is_directory(self, path: str) -> bool:
        with self._session(path, changes=False) as client:
            attributes = _stat(client, path, follow=True)
            return attributes is not None and stat.S_ISDIR(attributes.st_mode or 0)

    def _open(self) -> SftpClient:
        if self._client is None or not self._client.is_alive():
            self.close()
            self._client = open_session(self._settings, self._keys)
        return self._client

    @contextmanager
    def _session(self, path: str, *, changes: bool) -> Iterator[SftpClient]:
        with self._lock:
            client = self._open()
            with self._errors(client, path, changes=changes):
                yield client

    @contextmanager
    def _same_session(self, client: SftpClient, path: str) -> Iterator[None]:
        """Go on reading a file, which is open in this session alone."""
        with self._lock, self._errors(client, path, changes=False):
            yield

    @contextmanager
    def _errors(self, client: SftpClient, path: str, *, changes: bool) -> Iterator[None]:
        try:
            yield
        except _FAILURES as error:
            raise self._explain(error, client, path, changes) from error

    def _explain(self, error: Exception, client: SftpClient, path: str, changes: bool) -> CrossdockError:
        server, code = address(self._settings), getattr(error, "errno", None)
        where: dict[str, Any] = {"path": path, "host": self._settings.host}
        # The session may not know yet that it is cut, when a write already does.
        if isinstance(error, _LOST) or not client.is_alive():
            self.close()
            if changes:
                return InDoubt(f"The connection to {server} was lost while {path} was changed.", **where)
            return TransientError(f"The connection to {server} was lost while {path} was read.", **where)
        if code == errno.ENOENT:
            return ConfigError(f"{server} has no {path}: make the directory there, or correct its name.", **where)
        if code == errno.EACCES:
            return AuthError(f"{server} denies user {self._settings.user!r} the access to {path}.", **where)
        return TransientError(f"{server} could not do it with {path}: {error}.", detail=repr(error), **where)


@contextmanager
def _unreadable(path: str) -> Iterator[None]:
    """What is wrong with one file only, for good."""
    try:
        yield
    except (FileNotFoundError, PermissionError) as error:
        reason = "is gone" if isinstance(error, FileNotFoundError) else "may not be read"
        raise RejectedMessage(f"{path} {reason}.", path=path) from error


def _raw(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")


def _is_file(name: bytes, attributes: paramiko.SFTPAttributes) -> bool:
    """A plain file of this directory; a name with a slash would lead out of it."""
    return b"/" not in name and b"\0" not in name and stat.S_ISREG(attributes.st_mode or stat.S_IFREG)


def _remote_file(directory: str, raw_name: bytes, attributes: paramiko.SFTPAttributes) -> RemoteFile:
    name = raw_name.decode("utf-8", "surrogateescape")
    path = f"{directory.rstrip('/')}/{name}" if directory else name
    return RemoteFile(name, path, attributes.st_size or 0, int(attributes.st_mtime or 0))


def _stat(client: SftpClient, path: str, *, follow: bool = False) -> paramiko.SFTPAttributes | None:
    """Attributes, of a link itself unless `follow`; None if there is no such file."""
    try:
        return client.stat(_raw(path)) if follow else client.lstat(_raw(path))
    except FileNotFoundError:
        return None
