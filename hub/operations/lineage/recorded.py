"""Look-ups as they were: recorded answers, and the rows of code tables that gave them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from hub.contract.clock import from_micros
from hub.mapping import CrosswalkMissing, ValueRefused
from hub.mapping.lookups import crosswalk_question, sequence_question, xref_question
from hub.operations.rows import AnyRow
from hub.store.tables import crosswalk_row
from hub.workspace import Crosswalk
from hub.workspace.crosswalks import DEFAULT, Row, sole_value


@dataclass(frozen=True, slots=True)
class Answer:
    """One question of an expression.

    `rule` is the row that answered: `config/crosswalks/x.csv:2`, or who added it when. It is empty
    for what no row answers, and where the row is not there any more. `recorded` is false for what
    failed before its answers were kept: it is then what the tables said at that time.
    """

    question: str
    answer: str | None
    rule: str
    recorded: bool


class Tables:
    """Code tables at one time: the rows that had been added by then, above those of one version's files."""

    def __init__(self, connection: Connection, files: Mapping[str, Crosswalk], *, added_by: int, valid_at: int) -> None:
        self._connection = connection
        self._files = files
        self._added_by = added_by
        self._day = from_micros(valid_at).date()

    def answers(self, table: str, key: str, *, reverse: bool = False, on: date | None = None) -> dict[str, str]:
        """What a question had as its answer, with the row that says so; in `reverse` that may be several."""
        day = on or self._day
        if reverse:
            return self._reversed(table, key, day)
        found = self._target(table, key, day)
        return {} if found is None else {found[0]: found[1]}

    def _reversed(self, table: str, code: str, day: date) -> dict[str, str]:
        """The values that had a code; the code itself if none had and what has no row stays as it is."""
        values = {row.source for row in self._added(table, day, crosswalk_row.c.target == code)}
        values |= {
            row.value
            for row in self._of_file(table, day)
            if row.target == code and row.value != DEFAULT and not row.one_way
        }
        rows = {value: self._target(table, value, day) for value in sorted(values)}
        found = {value: row[1] for value, row in rows.items() if row and row[0] == code}
        if found:
            return found
        staying = (row for row in self._of_file(table, day) if row.value == row.target == DEFAULT)
        row = next(staying, None)
        return {} if row is None else {code: _place(row)}

    def _target(self, table: str, value: str, day: date) -> tuple[str, str] | None:
        """What a value stood for, and the row that says so; None if none did."""
        added = next(iter(self._added(table, day, crosswalk_row.c.source == value)), None)
        if added is not None:
            when = from_micros(added.added_at).isoformat(" ", "seconds")
            return added.target, f"row added {when} by {added.actor}"
        rows = [row for row in self._of_file(table, day) if row.value in (value, DEFAULT)]
        row = min(rows, key=lambda row: row.value != value, default=None)
        if row is None:
            return None
        return value if row.value == row.target == DEFAULT else row.target, _place(row)

    def _of_file(self, table: str, day: date) -> Iterator[Row]:
        return (row for row in self._files.get(table, ()) if row.is_valid(day))

    def _added(self, table: str, day: date, condition: ColumnElement[bool]) -> Sequence[AnyRow]:
        """The added rows of a table that hold on a day, newest first."""
        on, row = day.isoformat(), crosswalk_row.c
        statement = (
            select(crosswalk_row)
            .where(row.crosswalk == table, row.added_at <= self._added_by, condition)
            .where(row.valid_from.is_(None) | (row.valid_from <= on), row.valid_to.is_(None) | (row.valid_to >= on))
            .order_by(row.added_at.desc(), row.id.desc())
        )
        return self._connection.execute(statement).all()


def _place(row: Row) -> str:
    return f"{row.location.file}:{row.location.line}"


class RecordedAnswers:
    """The Lookups of a run that is done again: what was answered then counts, whatever would be answered now.

    `given` holds every answer by its question.
    """

    def __init__(self, recorded: Mapping[str, Any], tables: Tables, numbers: Callable[[str, str], str | None]) -> None:
        self.given: dict[str, Answer] = {}
        self._recorded = recorded
        self._tables = tables
        self._numbers = numbers

    def crosswalk(self, table: str, key: str, *, reverse: bool = False, on: date | None = None) -> str:
        possible = self._tables.answers(table, key, reverse=reverse, on=on)
        sole = next(iter(possible)) if len(possible) == 1 else None
        answer = self._answer(crosswalk_question(table, key, reverse=reverse, on=on), sole, possible)
        if answer is not None:
            return answer
        if reverse:
            return sole_value(table, key, possible)
        raise CrosswalkMissing(table, key)

    def xref(self, system: str, kind: str) -> str | None:
        return self._answer(xref_question(system, kind), self._numbers(system, kind))

    def sequence(self, name: str) -> int:
        answer = self._answer(sequence_question(name), None)
        if answer is None:
            raise ValueRefused(f"no number of {name!r} was taken, since it was not made to its end")
        return int(answer)

    def _answer(
        self, question: str, otherwise: str | None, rules: Mapping[str, str] = MappingProxyType({})
    ) -> str | None:
        """The recorded answer, or what would have been; `rules` are rows by what they answer."""
        recorded = question in self._recorded
        found = self._recorded[question] if recorded else otherwise
        answer = None if found is None else str(found)
        self.given[question] = Answer(question, answer, rules.get(answer or "", ""), recorded)
        return answer
