"""What a mapping may ask of the hub while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

from hub.contract.errors import RejectedMessage
from hub.mapping.errors import CrosswalkMissing


def crosswalk_question(table: str, key: str, *, reverse: bool = False, on: date | None = None) -> str:
    """The name under which an answer of a code table is kept."""
    asked = "crosswalk-reverse" if reverse else "crosswalk"
    return f"{asked}:{table}:{key}" if on is None else f"{asked}@{on.isoformat()}:{table}:{key}"


def xref_question(system: str, kind: str) -> str:
    """The name under which a number of another system is kept."""
    return f"xref:{system}:{kind}"


def sequence_question(name: str) -> str:
    """The name under which a running number is kept."""
    return f"sequence:{name}"


@dataclass(frozen=True, slots=True)
class Lookup:
    """A question that an expression asked, and its answer; None if there was none, or if it failed.

    `name` is the code table, the system or the running number; `key` is what was looked up in the
    table (with `reverse` the code), the kind of number in the system, or empty. `on` is the day
    that the expression named.
    """

    kind: Literal["crosswalk", "xref", "sequence"]
    name: str
    key: str
    answer: str | int | None
    reverse: bool = False
    on: date | None = None

    @property
    def question(self) -> str:
        """The name under which the answer is kept."""
        if self.kind == "crosswalk":
            return crosswalk_question(self.name, self.key, reverse=self.reverse, on=self.on)
        return xref_question(self.name, self.key) if self.kind == "xref" else sequence_question(self.name)


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


class NotedLookups:
    """Passes questions on, and notes them with their answers in `asked`, in their order."""

    def __init__(self, inner: Lookups) -> None:
        self._inner = inner
        self.asked: list[Lookup] = []

    def crosswalk(self, table: str, key: str, *, reverse: bool = False, on: date | None = None) -> str:
        answer: str | None = None
        try:
            answer = self._inner.crosswalk(table, key, reverse=reverse, on=on)
            return answer
        finally:
            self.asked.append(Lookup("crosswalk", table, key, answer, reverse, on))

    def xref(self, system: str, kind: str) -> str | None:
        answer = self._inner.xref(system, kind)
        self.asked.append(Lookup("xref", system, kind, answer))
        return answer

    def sequence(self, name: str) -> int:
        answer: int | None = None
        try:
            answer = self._inner.sequence(name)
            return answer
        finally:
            self.asked.append(Lookup("sequence", name, "", answer))


class NoLookups:
    """For expressions that see their variables alone: what compiles them lets none through that asks."""

    def crosswalk(self, table: str, key: str, *, reverse: bool = False, on: date | None = None) -> str:
        raise CrosswalkMissing(table, key)

    def xref(self, system: str, kind: str) -> str | None:
        return None

    def sequence(self, name: str) -> int:
        raise RejectedMessage(f"There is no running number {name!r} outside a mapping.")
