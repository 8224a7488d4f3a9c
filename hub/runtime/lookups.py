"""What mappings may look up: crosswalks, numbers of other systems, running numbers.

Every answer is recorded, and kept with the document or delivery it was given for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection

from hub.mapping import CrosswalkMissing
from hub.mapping.lookups import crosswalk_question, sequence_question, xref_question
from hub.store.connections import next_number
from hub.store.crosswalks import AddedRow, added_rows, revision
from hub.workspace import Crosswalk
from hub.workspace.crosswalks import sole_value

_NEVER = -1


class NumberNeeded(Exception):
    """A running number is wanted outside the transaction that gives it."""


class CrosswalkBook:
    """Code tables: rows added while the hub runs come before rows of files.

    `refresh` looks whether rows were added or removed since; a book belongs to one thread.
    """

    def __init__(self, files: Mapping[str, Crosswalk]) -> None:
        self._files = files
        self._added: dict[str, dict[str, list[AddedRow]]] = {}
        self._added_values: dict[str, dict[str, set[str]]] = {}
        self._revision = _NEVER

    def refresh(self, connection: Connection) -> None:
        """Load added rows again if they changed."""
        current = revision(connection)
        if current != self._revision:
            self._added = added_rows(connection)
            self._added_values = _by_target(self._added)
            self._revision = current

    def lookup(self, crosswalk: str, value: str, on: date) -> str:
        """What `value` is called on the other side on that day; CrosswalkMissing if nothing says."""
        found = self._added_target(crosswalk, value, on)
        table = self._files.get(crosswalk)
        if found is None and table is not None:
            found = table.lookup(value, on)
        if found is None:
            raise CrosswalkMissing(crosswalk, value)
        return found

    def reverse(self, crosswalk: str, code: str, on: date) -> str:
        """The value that is called `code` on the other side on that day; ValueRefused if none or several are."""
        added, table = self._added_values.get(crosswalk, {}).get(code, ()), self._files.get(crosswalk)
        values = {value for value in added if self._added_target(crosswalk, value, on) == code}
        if table is not None:
            of_file = table.values_of(code, on)
            values |= {value for value in of_file if self._added_target(crosswalk, value, on) in (None, code)}
        return sole_value(crosswalk, code, values, stays=table is not None and table.lets_stay(on))

    def _added_target(self, crosswalk: str, value: str, on: date) -> str | None:
        rows = self._added.get(crosswalk, {}).get(value, ())
        return next((row.target for row in rows if row.is_valid(on.isoformat())), None)


def _by_target(added: dict[str, dict[str, list[AddedRow]]]) -> dict[str, dict[str, set[str]]]:
    """By crosswalk and code, the values that have a row with the code, valid or not."""
    found: dict[str, dict[str, set[str]]] = {}
    for crosswalk, by_value in added.items():
        codes = found.setdefault(crosswalk, {})
        for value, rows in by_value.items():
            for row in rows:
                codes.setdefault(row.target, set()).add(value)
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

    def crosswalk(self, table: str, key: str, *, reverse: bool = False, on: date | None = None) -> str:
        """The answer of a crosswalk, on the day of the message unless the mapping names another."""
        look_up = self._book.reverse if reverse else self._book.lookup
        answer = look_up(table, key, on or self._on)
        self.answers[crosswalk_question(table, key, reverse=reverse, on=on)] = answer
        return answer

    def xref(self, system: str, kind: str) -> str | None:
        """The subject's number in another system."""
        answer = self._xref(system, kind)
        self.answers[xref_question(system, kind)] = answer
        return answer

    def sequence(self, name: str) -> int:
        """The next running number; NumberNeeded outside a transaction."""
        if self._number is None:
            raise NumberNeeded(name)
        answer = self._number(name)
        self.answers[sequence_question(name)] = answer
        return answer
