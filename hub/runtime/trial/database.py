"""Databases of tests: SQLite files that are gone afterwards, and need not outlive a power cut."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import event

from hub.store import Store
from hub.store.schema import migrate


@contextmanager
def fresh_store() -> Iterator[Store]:
    """An empty database at the schema of this version, for as long as the block runs."""
    with tempfile.TemporaryDirectory(prefix="crossdock-test-") as directory:
        path = Path(directory) / "hub.db"
        path.write_bytes(_migrated())
        with _opened(path) as store:
            yield store


@cache
def _migrated() -> bytes:
    """The file of an empty database: to copy it is quicker than to make its tables again."""
    with tempfile.TemporaryDirectory(prefix="crossdock-test-") as directory:
        path = Path(directory) / "hub.db"
        with _opened(path) as store:
            migrate(store)
        return path.read_bytes()


@contextmanager
def _opened(path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{path}")
    event.listen(store.engine, "connect", _hurry)
    try:
        yield store
    finally:
        store.close()


def _hurry(driver: Any, _record: Any) -> None:
    """Wait for no disk."""
    driver.execute("PRAGMA journal_mode=MEMORY")
    driver.execute("PRAGMA synchronous=OFF")
