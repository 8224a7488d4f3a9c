"""Reads what constructs are given that is more than one expression: keys to sort by, conditions with messages."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeVar

from hub.mapping.plan import Check, SortKey, Source
from hub.source import Mapping, Node, Problems, Scalar, Sequence, nearest

Compile = Callable[[Node], Source | None]
"""Makes the expression of a node, or reports what is wrong with it."""

_T = TypeVar("_T")
_PART: Final = re.compile(r"\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+")


def read_sort(node: Node, compile_source: Compile, problems: Problems) -> tuple[SortKey, ...] | None:
    """The keys of a `$sort`: one, or a list of them; None if problems were reported."""
    return _one_or_several(node, lambda item: _sort_key(item, compile_source, problems))


def read_checks(node: Node, compile_source: Compile, problems: Problems) -> tuple[Check, ...] | None:
    """The conditions of a `$require` or an `$assert`: one, or a list; None if problems were reported."""
    return _one_or_several(node, lambda item: _check(item, compile_source, problems))


def read_flag(node: Mapping, key: str, problems: Problems) -> bool | None:
    """The truth value under a key, false if there is none; None if it is something else, which is reported."""
    value = node.get(key)
    if value is None:
        return False
    if isinstance(value, Scalar) and isinstance(value.value, bool):
        return value.value
    problems.error("wrong-type", f"{key} is true or false", value.location)
    return None


def has_switch_keys(switch: Mapping, problems: Problems) -> bool:
    """Whether a `$switch` has what it needs; keys that it does not know are reported."""
    for key, (location, _) in switch.entries.items():
        if key not in ("on", "cases", "default"):
            suggestion = nearest(key, ("on", "cases", "default"))
            problems.error("unknown-key", f"unknown key {key!r} in $switch", location, suggestion)
    cases = switch.get("cases")
    return isinstance(switch.get("on"), Scalar) and isinstance(cases, Mapping) and bool(cases.entries)


def _one_or_several(node: Node, read: Callable[[Node], _T | None]) -> tuple[_T, ...] | None:
    items = node.items if isinstance(node, Sequence) else [node]
    found = [read(item) for item in items]
    complete = tuple(item for item in found if item is not None)
    return complete if len(complete) == len(found) else None


def _sort_key(node: Node, compile_source: Compile, problems: Problems) -> SortKey | None:
    if not isinstance(node, Mapping):
        source = compile_source(node)
        return SortKey(source) if source else None
    if not _has_keys(node, "$sort", "by", "descending", problems):
        return None
    source = compile_source(node.entries["by"][1])
    descending = read_flag(node, "descending", problems)
    return SortKey(source, descending) if source and descending is not None else None


def _check(node: Node, compile_source: Compile, problems: Problems) -> Check | None:
    if not isinstance(node, Mapping):
        condition = compile_source(node)
        return Check(condition) if condition else None
    if not _has_keys(node, "a condition", "when", "message", problems):
        return None
    condition = compile_source(node.entries["when"][1])
    text = node.get("message")
    message = () if text is None else _message(text, compile_source, problems)
    return Check(condition, message) if condition and message is not None else None


def _has_keys(node: Mapping, what: str, needed: str, optional: str, problems: Problems) -> bool:
    """Whether a mapping has one key, may have another, and has nothing else."""
    known = (needed, optional)
    unknown = [key for key in node.entries if key not in known]
    for key in unknown:
        suggestion = nearest(key, known) or f"known are {', '.join(known)}"
        problems.error("unknown-key", f"unknown key {key!r} in {what}", node.entries[key][0], suggestion)
    if needed not in node.entries:
        problems.error("missing-key", f"{what} needs {needed!r}, an expression", node.location)
    return needed in node.entries and not unknown


def _message(node: Node, compile_source: Compile, problems: Problems) -> tuple[str | Source, ...] | None:
    """The parts of a message: text, and what stands in braces as expressions. `{{` and `}}` are braces."""
    if not isinstance(node, Scalar) or not isinstance(node.value, str) or not node.value:
        problems.error("wrong-type", "'message' is a text", node.location)
        return None
    parts: list[str | Source | None] = []
    for part in _PART.findall(node.value):
        if part in ("{", "}"):
            problems.error("syntax", f"a lone {part} in a message", node.location, f"write {part * 2} for a brace")
            return None
        if part.startswith("{") and part != "{{":
            inside = part[1:-1].strip()
            parts.append(compile_source(Scalar(node.location, inside, inside, plain=True)))
        else:
            parts.append(part[0] if part in ("{{", "}}") else part)
    complete = tuple(part for part in parts if part is not None)
    return complete if len(complete) == len(parts) else None
