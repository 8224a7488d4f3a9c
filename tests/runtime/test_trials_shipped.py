"""The tests of pipelines that ship, and those of docs/reference/testing.md, on the workspace that ships."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from hub.operations.trials import pipeline_cases
from hub.workspace import read_directory, standard_library
from hub.workspace.loader import read_draft
from hub.workspace.trials.clauses import AnswerClause, FaultClause, MessageClause, StepClause, TrialClause
from hub.workspace.trials.expected import ExpectClause, ExpectedDelivery, ExpectedDocument, ExpectedFailure

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/testing.md").read_text(encoding="utf-8")
EXAMPLES = {
    path: text.encode()
    for path, text in re.findall(r"^`(pipelines/[^`]+)`:\n\n```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
}
MODELS = [
    TrialClause,
    StepClause,
    MessageClause,
    FaultClause,
    AnswerClause,
    ExpectClause,
    ExpectedDocument,
    ExpectedDelivery,
    ExpectedFailure,
]


def test_all_that_ship_and_those_of_the_page_pass():
    files = read_directory(ROOT)
    draft = read_draft(files, standard_library(), environ={})
    shipped = pipeline_cases(draft, files)
    draft.files = {**files, **EXAMPLES}
    shown = [case for case in pipeline_cases(draft, EXAMPLES) if case.location.file in EXAMPLES]
    assert {case.subject for case in shipped} >= {
        "pipeline orders-from-shop",
        "pipeline orders-from-bigbox",
        "pipeline returns-from-shop",
        "pipeline shipments-from-east",
    }
    assert len(shown) == 3
    failed = {f"{case.location} {case.name}": found for case in [*shipped, *shown] if (found := case.run())}
    assert failed == {}


@pytest.mark.parametrize("model", MODELS)
def test_every_key_is_documented_and_none_else(model: type[BaseModel]):
    rows = PAGE.split(f"<!-- keys: {model.__name__} -->\n")[1].split("\n\n")[0].splitlines()[3 - 1 :]
    keys = [key for row in rows for key in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert sorted(keys) == sorted(field.alias or name for name, field in model.model_fields.items())
