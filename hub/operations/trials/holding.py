"""What differs between what a test of a pipeline expects and what is so, in words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Final

from hub.mapping.compare import compare
from hub.mapping.expectation import differences
from hub.mapping.values import shown
from hub.operations.trials.looking import Look, Row
from hub.workspace.trials import Expected, ExpectedOrder, ExpectedRow, ExpectedRows

Content = Callable[[str], bytes]
"""The bytes of a file that a test names; RejectedMessage if it is not there."""

_WORDS: Final = frozenset(("reason", "contains", "waits"))
"""Keys of which a part is expected."""
_NAMING: Final = frozenset(("to", "type", "kind", "of"))
"""Keys that say what a row is about."""
_ONE: Final = {"documents": "document", "deliveries": "delivery", "failures": "failure"}


def unmet(expected: Expected, look: Look, before: Collection[str], content: Content) -> Iterator[str]:
    """What is not so, each with the place of its expectation. `before` are ids of rows that do not count."""
    for name, rows in expected.rows.items():
        found = [row for row in look.rows(name) if row.id not in before]
        yield from _unmet_rows(_ONE[name], rows, found, content)
    if expected.messages is not None:
        wanted = {state: count for state, count in expected.messages.items() if count}
        for difference in compare(wanted, look.messages(), partial=False):
            yield f"{expected.location}: messages: {difference}"
    if expected.order is not None:
        yield from _unmet_order(expected.order, look, content)


def _unmet_order(expected: ExpectedOrder, look: Look, content: Content) -> Iterator[str]:
    found = look.order(expected.find)
    if found is None:
        yield f"{expected.location}: order {expected.find}: expected it, found no such order"
        return

    for difference in differences(expected.view, found, source=None, read_file=content):
        yield f"{expected.location}: order {expected.find}: {difference}"


def _unmet_rows(what: str, expected: ExpectedRows, found: Sequence[Row], content: Content) -> Iterator[str]:
    faults = [[_faults(one, row, content) for row in found] for one in expected.rows]
    partners = pair([[not any(fault) for fault in of_one] for of_one in faults])
    left = [index for index in range(len(found)) if index not in partners.values()]
    for number, one in enumerate(expected.rows):
        if number in partners:
            continue
        if not left:
            yield f"{one.location}: expected a {what}, {_named(one)}; found {_list(found)}"
            continue
        nearest = min(left, key=lambda index: [_is_other(one, found[index]), *map(len, faults[number][index])])
        left.remove(nearest)
        yield f"{one.location}: {what}: found in its place {found[nearest].words}"
        yield from (f"{one.location}: {what}: {fault}" for some in faults[number][nearest] for fault in some)
    if not expected.partial:
        yield from (f"{expected.location}: not expected: {what} {found[index].words}" for index in left)


def _is_other(one: ExpectedRow, row: Row) -> bool:
    """Whether a row is about something else, and not only otherwise than expected."""
    return any(one.values[key] != row.values[key] for key in _NAMING & one.values.keys())


def _named(one: ExpectedRow) -> str:
    return ", ".join(f"{key} {shown(value)}" for key, value in one.values.items()) or "any"


def _list(found: Sequence[Row]) -> str:
    if not found:
        return "none"
    return f"{len(found)}, each expected by another line: " + "; ".join(row.words for row in found)


def _faults(one: ExpectedRow, row: Row, content: Content) -> tuple[list[str], list[str]]:
    """What of a row is not as one expects it: of its values, and of what it holds."""
    values = [
        f"{key}: expected {shown(value)}, found {shown(row.values[key])}"
        for key, value in one.values.items()
        if not _is_so(key, value, row.values[key])
    ]
    if one.tree is None:
        return values, []
    tree = differences(one.tree, row.tree, source=None, read_file=lambda path: row.read(content(path)))
    return values, [f"{row.holds}: {fault}" for fault in tree]


def _is_so(key: str, expected: Any, found: Any) -> bool:
    if key in _WORDS:
        return expected in found
    return bool(expected == found)


def pair(fits: Sequence[Sequence[bool]]) -> dict[int, int]:
    """Who goes with whom, so that as many as possible have a partner (augmenting paths, after Kuhn)."""
    taken: dict[int, int] = {}

    def place(number: int, tried: set[int]) -> bool:
        for index, fit in enumerate(fits[number]):
            if fit and index not in tried:
                tried.add(index)
                if index not in taken or place(taken[index], tried):
                    taken[index] = number
                    return True
        return False

    for number in range(len(fits)):
        place(number, set())
    return {number: index for index, number in taken.items()}
