"""docs/reference/testing.md: its tests of mappings run, and reach what it says."""

from __future__ import annotations

import re
from pathlib import Path

from hub.operations.testing import run_workspace_tests
from hub.workspace.testing import run_tests

PAGE = (Path(__file__).parents[2] / "docs/reference/testing.md").read_text(encoding="utf-8")
FILES = {
    path: text.encode()
    for path, text in re.findall(r"^`(mappings/[^`]+)`:\n\n```\w+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
}


def test_the_examples_of_tests_of_mappings_pass() -> None:
    results = run_tests(FILES)
    assert [(one.name, one.differences) for one in results if not one.passed] == []
    assert {one.location.file for one in results} == {
        "mappings/shop/order.yaml",
        "mappings/shop/order_more.test.yaml",
    }


def test_each_way_to_expect_something_has_an_example() -> None:
    examples = b"".join(FILES.values()).decode()
    assert [kind for kind in ("$partial", "$expr", "$file", "$error") if f"{kind}:" not in examples] == []
    assert [kind for kind in ("$partial", "$expr", "$file", "$error") if f"`{{{kind}: " not in PAGE] == []


def test_the_failure_and_the_coverage_that_are_shown_are_true(tmp_path: Path) -> None:
    for path, content in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content.replace(b"{email: ada@mail.example}", b"{email: ada@mail.exmaple}"))
    run = run_workspace_tests(tmp_path, coverage=True)
    [failed] = run.failed
    assert f"✗ {failed.file}:{failed.line}: {failed.subject}: {failed.name}\n    {failed.differences[0]}\n" in PAGE
    assert f"1 of {len(run.tests)} tests failed." in PAGE
    [covered] = run.coverage
    assert f"mapping {covered.mapping}: {covered.reached} of {covered.total} fields and branches reached\n" in PAGE
