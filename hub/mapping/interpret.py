"""Runs a plan field by field: after an error, to find every field that fails, and for lineage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, Final

from jinja2 import nodes

from hub.contract.registry import nearest
from hub.mapping.errors import RUN_ERRORS, CrosswalkMissing, FieldError, Missing, ValueRefused
from hub.mapping.evaluate import TracedEvaluation, traced
from hub.mapping.limits import MAX_ERRORS
from hub.mapping.lookups import Lookups
from hub.mapping.plan import Constant, Each, Items, Leaf, Let, Object, Plan, Source, Switch, When
from hub.mapping.values import Budget, as_list, path_text, read, shown, to_text
from hub.source import Location

_NOTHING: Final = object()


class TooManyErrors(Exception):
    """Enough fields failed to tell what is wrong."""


@dataclass(frozen=True, slots=True)
class Read:
    """A path in the input, and what was found there (None if nothing)."""

    path: str
    value: Any


@dataclass(frozen=True, slots=True)
class FieldTrace:
    """How one field of the output came about: its path, the expression and what that read."""

    field: str
    location: Location
    expression: str
    reads: tuple[Read, ...]
    value: Any = None
    error: FieldError | None = None


@dataclass(slots=True)
class Scope:
    """The values of names, and which path each stands for."""

    values: dict[str, Any]
    origins: dict[str, str] = field(default_factory=dict)

    def with_name(self, name: str, value: Any, origin: str) -> Scope:
        return Scope({**self.values, name: value}, {**self.origins, name: origin})


class Interpreter:
    """One run of a plan. `errors` and `traces` hold what was found, in the order of the fields."""

    def __init__(self, lookups: Lookups) -> None:
        self.errors: list[FieldError] = []
        self.traces: list[FieldTrace] = []
        self._lookups = lookups
        self._budget = Budget()
        self._reads: list[Read] = []
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
            scope = scope.with_name(name, value, _origin(source, scope) or name)
        return self._make(plan.then, path, scope)

    def _each(self, plan: Each, path: str, scope: Scope) -> Any:
        found = self._evaluate(plan.source, _join(path, "$each"), scope, lenient=True)
        if found is _NOTHING or not self._affordable(plan, path, found):
            return _NOTHING
        origin = _origin(plan.source, scope)
        made: list[Any] = []
        count = 0
        for index, item in enumerate(as_list(found)):
            if item is None:
                continue
            item_origin = plan.name if origin is None else f"{origin}[{index}]" if isinstance(found, list) else origin
            within = scope.with_name(plan.name, item, item_origin)
            place = f"{path}[{count}]"
            if plan.where:
                wanted = self._evaluate(plan.where, f"{place}.$where", within, lenient=True)
                if wanted is _NOTHING or not wanted:
                    continue
            count += 1
            value = self._make(plan.item, place, within.with_name("loop", {"index": count}, "loop"))
            if value is not _NOTHING:
                made.append(value)
        return made

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
        self._reads, self._began = [], []
        function = _traced(source, lenient)
        try:
            value = function(scope.values, self._lookups, self._budget, self._reader(scope))
        except RUN_ERRORS as error:
            return self._fail(source, path, error)
        self.traces.append(FieldTrace(path, source.location, source.text, tuple(self._reads), value))
        return value

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
        cause = _cause(error, self._reads)
        index = next((index for index, found in enumerate(self._reads) if found is cause), None)
        hint = _closest(*self._began[index]) if isinstance(error, Missing) and index is not None else ""
        failed = describe(error, source, path, cause, hint)
        self.errors.append(failed)
        self.traces.append(FieldTrace(path, source.location, source.text, tuple(self._reads), error=failed))
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
    }


@lru_cache(4096)
def _traced(source: Source, lenient: bool) -> TracedEvaluation:
    return traced(source, lenient=lenient)


def describe(error: Exception, source: Source, path: str, cause: Read | None, hint: str) -> FieldError:
    """What happened, for a person. `cause` is the read that led to it, `hint` the name of a similar key."""
    message, fix, crosswalk = str(error), hint, None
    value = cause.value if cause else getattr(error, "value", None)
    if isinstance(error, Missing):
        message = f"{cause.path} found nothing" if cause else "the expression yields nothing"
        fix = hint or "correct it, or write {$value: …, $optional: true} or $default"
    elif isinstance(error, CrosswalkMissing):
        message = f"the crosswalk {error.table!r} has no entry for {error.value!r}"
        fix = f"add it with `crossdock crosswalk add {error.table} {error.value} CODE`, then replay"
        crosswalk, value = error.table, error.value
    elif not isinstance(error, ValueRefused):
        message = f"{source.text!r} cannot work with these values ({error})"
    elif cause:
        message = f"{cause.path}: {message}"
    return FieldError(
        field=path or "the output",
        location=source.location,
        expression=source.text,
        message=message,
        source=cause.path if cause else "",
        value=_value_text(value),
        fix=fix,
        crosswalk=crosswalk,
    )


def _cause(error: Exception, reads: list[Read]) -> Read | None:
    """The read that an error is about: for a missing value the last that found nothing."""
    if isinstance(error, Missing):
        return next((found for found in reversed(reads) if found.value is None), None)
    wanted = getattr(error, "value", None)
    exact = (found for found in reversed(reads) if wanted is not None and found.value == wanted)
    return next(exact, reads[-1] if len(reads) == 1 else None)


def _closest(value: Any, keys: tuple[str | int, ...]) -> str:
    """`did you mean 'x'` if, where a path ends, there is a key of a similar name."""
    for key in keys:
        if isinstance(value, dict) and isinstance(key, str) and key not in value:
            return nearest(key, value).removeprefix("; ").removesuffix("?")
        value = read(value, (key,), "it")
    return ""


def _value_text(value: Any) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else shown(value)
    return text if len(text) <= 200 else text[:200] + "…"


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _origin(source: Source, scope: Scope) -> str | None:
    """The path in the input that an expression stands for, if it is nothing but a path."""
    return next(_paths(source.tree, scope), None)


def _paths(node: nodes.Node, scope: Scope) -> Iterator[str]:
    keys: list[str | int] = []
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        if isinstance(node, nodes.Getattr):
            keys.append(node.attr)
        elif isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str | int):
            keys.append(node.arg.value)
        else:
            return
        node = node.node
    if isinstance(node, nodes.Name):
        yield path_text(scope.origins.get(node.name, node.name), tuple(keys[::-1]))
