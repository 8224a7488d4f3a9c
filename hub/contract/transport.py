"""Transport: how bytes travel. What all transports of files share.

A file is taken in three steps, so that a cut connection or a killed process neither loses nor
repeats it: it is claimed by a rename that only one can win, read and stored, and then moved
to the archive. A claimed file that was left behind is offered again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file at the counterpart: its name as its writer gave it, where it is now, bytes, seconds."""

    name: str
    path: str
    size: int
    mtime: int


class FileTransport(Protocol):
    """Files in directories of a counterpart. Synchronous: called in threads."""

    def claim(self, directory: str, pattern: str, limit: int) -> list[RemoteFile]:
        """Claim finished files that match the pattern, oldest first, with those left claimed before."""
        ...

    def read(self, file: RemoteFile) -> Iterator[bytes]:
        """The claimed file's bytes in chunks."""
        ...

    def archive(self, file: RemoteFile, directory: str) -> None:
        """Move a claimed file away under a name that is not taken; no error if it is gone."""
        ...

    def write(self, directory: str, name: str, body: bytes) -> None:
        """Write under a temporary name, then rename to `name`, so that no reader sees half a file."""
        ...

    def exists(self, directory: str, name: str) -> int | None:
        """The size of a file, or None."""
        ...

    def close(self) -> None:
        """Give the session back."""
        ...
