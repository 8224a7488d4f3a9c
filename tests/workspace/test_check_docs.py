"""docs/reference/check.md names every kind of finding, and each of its examples is found as it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.workspace.checking import check

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/check.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(?P<form>yaml|csv|json)\n# (?P<path>\S+)\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL)
KIND = re.compile(r"^\| `([a-z-]+)` \|", re.MULTILINE)
STARTS_ALONE = {"unset-variable", "unreadable-file", "unknown-environment"}


def workspace() -> dict[str, str]:
    """The files at the top of the page. In YAML the comment that names the file is its first line."""
    return {
        one["path"]: f"# {one['path']}\n{one['text']}" if one["form"] == "yaml" else one["text"]
        for one in BLOCK.finditer(PAGE)
    }


@dataclass(frozen=True)
class Example:
    """A change of a file, and what is found of it."""

    finding: str
    path: str
    before: str
    after: str

    @property
    def kind(self) -> str:
        return self.finding.split(": ")[1]

    def changed(self) -> dict[str, bytes]:
        """The workspace with the change."""
        files = workspace()
        if self.before:
            assert files[self.path].count(self.before) == 1
            files[self.path] = files[self.path].replace(self.before, self.after)
        else:
            assert self.path not in files
            files[self.path] = self.after
        return {path: text.encode() for path, text in files.items()}


def examples() -> Iterator[Example]:
    for block in re.findall(r"^```diff\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        for text in block.strip("\n").split("\n\n"):
            finding, *lines = text.split("\n")
            named = [line[4:] for line in lines if line.startswith("+++ ")]
            lines = [line for line in lines if not line.startswith("+++ ")]
            before = "".join(f"{line[1:]}\n" for line in lines if line[0] in " -")
            after = "".join(f"{line[1:]}\n" for line in lines if line[0] in " +")
            yield Example(finding, *(named or [finding.split(":")[0]]), before, after)


EXAMPLES = list(examples())


def found_of(files: dict[str, bytes]) -> list[str]:
    return [str(problem) for problem in check(files)]


def test_nothing_is_wrong_with_the_workspace_of_the_page() -> None:
    assert found_of({path: text.encode() for path, text in workspace().items()}) == []


@pytest.mark.parametrize("example", EXAMPLES, ids=[f"{one.kind}-{one.path}" for one in EXAMPLES])
def test_every_example_is_found_as_the_page_says(example: Example) -> None:
    assert example.finding in found_of(example.changed())


def test_every_kind_has_an_example_and_a_line_in_a_table() -> None:
    listed = KIND.findall(PAGE)
    assert sorted(listed) == sorted(set(listed))
    assert set(listed) - STARTS_ALONE == {one.kind for one in EXAMPLES}


def test_every_kind_that_is_reported_is_listed() -> None:
    reported = set()
    for folder in ("source", "pipelines", "workspace", "mapping", "ledger"):
        for path in sorted((ROOT / "hub" / folder).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            reported |= set(re.findall(r'\b_?(?:error|warning)\(\s*"([a-z]+-[a-z-]+|syntax|limit)"', text))
    assert sorted(reported - set(KIND.findall(PAGE))) == []
    assert {"unknown-path", "unknown-filter", "syntax"} <= reported
