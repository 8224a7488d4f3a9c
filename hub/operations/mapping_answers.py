"""Answers a mapping's questions outside of a hub, and notes which rows of code tables were used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from hub.mapping import CrosswalkMissing
from hub.workspace import Crosswalk
from hub.workspace.crosswalks import sole_value


@dataclass(frozen=True, slots=True)
class CrosswalkRow:
    """A row of a code table that was used: of `value` it made `target`."""

    table: str
    value: str
    target: str


class Answers:
    """Cross-references and code tables that are given; other tables are the workspace's. Numbers begin at 1."""

    def __init__(
        self,
        xref: Mapping[str, Mapping[str, str]],
        given: Mapping[str, Mapping[str, str]],
        crosswalks: Mapping[str, Crosswalk | None],
    ) -> None:
        self.rows: dict[int, list[CrosswalkRow]] = {}
        """The rows that were used, by what `count` said at that time."""
        self.count: Callable[[], int] = lambda: 0
        self._xref = xref
        self._given = given
        self._crosswalks = crosswalks
        self._numbers: dict[str, int] = {}

    def crosswalk(self, table: str, key: str, *, reverse: bool = False, on: date | None = None) -> str:
        found = self._reverse(table, key, on) if reverse else self._look_up(table, key, on)
        if found is None:
            raise CrosswalkMissing(table, key)
        self.rows.setdefault(self.count(), []).append(CrosswalkRow(table, key, found))
        return found

    def xref(self, system: str, kind: str) -> str | None:
        return self._xref.get(system, {}).get(kind)

    def sequence(self, name: str) -> int:
        self._numbers[name] = self._numbers.get(name, 0) + 1
        return self._numbers[name]

    def _look_up(self, table: str, key: str, on: date | None) -> str | None:
        if table in self._given:
            return self._given[table].get(key)
        crosswalk = self._crosswalks.get(table)
        return None if crosswalk is None else crosswalk.lookup(key, on)

    def _reverse(self, table: str, code: str, on: date | None) -> str:
        crosswalk = None if table in self._given else self._crosswalks.get(table)
        if crosswalk is not None:
            return crosswalk.reverse(code, on)
        values = [value for value, target in self._given.get(table, {}).items() if target == code]
        return sole_value(table, code, values)
