"""Look-ups as they were: recorded answers, and the rows of code tables that gave them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from hub.contract.clock import from_micros
from hub.mapping import CrosswalkMissing, ValueRefused
from hub.mapping.lookups import crosswalk_question
from hub.operations.rows import AnyRow
from hub.store.tables import crosswalk_row
from hub.workspace import Crosswalk
from hub.workspace.crosswalks import DEFAULT


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

    def row(self, table: str, value: str) -> tuple[str, str] | None:
        """What a value stood for, and the row that says so; None if none did."""
        added = self._added(table, value)
        if added is not None:
            when = from_micros(added.added_at).isoformat(" ", "seconds")
            return added.target, f"row added {when} by {added.actor}"
        rows = [row for row in self._files.get(table, ()) if row.value in (value, DEFAULT) and row.is_valid(self._day)]
        row = min(rows, key=lambda row: row.value != value, default=None)
        if row is None:
            return None
        target = value if row.value == row.target == DEFAULT else row.target
        return target, f"{row.location.file}:{row.location.line}"

    def _added(self, table: str, value: str) -> AnyRow | None:
        day, row = self._day.isoformat(), crosswalk_row.c
        statement = (
            select(crosswalk_row)
            .where(row.crosswalk == table, row.source == value, row.added_at <= self._added_by)
            .where(row.valid_from.is_(None) | (row.valid_from <= day), row.valid_to.is_(None) | (row.valid_to >= day))
            .order_by(row.added_at.desc(), row.id.desc())
        )
        return self._connection.execute(statement).first()


class RecordedAnswers:
    """The Lookups of a run that is done again: what was answered then counts, whatever would be answered now.

    `given` holds every answer with the number of the field that asked, as `counting` says it.
    """

    def __init__(self, recorded: Mapping[str, Any], tables: Tables, numbers: Callable[[str, str], str | None]) -> None:
        self.given: list[tuple[int, Answer]] = []
        self.counting: Callable[[], int] = lambda: 0
        self._recorded = recorded
        self._tables = tables
        self._numbers = numbers

    def crosswalk(self, table: str, key: str, *, reverse: bool = False, on: date | None = None) -> str:
        question = crosswalk_question(table, key, reverse=reverse, on=on)
        row = None if reverse or on is not None else self._tables.row(table, key)
        recorded = question in self._recorded
        answer = self._recorded[question] if recorded else row[0] if row else None
        rule = row[1] if row and row[0] == answer else ""
        self._note(Answer(question, answer, rule, recorded))
        if answer is None:
            raise CrosswalkMissing(table, key)
        return str(answer)

    def xref(self, system: str, kind: str) -> str | None:
        question = f"xref:{system}:{kind}"
        recorded = question in self._recorded
        answer = self._recorded[question] if recorded else self._numbers(system, kind)
        self._note(Answer(question, answer, "", recorded))
        return None if answer is None else str(answer)

    def sequence(self, name: str) -> int:
        question = f"sequence:{name}"
        if question not in self._recorded:
            raise ValueRefused(f"no number of {name!r} was taken, since it was not made to its end")
        answer = int(self._recorded[question])
        self._note(Answer(question, str(answer), "", recorded=True))
        return answer

    def _note(self, answer: Answer) -> None:
        self.given.append((self.counting(), answer))
