"""The statements that some work sends to the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from hub.store import Store


@contextmanager
def noting(store: Store) -> Iterator[list[tuple[str, Any]]]:
    """The statements that reach the database, with their first parameters."""
    noted: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        noted.append((statement, parameters[0] if many else parameters))

    event.listen(store.engine, "before_cursor_execute", note)
    yield noted
    event.remove(store.engine, "before_cursor_execute", note)
