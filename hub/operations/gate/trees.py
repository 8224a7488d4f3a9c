"""What differs between two trees, with paths, and values as they are shown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, Final

from pydantic_core import to_json

from hub.contract.values import fixed

Path = tuple[str | int, ...]


class _Nothing:
    """Where there is no value, which in a tree is not null."""


NOTHING: Final = _Nothing()

LONGEST: Final = 200
"""Characters of a value or a path that are shown."""


def differences(before: Any, after: Any, path: Path = ()) -> Iterator[tuple[Path, Any, Any]]:
    """The places at which trees differ, with both values; NOTHING where one has none.

    Numbers are the same if they are written the same: `1.50` is not `1.5`. Of lists of different
    lengths, equal items at both ends are put aside first, so that one that was left out is seen as that.
    """
    if isinstance(before, dict) and isinstance(after, dict):
        for key in (*before, *(key for key in after if key not in before)):
            yield from differences(before.get(key, NOTHING), after.get(key, NOTHING), (*path, key))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _of_lists(before, after, path)
    elif _differ(before, after):
        yield path, before, after


def _of_lists(before: list[Any], after: list[Any], path: Path) -> Iterator[tuple[Path, Any, Any]]:
    start, end = _same_ends(before, after) if len(before) != len(after) else (0, 0)
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    for place in range(max(len(old), len(new))):
        left = old[place] if place < len(old) else NOTHING
        right = new[place] if place < len(new) else NOTHING
        yield from differences(left, right, (*path, start + place))


def _same_ends(before: list[Any], after: list[Any]) -> tuple[int, int]:
    """How many items are equal at the beginning, and how many of the others at the end."""
    shorter = min(len(before), len(after))
    start = 0
    while start < shorter and _equal(before[start], after[start]):
        start += 1
    end = 0
    while end < shorter - start and _equal(before[-1 - end], after[-1 - end]):
        end += 1
    return start, end


def _equal(before: Any, after: Any) -> bool:
    return next(differences(before, after), None) is None


def _differ(before: Any, after: Any) -> bool:
    if before is NOTHING or after is NOTHING:
        return before is not after
    return json_of(before) != json_of(after)


def at(tree: Any, path: Path) -> Any:
    """What stands at a path of a tree; NOTHING if it ends before."""
    for part in path:
        inside = part in tree if isinstance(tree, dict) else isinstance(tree, list) and int(part) < len(tree)
        if not inside:
            return NOTHING
        tree = tree[part]
    return tree


def json_of(value: Any) -> str:
    """A value in JSON, so that texts and numbers are told apart; numbers with all their digits."""
    if isinstance(value, Decimal):
        return fixed(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json_of(key)}: {json_of(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(json_of, value)) + "]"
    if isinstance(value, date):
        value = value.isoformat()
    if isinstance(value, str):
        value = value.encode("utf-8", "replace").decode()
    return to_json(value).decode()


def shown(value: Any) -> str | None:
    """A value as it is shown, cut; None for NOTHING."""
    return None if value is NOTHING else cut(json_of(value))


def cut(text: str, most: int = LONGEST) -> str:
    """A text of `most` characters at most."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def name_of(path: Path, *, places: bool = True) -> str:
    """`lines[2].sku`, or `lines[].sku` without places: one name for all items."""
    parts = [f"[{part if places else ''}]" if isinstance(part, int) else f".{part}" for part in path]
    return cut("".join(parts).removeprefix("."))
