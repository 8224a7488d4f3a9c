"""What was made of a file, kept by its content: versions of a configuration share most of their files."""

from __future__ import annotations

from threading import Lock
from typing import Final, Generic, TypeVar

_MOST: Final = 1_000
_LARGEST: Final = 256 * 1024
"""Bytes; larger files are rare, and what is made of them is large."""

T = TypeVar("T")


class Kept(Generic[T]):
    """Things made of files that nobody changes afterwards; for any number of threads."""

    def __init__(self) -> None:
        self._things: dict[tuple[str, bytes], T] = {}
        self._lock = Lock()

    def get(self, file: str, content: bytes) -> T | None:
        """What was made of a file with this content; None if nothing was yet."""
        return self._things.get((file, content))

    def put(self, file: str, content: bytes, thing: T) -> None:
        """Keep it, and forget what was kept first where there is too much."""
        if len(content) > _LARGEST:
            return
        with self._lock:
            self._things[file, content] = thing
            while len(self._things) > _MOST:
                del self._things[next(iter(self._things))]
