"""A local directory, or a mounted share, as a file transport.

Everything happens beneath one root. A path is walked one directory at a time by open handles
that follow no symbolic link, so that neither `..` nor a link, not even one that is put there
meanwhile, leads out of it. The root itself may be a link.

A file is renamed by rename(2), which moves it in one step: it is never seen under both names or
under none, whatever is killed. That call would replace a file that has the name, so the name is
asked for first, and the target's directory is locked meanwhile: of all hubs on one machine, only
one can win a name. Hard links are not used, and file systems without them are served alike.
Where a directory cannot be locked (NFS), or for a program that takes no such lock, the same is
true as at an SFTP server: a file that appears between the two calls is replaced.
"""

from __future__ import annotations

import builtins
import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Annotated, Any

from pydantic import AfterValidator

from hub.contract.errors import AuthError, ConfigError, CrossdockError, InDoubt, RejectedMessage, TransientError
from hub.contract.transport import RemoteFile

__all__ = ["DirectoryTransport", "LocalDirectory"]

_CHUNK = 1024 * 1024

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
"""Not blocking, since opening a named pipe would wait for its other end."""

_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}
_NOT_OFFERED = {errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP}
"""How file systems say that they neither lock nor sync a directory."""


def _whole(path: str) -> str:
    if not os.path.isabs(path) or "\0" in path:
        raise ValueError("write the whole path of the directory, beginning with '/'")
    return path


LocalDirectory = Annotated[str, AfterValidator(_whole)]
"""A setting that names the root: an absolute path."""


class DirectoryTransport:
    """Files beneath a root; a `hub.contract.transport.FileTransport`.

    Paths start at the root, with or without `/`. Names are text with bytes that are not UTF-8 as
    lone surrogates (PEP 383). Symbolic links are not listed and not followed. Besides the errors
    of the contract, calls raise ConfigError (no such directory, a path that leads out), AuthError
    (permission denied), and `read` RejectedMessage for what is gone, no file or may not be read.
    A root that is not there is a TransientError: its share may not be mounted yet.
    """

    def __init__(self, root: str) -> None:
        self._root = root

    def list(self, directory: str) -> builtins.list[RemoteFile]:
        """The plain files of a directory, oldest first."""
        with self._errors(directory), self._directory(_parts(directory)) as handle, os.scandir(handle) as entries:
            files = [file for entry in entries if (file := _remote_file(directory, entry)) is not None]
        return sorted(files, key=lambda file: (file.mtime, file.name))

    def read(self, path: str) -> Iterator[bytes]:
        """A file's bytes, as long as it is when opened, in chunks of at most 1 MiB."""
        with self._errors(path):
            handle, size = self._open_to_read(path)
        with open(handle, "rb", buffering=0) as file:
            while size > 0:
                with self._errors(path):
                    chunk = file.read(min(_CHUNK, size))
                if not chunk:
                    return
                size -= len(chunk)
                yield chunk

    def write(self, path: str, body: bytes) -> None:
        """Write a whole file, replacing what is there; on return it is on the disk, its name too."""
        with self._errors(path), self._parent(path) as (directory, name):
            handle = os.open(name, os.O_WRONLY | os.O_CREAT | _FILE, 0o666, dir_fd=directory)
            with self._doubt(path), open(handle, "wb", buffering=0) as file:
                file.truncate()
                _write_all(handle, body)
                os.fsync(handle)
                _sync(directory)

    def rename(self, source: str, target: str) -> bool:
        """Move a file onto a name that is free; False if the source is gone or the target is taken."""
        with (
            self._errors(source),
            self._parent(source) as (source_directory, source_name),
            self._parent(target) as (target_directory, target_name),
            _locked(target_directory),
        ):
            if _status(source_directory, source_name) is None or _status(target_directory, target_name) is not None:
                return False
            try:
                os.rename(source_name, target_name, src_dir_fd=source_directory, dst_dir_fd=target_directory)
            except FileNotFoundError:
                return False
            with self._doubt(source):
                _sync(target_directory)
                _sync(source_directory)
        return True

    def exists(self, path: str) -> bool:
        """Whether there is such a file, of any kind."""
        with self._errors(path):
            try:
                with self._parent(path) as (directory, name):
                    return _status(directory, name) is not None
            except FileNotFoundError:
                return False

    def make_directory(self, path: str) -> None:
        """Make a directory, in one that is there, unless it is there."""
        if not _parts(path):
            return
        with self._errors(path), self._parent(path) as (directory, name):
            with suppress(FileExistsError):
                os.mkdir(name, dir_fd=directory)
                _sync(directory)
            found = _status(directory, name)
        if found is None or not stat.S_ISDIR(found.st_mode):
            raise ConfigError(f"{path} in {self._root} is no directory.", path=path)

    def close(self) -> None:
        """Nothing is held between two calls."""

    def _open_to_read(self, path: str) -> tuple[int, int]:
        """A handle on a plain file, and its size; RejectedMessage if it can never be read."""
        with self._parent(path) as (directory, name), _unreadable(path):
            handle = os.open(name, os.O_RDONLY | _FILE, dir_fd=directory)
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            os.close(handle)
            raise RejectedMessage(f"{path} is no plain file.", path=path)
        return handle, status.st_size

    @contextmanager
    def _directory(self, parts: builtins.list[str]) -> Iterator[int]:
        """A handle on the directory at the end of a path."""
        handle = self._open_root()
        try:
            for part in parts:
                # A link is ENOTDIR or ELOOP, as the system has it.
                inner = os.open(part, _DIRECTORY | os.O_NOFOLLOW, dir_fd=handle)
                os.close(handle)
                handle = inner
            yield handle
        finally:
            os.close(handle)

    @contextmanager
    def _parent(self, path: str) -> Iterator[tuple[int, str]]:
        """A handle on the directory that a path's last name is in, and that name."""
        *parents, name = _parts(path) or ["."]
        with self._directory(parents) as handle:
            yield handle, name

    def _open_root(self) -> int:
        try:
            return os.open(self._root, _DIRECTORY)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise TransientError(
                f"There is no directory {self._root}: mount it, or correct `directory`.", path=self._root
            ) from error

    @contextmanager
    def _errors(self, path: str) -> Iterator[None]:
        """What the system says, before anything was changed."""
        try:
            yield
        except OSError as error:
            raise self._explain(error, path) from error

    @contextmanager
    def _doubt(self, path: str) -> Iterator[None]:
        """What fails in here may have changed something."""
        try:
            yield
        except OSError as error:
            raise InDoubt(
                f"{path} in {self._root} may have been changed: {error.strerror}.", detail=repr(error), path=path
            ) from error

    def _explain(self, error: OSError, path: str) -> CrossdockError:
        where: dict[str, Any] = {"path": path, "root": self._root}
        if error.errno == errno.ENOENT:
            return ConfigError(f"{self._root} has no {path}: make the directory there, or correct its name.", **where)
        if error.errno in {errno.ENOTDIR, errno.ELOOP}:
            return ConfigError(
                f"{path} in {self._root} leads through a file or a symbolic link, which is not followed.", **where
            )
        if error.errno == errno.EXDEV:
            return ConfigError(
                f"{path} cannot be moved to another file system beneath {self._root}: name a directory on the same.",
                **where,
            )
        if error.errno in _DENIED:
            return AuthError(f"The hub's user may not do that with {path} in {self._root}: {error.strerror}.", **where)
        return TransientError(
            f"{self._root} could not do it with {path}: {error.strerror}.", detail=repr(error), **where
        )


