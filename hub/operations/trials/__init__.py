"""Runs the tests of a workspace's pipelines: messages through the whole hub, in this process.

The hub's own parts work on a database of the test's own; counterparts are played, so that nothing
opens a socket, reads a variable or needs a secret.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date

from hub.contract.errors import CrossdockError
from hub.operations.trials.playing import Play
from hub.pipelines.nodes import find
from hub.runtime.trial import TrialHub, fresh_store
from hub.source import ConfigurationRefused, Location, Problems, parse
from hub.telemetry.logs import silenced
from hub.workspace.crosswalks import Crosswalk, Row
from hub.workspace.files import Files
from hub.workspace.loader import Draft
from hub.workspace.offline import OfflineWorkspace
from hub.workspace.testing import Rewrite
from hub.workspace.trials import Trial, trials_of


class TrialCase:
    """One test of a pipeline, with the workspace it runs in."""

    def __init__(self, trial: Trial, draft: Draft) -> None:
        self._trial = trial
        self._draft = draft

    @property
    def subject(self) -> str:
        """`pipeline orders`, or `pipelines` and the name of the file for tests of several."""
        return self._trial.subject

    @property
    def name(self) -> str:
        """As the test says."""
        return self._trial.name

    @property
    def location(self) -> Location:
        """That of the test."""
        return self._trial.location

    def run(self) -> list[str]:
        """What differs at the first step that is not as expected; what is wrong with the workspace, if anything is."""
        if self._draft.problems.errors:
            return [str(problem) for problem in self._draft.problems.errors]
        workspace = OfflineWorkspace(self._draft, _tables(self._trial.crosswalks))
        try:
            with silenced(), fresh_store() as store:
                return asyncio.run(Play(self._trial, TrialHub(store, workspace, self._trial.at)).differences())
        except CrossdockError as error:
            return [error.message]

    def rewrite(self) -> Rewrite | None:
        """What must be so is for a person to say."""
        return None


def pipeline_cases(draft: Draft, own: Files) -> list[TrialCase]:
    """The tests of pipelines that stand in the workspace's own files; ConfigurationRefused if one cannot be read.

    Each runs the whole workspace, so that it fails where anything there has errors.
    """
    problems = Problems()
    trials = [trial for trial in trials_of(draft, problems) if trial.location.file in own]
    if problems.errors or _hides_tests(draft, own):
        raise ConfigurationRefused([*draft.problems.errors, *problems.errors])
    return [TrialCase(trial, draft) for trial in trials]


def _hides_tests(draft: Draft, own: Files) -> bool:
    """Whether a pipeline that has errors has tests, which then cannot be read."""
    wrong = {problem.location.file for problem in draft.problems.errors if problem.location.file in own}
    pipelines = [path for path in wrong if path.startswith("pipelines/")]
    return any(find(parse(own[path], path, Problems()), "tests") is not None for path in pipelines)


def _tables(given: Mapping[str, Mapping[str, str]]) -> dict[str, Crosswalk]:
    nowhere = Location("", 1, 1)
    return {
        name: Crosswalk(name, [Row(value, code, date.min, date.max, nowhere) for value, code in rows.items()])
        for name, rows in given.items()
    }
