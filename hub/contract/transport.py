"""Transport: how bytes travel. What all transports of files (SFTP, directory) offer.

How files are taken and left on top of it, so that neither a cut connection nor a killed
process loses or repeats one, is `connectors.transports.files`, once for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file at the counterpart: its name, its path, its size in bytes, its mtime in seconds."""

    name: str
    path: str
    size: int
    mtime: int


class FileTransport(Protocol):
    """Directories of a counterpart. Synchronous: called in threads, one call at a time.

    Paths are relative to where the session starts, with `/`. A lost connection raises
    TransientError where the call changes nothing, and InDoubt where it may have.
    """

    def list(self, directory: str) -> list[RemoteFile]:
        """The plain files of a directory, oldest first."""
        ...

    def read(self, path: str) -> Iterator[bytes]:
        """A file's bytes in chunks."""
        ...

    def write(self, path: str, body: bytes) -> None:
        """Write a whole file, replacing what is there; returns when the server has all of it."""
        ...

    def rename(self, source: str, target: str) -> bool:
        """Move a file onto a name that is free; False if the source is gone or the target is taken."""
        ...

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""
        ...

    def make_directory(self, path: str) -> None:
        """Make a directory unless it is there."""
        ...

    def close(self) -> None:
        """Give the session back."""
        ...
