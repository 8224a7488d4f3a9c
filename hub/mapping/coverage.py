"""Which fields and branches of a mapping its tests reach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hub.mapping.interpret import Interpreter
from hub.mapping.lookups import Lookups
from hub.mapping.plan import Assert, Check, Each, Items, Leaf, Object, Plan, Require, Source, Switch, When, inner
from hub.source import Location


@dataclass(frozen=True, slots=True)
class Point:
    """A field or a branch of a mapping. `lack` says what no test does; empty if one does it.

    `inside` is whether it stands within a field or branch that no test reaches, which says it all.
    """

    location: Location
    field: str
    lack: str
    inside: bool


class Coverage:
    """What the runs of one mapping reached."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._made: Counter[int] = Counter()
        """How often each plan was made, by its identity."""
        self._found: set[tuple[Location, str]] = set()
        """Whether expressions were null, and whether they were true, by their places."""

    def run(self, variables: Mapping[str, Any], lookups: Lookups) -> None:
        """Run the mapping once more, field by field; what fails has been reached as well."""
        watching = _Watching(lookups, self._made)
        watching.run(self._plan, variables)
        for trace in watching.traces:
            if trace.error is None:
                self._found.add((trace.location, "null" if trace.value is None else "value"))
                self._found.add((trace.location, "true" if trace.value else "false"))

    def points(self) -> list[Point]:
        """All fields and branches, in the order of the mapping."""
        return list(self._points(self._plan, "", inside=False))

    def _points(self, plan: Plan, path: str, *, inside: bool) -> Iterator[Point]:
        for location, field, lack in self._branches(plan, path):
            yield Point(location, field or "the output", lack, inside)
        for number, (key, location, within) in enumerate(inner(plan)):
            place = _within(plan, path, key, number)
            reached = bool(self._made[id(within)])
            if isinstance(plan, Object):
                yield Point(location, place, "" if reached else "no test makes it", inside)
            yield from self._points(within, place, inside=inside or not reached)

    def _branches(self, plan: Plan, path: str) -> Iterator[tuple[Location, str, str]]:
        """The ways that a plan may go: place, field, what no test does."""
        if isinstance(plan, When):
            held, asked = self._made[id(plan.then)], self._made[id(plan)]
            yield plan.condition.location, path, "" if held else "$when holds in no test"
            yield plan.condition.location, path, "" if asked > held else "$when holds in every test"
        elif isinstance(plan, Leaf):
            yield from self._of_leaf(plan, path)
        elif isinstance(plan, Each):
            yield plan.source.location, path, "" if self._made[id(plan.item)] else "no test has an item"
            if plan.where:
                yield plan.where.location, path, self._unless(plan.where, "false", "$where leaves out nothing")
        elif isinstance(plan, Switch):
            for name, case in plan.cases.items():
                yield case.location, path, "" if self._made[id(case)] else f"no test takes the case {name!r}"
            if plan.default:
                yield plan.default.location, path, "" if self._made[id(plan.default)] else "no test takes the default"
        elif isinstance(plan, Require | Assert):
            yield from (self._of_check(check, path) for check in plan.checks)

    def _of_leaf(self, leaf: Leaf, path: str) -> Iterator[tuple[Location, str, str]]:
        if leaf.default:
            yield leaf.default.location, path, self._unless(leaf.source, "null", "no test needs the $default")
        elif leaf.optional:
            yield leaf.source.location, path, self._unless(leaf.source, "null", "$optional, and no test leaves it out")
        if leaf.default or leaf.optional:
            yield leaf.source.location, path, self._unless(leaf.source, "value", "no test has a value for it")

    def _of_check(self, check: Check, path: str) -> tuple[Location, str, str]:
        return check.condition.location, path, self._unless(check.condition, "false", "no test breaks the condition")

    def _unless(self, source: Source, found: str, lack: str) -> str:
        return "" if (source.location, found) in self._found else lack


class _Watching(Interpreter):
    """Counts the plans that are made."""

    def __init__(self, lookups: Lookups, made: Counter[int]) -> None:
        super().__init__(lookups)
        self._made = made

    def _make(self, plan: Plan, path: str, scope: Any) -> Any:
        self._made[id(plan)] += 1
        return super()._make(plan, path, scope)


def _within(plan: Plan, path: str, key: str | None, number: int) -> str:
    """The path of what stands within a plan: `lines[].sku` for a field of each item."""
    if key is not None:
        return f"{path}.{key}" if path else key
    if isinstance(plan, Each):
        return f"{path}[]"
    return f"{path}[{number}]" if isinstance(plan, Items) else path
