"""What differs between an expected and an actual output."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from hub.mapping.filters.numbers import to_decimal
from hub.mapping.values import is_number, shown


def compare(expected: Any, actual: Any, partial: bool) -> list[str]:
    """The differences, each with its path; none if `actual` is what was expected.

    A number equals a number or a text of the same value, a time an ISO 8601 text of the same
    moment. With `partial`, objects may have keys that are not expected; lists have as many items.
    """
    return _compare(expected, actual, partial, "")


def _compare(expected: Any, actual: Any, partial: bool, path: str) -> list[str]:
    if isinstance(expected, dict) and isinstance(actual, dict):
        return _objects(expected, actual, partial, path)
    if isinstance(expected, list) and isinstance(actual, list):
        return _lists(expected, actual, partial, path)
    if _equal(expected, actual):
        return []
    return [f"{path or 'the output'}: expected {shown(expected)}, found {shown(actual)}"]


def _objects(expected: dict[str, Any], actual: dict[str, Any], partial: bool, path: str) -> list[str]:
    found: list[str] = []
    for key, value in expected.items():
        place = _join(path, key)
        if key in actual:
            found += _compare(value, actual[key], partial, place)
        else:
            found.append(f"{place}: expected {shown(value)}, found nothing")
    if not partial:
        extra = [key for key in actual if key not in expected]
        found += [f"{_join(path, key)}: not expected, found {shown(actual[key])}" for key in extra]
    return found


def _lists(expected: list[Any], actual: list[Any], partial: bool, path: str) -> list[str]:
    found: list[str] = []
    if len(actual) != len(expected):
        found.append(f"{path or 'the output'}: expected {len(expected)} items, found {len(actual)}")
    for index, (left, right) in enumerate(zip(expected, actual, strict=False)):
        found += _compare(left, right, partial, f"{path}[{index}]")
    return found


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _equal(expected: Any, actual: Any) -> bool:
    if isinstance(expected, str) and is_number(actual):
        return _is_number_of(expected, actual)
    if isinstance(expected, str) and isinstance(actual, date):
        return _is_time_of(expected, actual)
    if is_number(expected) or is_number(actual):
        return is_number(expected) and is_number(actual) and bool(expected == actual)
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    return bool(expected == actual)


def _is_number_of(text: str, number: Any) -> bool:
    try:
        return bool(to_decimal(text) == number)
    except ValueError:
        return False


def _is_time_of(text: str, moment: date) -> bool:
    try:
        read = datetime.fromisoformat(text) if isinstance(moment, datetime) else date.fromisoformat(text)
    except ValueError:
        return False
    return read == moment
