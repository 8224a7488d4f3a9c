"""What the README tells a newcomer to write is right as it stands."""

from __future__ import annotations

import re

from hub.operations.trials import pipeline_cases
from hub.workspace import read_directory, standard_library
from hub.workspace.checking import check
from hub.workspace.loader import read_draft
from tests.project.tree import ROOT

_FILE = re.compile(r"```yaml\n# (\S+)\n(.*?)```", re.DOTALL)


def test_the_first_connection_of_the_readme_is_a_right_configuration() -> None:
    written = {name: text.encode() for name, text in _FILE.findall((ROOT / "README.md").read_text())}
    assert sorted(written) == [
        "config/connections/my-erp.yaml",
        "mappings/my-erp/order.yaml",
        "pipelines/orders-to-my-erp.test.yaml",
        "pipelines/orders-to-my-erp.yaml",
    ]
    problems = check({**read_directory(ROOT), **written}, library=standard_library())
    assert [str(problem) for problem in problems] == []


def test_what_the_readme_expects_of_it_comes_true() -> None:
    written = {name: text.encode() for name, text in _FILE.findall((ROOT / "README.md").read_text())}
    files = {**read_directory(ROOT), **written}
    [case] = [
        case
        for case in pipeline_cases(read_draft(files, standard_library(), environ={}), files)
        if case.location.file == "pipelines/orders-to-my-erp.test.yaml"
    ]
    assert case.run() == []


def test_the_first_connection_takes_about_ten_lines() -> None:
    texts = [text for name, text in _FILE.findall((ROOT / "README.md").read_text()) if "test" not in name]
    assert sum(len(text.strip().splitlines()) for text in texts) <= 12
