"""What stands in for the hub where a mapping runs without one: variables, cross-references, code tables, numbers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from hub.mapping import CrosswalkMissing
from hub.workspace.crosswalks import Crosswalk, sole_value

DEFAULTS: Final[Mapping[str, Any]] = {
    "effect": "created",
    "connection": "test",
    "target": "test",
    "headers": {},
    "order": {},
}
"""What a mapping is run with where nothing else is given."""


class Answers:
    """Cross-references and code tables that are given; other tables are the workspace's. Numbers begin at 1."""

    def __init__(
        self,
        xref: Mapping[str, Mapping[str, str]],
        given: Mapping[str, Mapping[str, str]],
        crosswalks: Mapping[str, Crosswalk | None],
    ) -> None:
        self._xref = xref
        self._given = given
        self._crosswalks = crosswalks
        self._numbers: dict[str, int] = {}

    def crosswalk(self, table: str, key: str, *, reverse: bool = False, on: date | None = None) -> str:
        found = self._reverse(table, key, on) if reverse else self._look_up(table, key, on)
        if found is None:
            raise CrosswalkMissing(table, key)
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
