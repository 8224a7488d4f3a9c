"""What a mapping may ask of the hub while it runs."""

from __future__ import annotations

from datetime import date
from typing import Protocol


def crosswalk_question(table: str, key: str, *, reverse: bool = False, on: date | None = None) -> str:
    """The name under which an answer of a code table is kept."""
    asked = "crosswalk-reverse" if reverse else "crosswalk"
    return f"{asked}:{table}:{key}" if on is None else f"{asked}@{on.isoformat()}:{table}:{key}"


class Lookups(Protocol):
    """Answers of the hub: code tables, cross-references, running numbers."""

    def crosswalk(self, table: str, key: str, *, reverse: bool = False, on: date | None = None) -> str:
        """The entry of a code table; raises CrosswalkMissing if there is none.

        `on` is the day on which it must hold, else the hub says which. In `reverse` it is the value
        whose entry `key` is, and ValueRefused is raised if that is none or several.
        """
        ...

    def xref(self, system: str, kind: str) -> str | None:
        """The number of a kind that a system gave to the subject, or None if none is known."""
        ...

    def sequence(self, name: str) -> int:
        """The next number of a running number."""
        ...


class ReplayedLookups:
    """Passes questions on, and gives the same running numbers again once rewound.

    A mapping that fails is run again field by field: it must not take new numbers for that.
    """

    def __init__(self, inner: Lookups) -> None:
        self._inner = inner
        self._taken: list[int] = []
        self._next = 0

    def rewind(self) -> None:
        """Begin again with the first number taken."""
        self._next = 0

    def crosswalk(self, table: str, key: str, *, reverse: bool = False, on: date | None = None) -> str:
        return self._inner.crosswalk(table, key, reverse=reverse, on=on)

    def xref(self, system: str, kind: str) -> str | None:
        return self._inner.xref(system, kind)

    def sequence(self, name: str) -> int:
        if self._next == len(self._taken):
            self._taken.append(self._inner.sequence(name))
        self._next += 1
        return self._taken[self._next - 1]
