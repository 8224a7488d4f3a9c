"""Runs a plan field by field: after an error, to find every field that fails, and for lineage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Final

from hub.mapping.describe import Read, cause_of, closest, describe
from hub.mapping.errors import RUN_ERRORS, ConditionUnmet, FieldError, Missing, ValueRefused
from hub.mapping.evaluate import TracedEvaluation, traced
from hub.mapping.limits import MAX_ERRORS
from hub.mapping.lookups import Lookup, Lookups, NotedLookups
from hub.mapping.order import sort_rows
from hub.mapping.plan import (
    Assert,
    Check,
    Constant,
    Each,
    Items,
    Leaf,
    Let,
    Object,
    Plan,
    Require,
    Source,
    Switch,
    When,
)
from hub.mapping.scope import Scope, origin_of
from hub.mapping.values import Budget, as_list, path_text, read, shown, to_text
from hub.source import Location

_NOTHING: Final = object()
MAX_SHOWN: Final = 3
"""Values that are shown of a condition without a message."""


class TooManyErrors(Exception):
    """Enough fields failed to tell what is wrong."""


@dataclass(frozen=True, slots=True)
class FieldTrace:
    """How one field of the output came about: its path, the expression, what that read and looked up.

    Conditions, loops and names of `$let` have traces of their own, named by the construct. What a
    mapping's `$when`, `$switch`, `$default` or `$each` did is told by their expression's `value`.
    """

    field: str
    location: Location
    expression: str
    reads: tuple[Read, ...]
    value: Any = None
    error: FieldError | None = None
    lookups: tuple[Lookup, ...] = ()


class Interpreter:
    """One run of a plan. `errors` and `traces` hold what was found, in the order of the fields."""

    def __init__(self, lookups: Lookups) -> None:
        self.errors: list[FieldError] = []
        self.traces: list[FieldTrace] = []
        self._lookups = NotedLookups(lookups)
        self._budget = Budget()
        self._reads: list[Read] = []
        """What the expression at hand has read so far, and where each path began."""
        self._began: list[tuple[Any, tuple[str | int, ...]]] = []

    def run(self, plan: Plan, variables: Mapping[str, Any]) -> Any:
        """The output; what failed is left out of it and is in `errors`."""
        try:
            made = self._make(plan, "", Scope(dict(variables)))
        except TooManyErrors:
            return None
        return None if made is _NOTHING else made

    def _make(self, plan: Plan, path: str, scope: Scope) -> Any:
        return self._MAKERS[type(plan)](self, plan, path, scope)

    def _constant(self, plan: Constant, path: str, scope: Scope) -> Any:
        return plan.value

    def _items(self, plan: Items, path: str, scope: Scope) -> list[Any]:
        made = [self._make(item, f"{path}[{index}]", scope) for index, item in enumerate(plan.items)]
        return [item for item in made if item is not _NOTHING]

    def _when(self, plan: When, path: str, scope: Scope) -> Any:
        holds = self._evaluate(plan.condition, _join(path, "$when"), scope, lenient=True)
        return self._make(plan.then, path, scope) if holds is not _NOTHING and holds else _NOTHING

    def _leaf(self, leaf: Leaf, path: str, scope: Scope) -> Any:
        lenient = leaf.optional or leaf.default is not None
        value = self._evaluate(leaf.source, path, scope, lenient=lenient)
        if value is None:
            return self._make(leaf.default, path, scope) if leaf.default else _NOTHING
        return self._counted(leaf, path, value) if leaf.counted and value is not _NOTHING else value

    def _counted(self, leaf: Leaf, path: str, value: Any) -> Any:
        try:
            return self._budget.take(value)
        except ValueRefused as error:
            return self._fail(leaf.source, path, error)

    def _object(self, plan: Object, path: str, scope: Scope) -> dict[str, Any]:
        made = {key: self._make(value, _join(path, key), scope) for key, (_, value) in plan.fields.items()}
        return {key: value for key, value in made.items() if value is not _NOTHING}

    def _let(self, plan: Let, path: str, scope: Scope) -> Any:
        for name, source in plan.names:
            value = self._evaluate(source, _join(path, f"$let.{name}"), scope, lenient=True)
            if value is _NOTHING:
                return _NOTHING
            scope = scope.with_name(name, value, origin_of(source, scope) or name)
        return self._make(plan.then, path, scope)

    def _each(self, plan: Each, path: str, scope: Scope) -> Any:
        found = self._evaluate(plan.source, _join(path, "$each"), scope, lenient=True)
        if found is _NOTHING or not self._affordable(plan, path, found):
            return _NOTHING
        chosen = self._chosen(plan, path, scope, found)
        made: list[Any] = []
        for count, within in enumerate(self._sorted(plan, path, chosen) if plan.sort else chosen):
            numbered = within.with_name("loop", {"index": count + 1}, "loop")
            value = self._make(plan.item, f"{path}[{count}]", numbered)
            if value is not _NOTHING:
                made.append(value)
        return made

    def _chosen(self, plan: Each, path: str, scope: Scope, found: Any) -> Iterator[Scope]:
        """The scopes of the items that `$where` lets through, found out one by one."""
        origin = origin_of(plan.source, scope)
        count = 0
        for index, item in enumerate(as_list(found)):
            if item is None:
                continue
            item_origin = plan.name if origin is None else f"{origin}[{index}]" if isinstance(found, list) else origin
            within = scope.with_name(plan.name, item, item_origin)
            if plan.where:
                wanted = self._evaluate(plan.where, f"{path}[{count}].$where", within, lenient=True)
                if wanted is _NOTHING or not wanted:
                    continue
            count += 1
            yield within

    def _sorted(self, plan: Each, path: str, chosen: Iterator[Scope]) -> list[Scope]:
        """The items in their order; as they came if that cannot be told, so that their own errors are found."""
        rows: list[tuple[Any, ...]] = []
        before = len(self.errors)
        for count, within in enumerate(chosen):
            place = f"{path}[{count}].$sort"
            keys = [self._evaluate(key.source, place, within, lenient=True) for key in plan.sort]
            rows.append((within, *keys))
        if len(self.errors) == before:
            for column, key in reversed(list(enumerate(plan.sort, 1))):
                try:
                    rows = sort_rows(rows, column, key.descending)
                except RUN_ERRORS as error:
                    self._begin()
                    self._fail(key.source, _join(path, "$sort"), error)
        return [row[0] for row in rows]

    def _require(self, plan: Require, path: str, scope: Scope) -> Any:
        holds = self._hold(plan.checks, "$require", path, scope)
        made = self._make(plan.then, path, scope)
        return made if holds else _NOTHING

    def _assert(self, plan: Assert, path: str, scope: Scope) -> Any:
        before = len(self.errors)
        made = self._make(plan.then, path, scope)
        if len(self.errors) > before:
            return made
        output = None if made is _NOTHING else made
        return made if self._hold(plan.checks, "$assert", path, scope.with_name("output", output, "output")) else None

    def _hold(self, checks: tuple[Check, ...], construct: str, path: str, scope: Scope) -> bool:
        held = [self._holds(check, construct, path, scope) for check in checks]
        return all(held)

    def _holds(self, check: Check, construct: str, path: str, scope: Scope) -> bool:
        value = self._evaluate(check.condition, _join(path, construct), scope, lenient=True)
        if value is not _NOTHING and not value:
            self._fail(check.condition, path, ConditionUnmet(self._message(check, scope)))
        return value is not _NOTHING and bool(value)

    def _message(self, check: Check, scope: Scope) -> str:
        """What is said of a condition that does not hold: its message, or itself with what it read."""
        reads, began, asked = self._reads, self._began, self._lookups.asked
        if check.message:
            message = "".join(part if isinstance(part, str) else self._said(part, scope) for part in check.message)
        else:
            found = ", ".join(f"{one.path} is {shown(one.value)}" for one in reads[:MAX_SHOWN])
            message = f"{check.condition.text} does not hold" + (f": {found}" if found else "")
        self._reads, self._began, self._lookups.asked = reads, began, asked
        return message

    def _said(self, source: Source, scope: Scope) -> str:
        """The text of a value within a message. What has none must not hide the message, and stays as written."""
        self._begin()
        try:
            value = _traced(source, True)(scope.values, self._lookups, self._budget, self._reader(scope))
            return shown(value) if isinstance(value, dict | list | None) else to_text(value)
        except RUN_ERRORS:
            return f"{{{source.text}}}"

    def _affordable(self, plan: Each, path: str, found: Any) -> bool:
        try:
            self._budget.take_items(len(as_list(found)))
        except ValueRefused as error:
            self._fail(plan.source, _join(path, "$each"), error)
            return False
        return True

    def _switch(self, plan: Switch, path: str, scope: Scope) -> Any:
        place = _join(path, "$switch")
        value = self._evaluate(plan.on, place, scope, lenient=True)
        if value is _NOTHING:
            return _NOTHING
        try:
            chosen = None if value is None else to_text(value)
        except ValueRefused as error:
            return self._fail(plan.on, place, error)
        case = plan.cases.get(chosen, plan.default) if chosen is not None else plan.default
        if case is not None:
            return self._make(case, path, scope)
        cases = ", ".join(map(repr, plan.cases))
        return self._fail(plan.on, place, ValueRefused(f"{shown(value)} is none of the cases {cases}", value))

    def _evaluate(self, source: Source, path: str, scope: Scope, *, lenient: bool) -> Any:
        """The value of an expression, or `_NOTHING` after an error."""
        self._begin()
        function = _traced(source, lenient)
        try:
            value = function(scope.values, self._lookups, self._budget, self._reader(scope))
        except RUN_ERRORS as error:
            return self._fail(source, path, error)
        self._trace(source, path, value)
        return value

    def _begin(self) -> None:
        """Nothing has been read and asked yet."""
        self._reads, self._began, self._lookups.asked = [], [], []

    def _trace(self, source: Source, path: str, value: Any = None, error: FieldError | None = None) -> None:
        reads, asked = tuple(self._reads), tuple(self._lookups.asked)
        self.traces.append(FieldTrace(path, source.location, source.text, reads, value, error, asked))

    def _reader(self, scope: Scope) -> Any:
        def reader(value: Any, keys: tuple[str | int, ...], root: str) -> Any:
            path = path_text(scope.origins.get(root, root), keys)
            self._began.append((value, keys))
            self._reads.append(Read(path, None))
            found = read(value, keys, scope.origins.get(root, root))
            self._reads[-1] = Read(path, found)
            return found

        return reader

    def _fail(self, source: Source, path: str, error: Exception) -> object:
        cause = cause_of(error, self._reads)
        index = next((index for index, found in enumerate(self._reads) if found is cause), None)
        hint = closest(*self._began[index]) if isinstance(error, Missing) and index is not None else ""
        failed = describe(error, source, path, cause, hint)
        self.errors.append(failed)
        self._trace(source, path, error=failed)
        if len(self.errors) >= MAX_ERRORS:
            raise TooManyErrors
        return _NOTHING

    _MAKERS: ClassVar[dict[type[Plan], Callable[..., Any]]] = {
        Constant: _constant,
        Leaf: _leaf,
        Object: _object,
        Items: _items,
        Each: _each,
        When: _when,
        Let: _let,
        Switch: _switch,
        Require: _require,
        Assert: _assert,
    }


@lru_cache(4096)
def _traced(source: Source, lenient: bool) -> TracedEvaluation:
    return traced(source, lenient=lenient)


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