def _parts(path: str) -> list[str]:
    """The names a path is made of; ConfigError for one that leads out of the root."""
    parts = [part for part in path.split("/") if part not in {"", "."}]
    if ".." in parts or "\0" in path:
        raise ConfigError(f"{path!r} leads out of the directory: write it without '..'.", path=path)
    return parts


def _remote_file(directory: str, entry: os.DirEntry[str]) -> RemoteFile | None:
    """A plain file; None for anything else, and for one that vanished meanwhile."""
    try:
        status = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    path = f"{directory.rstrip('/')}/{entry.name}" if directory else entry.name
    return RemoteFile(entry.name, path, status.st_size, int(status.st_mtime))


def _status(directory: int, name: str) -> os.stat_result | None:
    """The status of a name itself, of a link too; None if there is none."""
    try:
        return os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _write_all(handle: int, body: bytes) -> None:
    rest = memoryview(body)
    while rest:
        rest = rest[os.write(handle, rest) :]


@contextmanager
def _locked(directory: int) -> Iterator[None]:
    """Keep other hubs from renaming into a directory; the lock ends with the handle, or the process."""
    with _if_offered():
        fcntl.flock(directory, fcntl.LOCK_EX)
    yield


def _sync(directory: int) -> None:
    """Bring the names of a directory to the disk."""
    with _if_offered():
        os.fsync(directory)


@contextmanager
def _if_offered() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _NOT_OFFERED:
            raise


@contextmanager
def _unreadable(path: str) -> Iterator[None]:
    """What is wrong with one file only, for good."""
    try:
        yield
    except OSError as error:
        reasons = {errno.ENOENT: "is gone", errno.EACCES: "may not be read", errno.ELOOP: "is a symbolic link"}
        if error.errno not in reasons:
            raise
        raise RejectedMessage(f"{path} {reasons[error.errno]}.", path=path) from error
