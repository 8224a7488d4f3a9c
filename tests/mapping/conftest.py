"""Mappings from text, and lookups that answer from dictionaries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from hub.mapping import CrosswalkMissing, Expression, Mapping, compile_expression, compile_mapping
from hub.source import Location, Problems, Scalar, parse

HEAD = "mapping: test/map\nfrom: test.in\nto: Out\n"


class Answers:
    """Lookups from dictionaries; running numbers count up from 1."""

    def __init__(self, xref: Any = None, crosswalk: Any = None) -> None:
        self.numbers = xref or {}
        self.tables = crosswalk or {}
        self.taken: list[str] = []

    def crosswalk(self, table: str, key: str, *, reverse: bool = False, on: date | None = None) -> str:
        if reverse:
            return next(value for value, code in self.tables[table].items() if code == key)
        if key not in self.tables.get(table, {}):
            raise CrosswalkMissing(table, key)
        return self.tables[table][key]

    def xref(self, system: str, kind: str) -> str | None:
        return self.numbers.get(system, {}).get(kind)

    def sequence(self, name: str) -> int:
        self.taken.append(name)
        return len(self.taken)


def _read(text: str, bases: dict[str, str] | None, problems: Problems) -> Mapping | None:
    """The mapping of a text; `bases` are the texts of those that it may extend, by their names."""
    files = {name: parse(base, f"mappings/{name}.yaml", problems) for name, base in (bases or {}).items()}
    node = parse(text if "mapping:" in text else HEAD + text, "mappings/test/map.yaml", problems)
    assert node is not None, list(map(str, problems))
    return compile_mapping(node, problems, bases=files)


def _compile(text: str, bases: dict[str, str] | None = None) -> Mapping:
    problems = Problems()
    mapping = _read(text, bases, problems)
    assert mapping is not None, "\n".join(map(str, problems))
    return mapping


def _problems(text: str, bases: dict[str, str] | None = None) -> list[str]:
    problems = Problems()
    assert _read(text, bases, problems) is None
    return [str(problem) for problem in problems]


def _expression(text: str, *, condition: bool = False, names: Any = ("source",)) -> Expression:
    problems = Problems()
    node = Scalar(Location("pipelines/p.yaml", 3, 5), text, text, plain=True)
    expression = compile_expression(node, problems, names=frozenset(names), condition=condition)
    assert expression is not None, "\n".join(map(str, problems))
    return expression


@pytest.fixture
def answers() -> type[Answers]:
    return Answers


@pytest.fixture
def compiled() -> Callable[..., Mapping]:
    """A mapping from the text of its file, and those of its bases; the head may be left out."""
    return _compile


@pytest.fixture
def compile_quietly() -> Callable[[str], Mapping | None]:
    """A mapping from the text of a whole file, or None if it is refused."""

    def run(text: str) -> Mapping | None:
        problems = Problems()
        node = parse(text, "mappings/test/map.yaml", problems)
        mapping = compile_mapping(node, problems) if node else None
        assert (mapping is None) == bool(problems.errors)
        return mapping

    return run


@pytest.fixture
def problems_of() -> Callable[..., list[str]]:
    """What is wrong with a mapping's file, its bases given."""
    return _problems


@pytest.fixture
def expression() -> Callable[..., Expression]:
    """A single expression."""
    return _expression


@pytest.fixture
def mapped() -> Callable[..., Any]:
    """The output of a mapping's fields for a source."""

    def run(text: str, source: Any, **variables: Any) -> Any:
        return _compile(text).run({"source": source, **variables}, Answers())

    return run


@pytest.fixture
def value() -> Callable[..., Any]:
    """The value of one strict expression over a source."""

    def run(text: str, source: Any = None) -> Any:
        return _expression(text).evaluate({"source": source}, Answers())

    return run


@pytest.fixture
def condition() -> Callable[..., Any]:
    """The value of one condition over a source."""

    def run(text: str, source: Any = None) -> Any:
        return _expression(text, condition=True).evaluate({"source": source}, Answers())

    return run
