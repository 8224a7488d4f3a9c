"""Writes a test into a mapping's file, with everything that stands there left as it is."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from typing import Any, Final

from hub.contract.values import fixed
from hub.source import Mapping, Problems, Sequence, parse

_PLAIN: Final = re.compile(r"\$?[A-Za-z_][A-Za-z0-9_]*")
_WORDS: Final = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))


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
    lines = _block(test)
    return [f"{indent}- {lines[0]}", *(f"{indent}  {line}" for line in lines[1:])]


def _block(value: Any) -> list[str]:
    """A value that is no empty collection, as lines of YAML."""
    if isinstance(value, dict) and value:
        return [line for key, item in value.items() for line in _under(f"{_key(key)}:", item)]
    if isinstance(value, list) and value:
        return [line for item in value for line in _dashed(_block(item))]
    return [_scalar(value)]


def _under(key: str, value: Any) -> list[str]:
    lines = _block(value)
    if isinstance(value, dict | list) and value:
        return [key, *(f"  {line}" for line in lines)]
    return [f"{key} {lines[0]}"]


def _dashed(lines: list[str]) -> list[str]:
    return [f"- {lines[0]}", *(f"  {line}" for line in lines[1:])]


def _key(key: str) -> str:
    return key if _PLAIN.fullmatch(key) and key.lower() not in _WORDS else json.dumps(key)


def _scalar(value: Any) -> str:
    if isinstance(value, Decimal):
        return fixed(value)
    if isinstance(value, date):
        return json.dumps(value.isoformat())
    # JSON's texts are texts in YAML, too, whatever they look like.
    return json.dumps(value)
