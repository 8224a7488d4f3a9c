"""Reads tests of whole pipelines, and reports what is wrong with them as they stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from hub.mapping.expectation import Expectation, ExpectedError, ExpectedFile, ExpectedValue, read_expectation
from hub.pipelines.nodes import descend, find
from hub.source import Mapping, Node, Problems, Sequence, plain, validate
from hub.workspace.trials.clauses import MessageClause, StepClause, TrialClause
from hub.workspace.trials.expected import ExpectClause
from hub.workspace.trials.trial import (
    Arrival,
    Deed,
    Expected,
    ExpectedOrder,
    ExpectedRow,
    ExpectedRows,
    Mending,
    ReplayAll,
    Resumption,
    Step,
    Trial,
)

_LISTS: Final = {"documents": "content", "deliveries": "payload", "failures": ""}
"""The lists of an `expect`, and the key of a row that holds a tree."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What tests are of: its name, and where its messages arrive by default, if that is one place."""

    name: str
    connection: str | None = None
    type: str | None = None


def read_trials(node: Node | None, subject: Subject, problems: Problems) -> list[Trial]:
    """The tests of a list; what is wrong with them is added to `problems`."""
    if node is None:
        return []
    if not isinstance(node, Sequence):
        problems.error("wrong-type", "'tests' must be a list", node.location)
        return []
    found = [(item, _Reader(subject, problems).read(item)) for item in node.items]
    seen: set[str] = set()
    for item, trial in found:
        if trial is not None and trial.name in seen:
            problems.error("duplicate-name", f"two tests are called {trial.name!r}", item.location)
        if trial is not None:
            seen.add(trial.name)
    return [trial for _, trial in found if trial is not None]


class _Reader:
    """Reads one test. Goes on after an error, so that all are reported."""

    def __init__(self, subject: Subject, problems: Problems) -> None:
        self._subject = subject
        self._problems = problems

    def read(self, node: Node) -> Trial | None:
        """The test of a node, or None."""
        clause = validate(TrialClause, node, self._problems)
        if clause is None:
            return None
        before = len(self._problems.errors)
        steps = tuple(self._steps(clause, node))
        if len(self._problems.errors) > before:
            return None
        return Trial(self._subject.name, clause.name, node.location, clause.at, clause.given.crosswalk, steps)

    def _steps(self, clause: TrialClause, node: Node) -> Iterator[Step]:
        if clause.expect is not None:
            message = MessageClause(connection=clause.connection, type=clause.type, input=clause.input)
            yield Step(descend(node, "input").location, self._arrival(message, node))
            yield Step(descend(node, "expect").location, self._expected(clause.expect, descend(node, "expect")))
        for index, step in enumerate(clause.steps):
            place = descend(node, "steps", index)
            yield Step(place.location, self._deed(step, place))

    def _deed(self, step: StepClause, node: Node) -> Deed:
        deed = step.deed
        if step.message is not None:
            return self._arrival(step.message, descend(node, "message"))
        if step.expect is not None:
            return self._expected(step.expect, descend(node, "expect"))
        if step.crosswalk is not None:
            return Mending(step.crosswalk)
        if step.resume is not None:
            return Resumption(step.resume)
        return ReplayAll() if deed == "all" else deed

    def _arrival(self, clause: MessageClause, node: Node) -> Arrival:
        connection = clause.connection or self._subject.connection
        own = clause.connection in (None, self._subject.connection)
        type_ = clause.type or (self._subject.type if own else None)
        for key, value in (("connection", connection), ("type", type_)):
            if value is None:
                message = f"a message of {self._subject.name} needs its {key}"
                self._problems.error("missing-key", message, node.location, f"add {key}: NAME")
        return Arrival(
            connection=connection or "",
            type=type_ or "",
            input=clause.input,
            file=self._file(descend(node, "input")),
            changes=clause.changes,
            headers=clause.headers,
            key=clause.key,
            name=clause.name,
        )

    def _file(self, node: Node) -> str | None:
        """The path of `{$file: path}`; None if what arrives stands there itself."""
        if not isinstance(node, Mapping) or "$file" not in node.entries:
            return None
        path = plain(node.entries["$file"][1])
        if len(node.entries) > 1 or not isinstance(path, str) or not path:
            self._problems.error("wrong-type", "an input from a file is {$file: path}", node.location)
            return None
        return path

    def _expected(self, clause: ExpectClause, node: Node) -> Expected:
        given = [name for name in _LISTS if name in clause.model_fields_set]
        return Expected(
            location=node.location,
            since_last=clause.since == "last",
            rows={name: self._rows(clause, name, descend(node, name)) for name in given},
            order=None if clause.order is None else self._order(clause.order, descend(node, "order")),
            messages=clause.messages,
        )

    def _rows(self, clause: ExpectClause, name: str, node: Node) -> ExpectedRows:
        listed: Any = getattr(clause, name)
        partial = not isinstance(listed, list)
        clauses = listed.partial if partial else listed
        items = descend(node, "$partial") if partial else node
        rows = (self._row(one, descend(items, index), _LISTS[name]) for index, one in enumerate(clauses))
        return ExpectedRows(node.location, tuple(rows), partial)

    def _row(self, clause: Any, node: Node, tree_key: str) -> ExpectedRow:
        values = clause.model_dump(mode="json", exclude_unset=True, exclude={tree_key})
        tree = find(node, tree_key)
        return ExpectedRow(node.location, values, None if tree is None else self._tree(tree))

    def _order(self, given: dict[str, Any], node: Node) -> ExpectedOrder:
        entries = {key: entry for key, entry in getattr(node, "entries", {}).items() if key != "find"}
        view: Expectation | None
        if any(key.startswith("$") for key in entries):
            view = self._tree(Mapping(node.location, entries))
        else:
            view = ExpectedValue(node.location, {key: plain(value) for key, (_, value) in entries.items()}, True)
        if isinstance(view, ExpectedFile):
            message = "an order is not expected as a file, since its times and ids are of the moment"
            self._problems.error("not-allowed", message, view.location, "write what must be in it")
        return ExpectedOrder(node.location, given["find"], view or ExpectedValue(node.location, {}, True))

    def _tree(self, node: Node) -> Expectation | None:
        found = read_expectation(node, self._problems)
        if isinstance(found, ExpectedError):
            message = "here is always something; what failed stands under failures"
            self._problems.error("not-allowed", message, node.location, "expect failures: [{contains: …}]")
        return found
