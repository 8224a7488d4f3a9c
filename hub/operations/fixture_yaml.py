"""Writes a test into a mapping's file, with everything that stands there left as it is."""

from __future__ import annotations

from typing import Any

from hub.operations.yaml_text import block
from hub.source import Mapping, Problems, Sequence, parse


def with_test(text: str, file: str, test: dict[str, Any]) -> str | None:
    """The text of a mapping's file with one test more; None where its `tests` are not written as a list of lines."""
    root = parse(text, file, Problems())
    if not isinstance(root, Mapping):
        return None
    lines = text.rstrip().splitlines()
    tests = root.get("tests")
    if tests is None:
        return "\n".join([*lines, "tests:", *_item(test, "  ")]) + "\n"
    first = lines[tests.location.line - 1]
    if not isinstance(tests, Sequence) or not first.lstrip().startswith("- "):
        return None
    indent = first[: len(first) - len(first.lstrip())]
    behind = [place.line for place, _ in root.entries.values() if place.line > tests.location.line]
    end = min(behind) - 1 if behind else len(lines)
    while not lines[end - 1] or lines[end - 1].startswith("#"):
        end -= 1  # What stands above the next key belongs to that.
    return "\n".join([*lines[:end], *_item(test, indent), *lines[end:]]) + "\n"


def test_text(test: dict[str, Any]) -> str:
    """A test as it would stand in the file."""
    return "\n".join(_item(test, "  ")) + "\n"


def _item(test: dict[str, Any], indent: str) -> list[str]:
    lines = block(test)
    return [f"{indent}- {lines[0]}", *(f"{indent}  {line}" for line in lines[1:])]
