"""The fields of a run that is done again: for each its expression, what that read, and what was looked up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from hub.mapping import FieldTrace
from hub.mapping import Mapping as CompiledMapping
from hub.mapping.build import Builder
from hub.mapping.interpret import Interpreter
from hub.mapping.plan import Leaf, Object, Plan
from hub.operations.lineage.recorded import Answer, RecordedAnswers
from hub.pipelines.identity import IdentityRule
from hub.source import Problems, Scalar
from hub.store.statements import dumps

_SHOWN: Final = 500


@dataclass(frozen=True, slots=True)
class Found:
    """A path that was read in the source, and what was found there; None if nothing."""

    path: str
    value: str | None


@dataclass(frozen=True, slots=True)
class FieldLineage:
    """One field. Conditions, loops and names of `$let` have their own, named `lines[0].$where`.

    `expression` stands at `file`, `line`, `column` of the version; it is `$const` for what stands
    there as it is. `error` says why there is no value.
    """

    field: str
    value: str | None
    expression: str
    file: str
    line: int
    column: int
    reads: list[Found]
    answers: list[Answer]
    error: str | None = None


def header_plan(rule: IdentityRule, variables: Mapping[str, Any]) -> Plan:
    """The header's fields that expressions of the pipeline fill."""
    formulas = {"source_id": rule.value, "revision": rule.version, "occurred_at": rule.occurred_at}
    fields: dict[str, tuple[Any, Plan]] = {}
    for name, formula in formulas.items():
        if formula is not None:
            written = Scalar(formula.location, formula.text, formula.text, plain=True)
            plan = Builder(variables.keys(), Problems()).build(written)
            assert isinstance(plan, Leaf)
            fields[name] = (formula.location, replace(plan, optional=True))
    place = rule.value.location
    return Object(place, {"header": (place, Object(place, fields))})


def explain(mapping: CompiledMapping, variables: Mapping[str, Any], lookups: RecordedAnswers) -> list[FieldLineage]:
    """The fields that a mapping of a version makes of what its expressions see."""
    known = {**dict.fromkeys(("message", "order", "effect", "target", "connection", "headers")), **variables}
    return trace(mapping.plan, known, lookups, mapping)


def trace(
    plan: Plan, variables: Mapping[str, Any], lookups: RecordedAnswers, mapping: CompiledMapping | None = None
) -> list[FieldLineage]:
    """The fields that a plan makes; with the `mapping` it is of, those that are constants too."""
    interpreter = Interpreter(lookups)
    made = interpreter.run(plan, variables)
    fields = [_field(one, lookups) for one in interpreter.traces]
    return [*fields, *(_constants(mapping, made, fields) if mapping is not None else ())]


def _field(trace: FieldTrace, lookups: RecordedAnswers) -> FieldLineage:
    return FieldLineage(
        field=trace.field,
        value=_text(trace.value),
        expression=trace.expression,
        file=trace.location.file,
        line=trace.location.line,
        column=trace.location.column,
        reads=[Found(read.path, _text(read.value)) for read in trace.reads],
        answers=[lookups.given[asked.question] for asked in trace.lookups],
        error=None if trace.error is None else trace.error.message,
    )


def _constants(mapping: CompiledMapping, made: Any, traced: Iterable[FieldLineage]) -> Iterator[FieldLineage]:
    """The fields that no expression makes."""
    known = {one.field for one in traced if one.value is not None}
    for path, value in _leaves(made, ()):
        names = [_name(path[:length]) for length in range(1, len(path) + 1)]
        if names and known.isdisjoint(names):
            place = mapping.locate(path)
            yield FieldLineage(names[-1], _text(value), "$const", place.file, place.line, place.column, [], [])


def _leaves(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if isinstance(value, dict | list) and value:
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(item, (*path, key))
    else:
        yield path, value


def _name(path: Iterable[str | int]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def agrees(kept_tree: Any, fields: Iterable[FieldLineage]) -> bool:
    """Whether what was traced is what is kept, as far as single values go."""
    kept = {_name(path): value for path, value in _leaves(kept_tree, ())}
    return all(
        one.error is None and (one.field not in kept or _same(one.value, _text(kept[one.field])))
        for one in fields
        if "$" not in one.field and one.value is not None
    )


def _same(traced: str | None, kept: str | None) -> bool:
    """Times are kept with `Z`, and traced with their offset."""
    if traced == kept or traced is None or kept is None:
        return traced == kept
    try:
        return datetime.fromisoformat(traced) == datetime.fromisoformat(kept)
    except (ValueError, TypeError):
        return False


def _text(value: Any) -> str | None:
    """A value as text, cut where it is long; objects and lists as JSON."""
    if value is None:
        return None
    if isinstance(value, datetime | date):
        return value.isoformat()
    text = value if isinstance(value, str) else dumps(value).strip('"')
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
