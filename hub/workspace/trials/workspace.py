"""The tests of a workspace's pipelines: those that stand in them, and those of `pipelines/**/*.test.yaml`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from hub.contract.registry import ANY, connector_types, nearest
from hub.mapping.expectation import ExpectedFile
from hub.pipelines import Pipeline
from hub.pipelines.nodes import find
from hub.source import Location, Problems, parse, validate
from hub.workspace.files import is_test_file
from hub.workspace.loader import Draft
from hub.workspace.samples import sample_path
from hub.workspace.testing.reading import check_sample
from hub.workspace.trials.clauses import AnswerClause, FaultClause, ReplayClause, SettleClause, TrialFile
from hub.workspace.trials.reading import Subject, read_trials
from hub.workspace.trials.trial import Arrival, Deed, Expected, Mending, Resumption, Trial

_ABOUT_ONE: Final = (AnswerClause, FaultClause, ReplayClause, SettleClause, Resumption)
"""What is about one connection."""


def trials_of(draft: Draft, problems: Problems) -> list[Trial]:
    """All tests of the pipelines that could be read; what is wrong with them is added to `problems`."""
    found = []
    for pipeline, node in draft.pipelines:
        found += read_trials(find(node, "tests"), _subject(pipeline), problems)
    for path in sorted(draft.files):
        if path.startswith("pipelines/") and is_test_file(PurePosixPath(path)):
            found += _read_file(path, draft, problems)
    return found


def check_trials(draft: Draft, problems: Problems) -> None:
    """Add what is wrong with tests of pipelines, and what they name that is not there, to `problems`."""
    for trial in trials_of(draft, problems):
        _Check(trial, draft, problems).check()


def named_files(trial: Trial) -> Iterator[tuple[Location, str]]:
    """The files that a test names, as their paths in the workspace, each with its place."""
    for step in trial.steps:
        if isinstance(step.deed, Arrival) and step.deed.file is not None:
            yield step.location, sample_path(trial, step.deed.file)
        elif isinstance(step.deed, Expected):
            trees = [row.tree for rows in step.deed.rows.values() for row in rows.rows]
            yield from ((one.location, sample_path(trial, one.path)) for one in trees if isinstance(one, ExpectedFile))


def _subject(pipeline: Pipeline) -> Subject:
    only = next(iter(pipeline.types)) if len(pipeline.types) == 1 else None
    return Subject(f"pipeline {pipeline.name}", pipeline.connection, only)


def _read_file(path: str, draft: Draft, problems: Problems) -> list[Trial]:
    node = parse(draft.files[path], path, problems)
    file = None if node is None else validate(TrialFile, node, problems)
    if node is None or file is None:
        return []
    subject: Subject | None = Subject(f"pipelines {PurePosixPath(path).name.removesuffix('.test.yaml')}")
    if file.pipeline is not None:
        pipelines = {pipeline.name: pipeline for pipeline, _ in draft.pipelines}
        subject = _subject(pipelines[file.pipeline]) if file.pipeline in pipelines else None
    if file.pipeline in draft.refused_pipelines:
        return []
    if subject is None:
        named = find(node, "pipeline") or node
        known = [pipeline.name for pipeline, _ in draft.pipelines]
        message = f"there is no pipeline {file.pipeline!r}"
        problems.error("unknown-pipeline", message, named.location, nearest(str(file.pipeline), known))
        return []
    return read_trials(find(node, "tests"), subject, problems)


class _Check:
    """What one test names: connections, payload types, crosswalks, files."""

    def __init__(self, trial: Trial, draft: Draft, problems: Problems) -> None:
        self._trial = trial
        self._draft = draft
        self._problems = problems

    def check(self) -> None:
        for name in self._trial.crosswalks:
            self._crosswalk(name, self._trial.location)
        for where, path in named_files(self._trial):
            check_sample(path, where, self._draft.files, self._problems)
        for step in self._trial.steps:
            self._check(step.deed, step.location)

    def _check(self, deed: Deed, where: Location) -> None:
        if isinstance(deed, Arrival):
            self._arrival(deed, where)
        elif isinstance(deed, _ABOUT_ONE) and deed.connection is not None:
            self._connection(deed.connection, where)
        elif isinstance(deed, Mending):
            for name in deed.tables:
                self._crosswalk(name, where)
        elif isinstance(deed, Expected):
            self._expected(deed)

    def _arrival(self, arrival: Arrival, where: Location) -> None:
        if not self._connection(arrival.connection, where):
            return
        connection = self._draft.connections[arrival.connection]
        if connection.spec.type not in connector_types():
            return  # Reported with the connection.
        emits = connection.connector.emits
        if arrival.type not in emits and ANY not in emits:
            message = f"{arrival.connection!r} sends no {arrival.type!r}"
            suggestion = nearest(arrival.type, emits) or f"known are {', '.join(sorted(emits))}"
            self._problems.error("unknown-type", message, where, suggestion)

    def _expected(self, expected: Expected) -> None:
        for row in expected.rows["deliveries"].rows if "deliveries" in expected.rows else ():
            if "to" in row.values:
                self._connection(row.values["to"], row.location)

    def _connection(self, name: str, where: Location) -> bool:
        known = name in self._draft.connections
        if not known and name not in self._draft.refused_connections:
            suggestion = nearest(name, self._draft.connections)
            self._problems.error("unknown-connection", f"there is no connection {name!r}", where, suggestion)
        return known

    def _crosswalk(self, name: str, where: Location) -> None:
        if name not in self._draft.crosswalks:
            suggestion = nearest(name, self._draft.crosswalks)
            self._problems.error("unknown-crosswalk", f"there is no crosswalk {name!r}", where, suggestion)
