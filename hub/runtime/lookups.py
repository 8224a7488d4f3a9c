"""What mappings may look up: crosswalks, numbers of other systems, running numbers.

Every answer is recorded, and kept with the document or delivery it was given for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection

from hub.mapping import CrosswalkMissing
from hub.store.connections import next_number
from hub.store.crosswalks import AddedRow, added_rows, revision
from hub.workspace import Crosswalk

_NEVER = -1


class NumberNeeded(Exception):
    """A running number is wanted outside the transaction that gives it."""


class CrosswalkBook:
    """Code tables: rows added while the hub runs come before rows of files.

    `refresh` looks whether rows were added since; a book belongs to one thread.
    """

    def __init__(self, files: Mapping[str, Crosswalk]) -> None:
        self._files = files
        self._added: dict[str, dict[str, list[AddedRow]]] = {}
        self._revision = _NEVER

    def refresh(self, connection: Connection) -> None:
        """Load added rows again if there are new ones."""
        current = revision(connection)
        if current != self._revision:
            self._added = added_rows(connection)
            self._revision = current

    def lookup(self, crosswalk: str, value: str, on: date) -> str:
        """What `value` is called on the other side on that day; CrosswalkMissing if nothing says."""
        for row in self._added.get(crosswalk, {}).get(value, ()):
            if row.is_valid(on.isoformat()):
                return row.target
        table = self._files.get(crosswalk)
        found = None if table is None else table.lookup(value, on)
        if found is None:
            raise CrosswalkMissing(crosswalk, value)
        return found


class ConnectionNumbers:
    """The running numbers of one connection's formats; without `connection` they raise NumberNeeded."""

    def __init__(self, connection: Connection | None, owner: str) -> None:
        self._connection = connection
        self._owner = owner

    def next(self, name: str, *, most: int) -> int:
        """The next number of the connection's that is called `name`."""
        if self._connection is None:
            raise NumberNeeded(name)
        return next_number(self._connection, f"{self._owner}:{name}", most=most)


class RecordedLookups:
    """The lookups of one mapping run; `answers` holds what was asked and answered."""

    def __init__(
        self,
        book: CrosswalkBook,
        on: date,
        xref: Callable[[str, str], str | None],
        number: Callable[[str], int] | None = None,
    ) -> None:
        self._book = book
        self._on = on
        self._xref = xref
        self._number = number
        self.answers: dict[str, Any] = {}

    def crosswalk(self, table: str, key: str) -> str:
        """The answer of a crosswalk."""
        answer = self._book.lookup(table, key, self._on)
        self.answers[f"crosswalk:{table}:{key}"] = answer
        return answer

    def xref(self, system: str, kind: str) -> str | None:
        """The subject's number in another system."""
        answer = self._xref(system, kind)
        self.answers[f"xref:{system}:{kind}"] = answer
        return answer

    def sequence(self, name: str) -> int:
        """The next running number; NumberNeeded outside a transaction."""
        if self._number is None:
            raise NumberNeeded(name)
        answer = self._number(name)
        self.answers[f"sequence:{name}"] = answer
        return answer
