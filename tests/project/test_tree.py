"""What holds for every file of the project."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.project.tree import ROOT, files, texts

TOP_LEVEL = {
    *("connectors", "mappings", "pipelines", "hub", "config", "tests", "docs", "bench"),
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE"),
    *("pyproject.toml", "Makefile", "Dockerfile", "docker-compose.yml"),
}
WRITTEN_BY_HAND = {".py", ".md", ".yaml", ".yml", ".toml", ".html", ".css", ".js", ".sh"}
LONGEST = 600
"""Lines of the longest file that can still be read at a sitting."""

# Spelled so that this file does not find itself.
OUTSIDE = re.compile(r"/wor" r"k/|\bshare" r"d\W{1,6}(?:samples|reference|DESIGN)")
HOSTS = re.compile(
    r"pypi\.or" r"g|pythonhosted\.or" r"g|npmjs\.(?:com|org)|\w\.debian\.or" r"g|--(?:extra-)?index-url[ =]"
)
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME)\b")


def places(pattern: re.Pattern[str]) -> list[str]:
    """Where the pattern occurs, as `file:line: text`."""
    return [
        f"{path}:{number}: {line.strip()[:100]}"
        for path, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def project() -> dict[str, object]:
    """The table `project` of pyproject.toml."""
    table: dict[str, object] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return table


def test_the_top_level_holds_what_it_should_only() -> None:
    found = {path.parts[0] for path in files()}
    assert {name for name in found if not name.startswith(".")} <= TOP_LEVEL


def test_no_file_points_outside_the_project() -> None:
    assert places(OUTSIDE) == []


def test_no_file_names_a_package_registry() -> None:
    assert places(HOSTS) == []


def test_nothing_is_left_unfinished() -> None:
    assert places(UNFINISHED) == []


def test_every_file_can_be_read_at_a_sitting() -> None:
    by_hand = [(path, text) for path, text in texts() if path.suffix in WRITTEN_BY_HAND and "samples" not in path.parts]
    assert {str(path): len(text.splitlines()) for path, text in by_hand if len(text.splitlines()) > LONGEST} == {}


def test_no_file_is_empty_but_package_markers() -> None:
    empty = [str(path) for path in files() if not (ROOT / path).stat().st_size and path.name != "__init__.py"]
    assert empty == []


def test_every_folder_of_code_is_a_package() -> None:
    # Import rules see packages only, and a worker finds connectors by them.
    code = {path.parent for path in files() if path.suffix == ".py" and path.parts[0] in {"hub", "connectors"}}
    assert [str(folder) for folder in sorted(code) if not (ROOT / folder / "__init__.py").is_file()] == []


def test_a_connector_comes_with_readme_and_simulator() -> None:
    folders = {path.parent for path in files() if path.parts[0] == "connectors" and path.name == "connector.py"}
    expected = [folder / name for folder in sorted(folders) for name in ("README.md", "simulator.py")]
    assert [str(path) for path in expected if not (ROOT / path).is_file()] == []


def test_the_changelog_has_the_version() -> None:
    version = str(project()["version"])
    heading = "Unreleased" if ".dev" in version else version
    assert f"## [{heading}]" in (ROOT / "CHANGELOG.md").read_text()


def test_the_license_is_what_the_package_says() -> None:
    assert project()["license"] == "Apache-2.0"
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "The Crossdock authors" in text


def requirements() -> list[Requirement]:
    """Every requirement that pyproject.toml declares."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lists = [
        declared["project"]["dependencies"],
        *declared["project"]["optional-dependencies"].values(),
        *declared["dependency-groups"].values(),
    ]
    return [Requirement(text) for listed in lists for text in listed]


def pins() -> dict[str, str]:
    """The pinned version of each package of `.ci/requirements*.txt`."""
    lines = [
        line for path in sorted((ROOT / ".ci").glob("requirements*.txt")) for line in path.read_text().splitlines()
    ]
    pinned = [re.match(r"([a-z0-9._-]+)==([^ ]+)", line) for line in lines]
    return {canonicalize_name(found[1]): found[2] for found in pinned if found}


@pytest.mark.parametrize("requirement", requirements(), ids=str)
def test_a_requirement_is_pinned_to_what_it_allows(requirement: Requirement) -> None:
    pinned = pins().get(canonicalize_name(requirement.name))
    assert pinned is not None, "run make lock"
    assert requirement.specifier.contains(pinned, prereleases=True), "run make lock"


def undocumented(path: Path) -> list[str]:
    """Public things of a module that have no docstring."""
    module = ast.parse((ROOT / path).read_text())
    nodes = [node for node in module.body if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)]
    missing = [node.name for node in nodes if not node.name.startswith("_") and ast.get_docstring(node) is None]
    return missing if ast.get_docstring(module) else ["the module itself", *missing]


def test_the_contracts_are_documented() -> None:
    modules = [path for path in files() if path.is_relative_to("hub/contract") and path.suffix == ".py"]
    assert modules
    assert {str(path): missing for path in modules if (missing := undocumented(path))} == {}
