"""Whether a worker of a SQLite database is alive, told by the system's file lock beside the database.

Workers outlive a killed supervisor by the moment they need to notice it and to finish what is
under way. What they hold must not be given to others before.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

_LOOK_SECONDS = 0.05


@contextmanager
def present(database_url: str) -> Iterator[None]:
    """Be seen as a worker while the block lasts. On other databases leases alone tell."""
    path = _path(database_url)
    if path is None:
        yield
        return
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


def all_gone(database_url: str, *, within: float) -> bool:
    """Wait until no worker is alive, for at most `within` seconds; whether that came about."""
    path = _path(database_url)
    if path is None:
        return True
    give_up = time.monotonic() + within
    with path.open("w") as file:
        while not _is_free(file.fileno()):
            if time.monotonic() > give_up:
                return False
            time.sleep(_LOOK_SECONDS)
    return True


def _is_free(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _path(database_url: str) -> Path | None:
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Path(f"{url.database}.workers")
