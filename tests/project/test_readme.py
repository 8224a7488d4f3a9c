"""What the README tells a newcomer to write is right as it stands."""

from __future__ import annotations

import re

from hub.workspace import check, read_directory, standard_library
from tests.project.tree import ROOT

_FILE = re.compile(r"```yaml\n# (\S+)\n(.*?)```", re.DOTALL)


def test_the_first_connection_of_the_readme_is_a_right_configuration() -> None:
    written = {name: text.encode() for name, text in _FILE.findall((ROOT / "README.md").read_text())}
    assert sorted(written) == [
        "config/connections/my-erp.yaml",
        "mappings/my-erp/order.yaml",
        "pipelines/orders-to-my-erp.yaml",
    ]
    problems = check({**read_directory(ROOT), **written}, library=standard_library())
    assert [str(problem) for problem in problems] == []


def test_the_first_connection_takes_about_ten_lines() -> None:
    texts = [text for _, text in _FILE.findall((ROOT / "README.md").read_text())]
    assert sum(len(text.strip().splitlines()) for text in texts) <= 12
