"""Every path that a plan or an expression reads, followed through what is known of the tree it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from jinja2 import nodes

from hub.mapping.plan import (
    Assert,
    Check,
    Each,
    Leaf,
    Let,
    Plan,
    Require,
    Source,
    Switch,
    When,
    inner,
)
from hub.source import Location
from hub.workspace.checking.shapes import Shape

Origin = tuple[str, ...]
"""A place in a tree: the variable, then keys. Lists on the way do not show."""

_SAME: Final = frozenset(("first", "last", "where"))
"""Filters that yield what they were given, or an item of it."""
_WITH_PATH: Final = frozenset(("where", "sum", "flatten"))
"""Filters whose first argument is a path in each item."""


@dataclass(frozen=True, slots=True)
class Place:
    """What an expression stands for: its shape, None if nothing is known, and where that is in the tree."""

    shape: Shape | None = None
    origin: Origin = ()

    def at(self, key: str) -> Place:
        """What stands under a key."""
        known = self.shape is not None and self.shape.keys is not None and key in self.shape.keys
        shape = self.shape.at(key) if self.shape is not None and known else None
        return Place(shape, (*self.origin, key) if self.origin else ())


UNKNOWN: Final = Place()
Names = Mapping[str, Place]
"""What the names that an expression knows stand for."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One step of a path: `key`, read of `of`. `text` is the path up to there as it is written.

    `lenient` is whether nothing may be found there.
    """

    of: Place
    key: str
    text: str
    location: Location
    lenient: bool

    @property
    def origin(self) -> Origin:
        """Where it is in the tree; empty if that is not known."""
        return (*self.of.origin, self.key) if self.of.origin else ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """A path that is compared with a text that stands in the expression, or in a case of `$switch`."""

    of: Place
    path: str
    text: str
    location: Location


@dataclass(slots=True)
class PathReader:
    """Follows paths. `readings` are all steps that were taken, in the order of the file."""

    readings: list[Reading] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)

    def plan(self, plan: Plan, names: Names, lenient: bool = False) -> None:
        """Follow every path of a plan; what `output` stands for is not known.

        `lenient` is whether nothing need be found, as in a `$default`, which most samples have no use for.
        """
        if isinstance(plan, Leaf):
            lenient = lenient or plan.default is not None
            self._read(plan.source, names, lenient or plan.optional)
        elif isinstance(plan, When):
            self._read(plan.condition, names, True)
        elif isinstance(plan, Switch):
            self._switch(plan, names)
        elif isinstance(plan, Require | Assert):
            self._checks(plan.checks, names)
        elif isinstance(plan, Let):
            for name, source in plan.names:
                names = {**names, name: self._read(source, names, True)}
        elif isinstance(plan, Each):
            names = self._each(plan, names)
        for _, _, part in inner(plan):
            self.plan(part, names, lenient)

    def expression(self, tree: nodes.Expr, location: Location, names: Names, lenient: bool) -> Place:
        """Follow the paths of one expression; what its value stands for."""
        return _Expression(self, location, names).place(tree, lenient)

    def _read(self, source: Source, names: Names, lenient: bool) -> Place:
        return self.expression(source.tree, source.location, names, lenient)

    def _switch(self, plan: Switch, names: Names) -> None:
        of = self._read(plan.on, names, True)
        for case in plan.cases:
            self.comparisons.append(Comparison(of, text_of(plan.on.tree), case, plan.on.location))

    def _each(self, plan: Each, names: Names) -> Names:
        item = self._read(plan.source, names, True)
        within = {**names, plan.name: item}
        for source in (plan.where, *(key.source for key in plan.sort)):
            if source is not None:
                self._read(source, within, True)
        return within

    def _checks(self, checks: tuple[Check, ...], names: Names) -> None:
        for check in checks:
            for source in (check.condition, *check.message):
                if isinstance(source, Source):
                    self._read(source, names, True)


@dataclass(slots=True)
class _Expression:
    """One expression at its place."""

    found: PathReader
    location: Location
    names: Names

    def place(self, node: nodes.Node, lenient: bool) -> Place:
        """What a node stands for, once all paths in it are followed."""
        follow = self._FOLLOWED.get(type(node))
        if follow is not None:
            return follow(self, node, lenient)
        for child in node.iter_child_nodes():
            self.place(child, lenient or isinstance(node, nodes.Not | nodes.Test))
        return UNKNOWN

    def _name(self, node: nodes.Name, lenient: bool) -> Place:
        return self.names.get(node.name, UNKNOWN)

    def _attribute(self, node: nodes.Getattr, lenient: bool) -> Place:
        return self._step(self.place(node.node, lenient), node.attr, f"{text_of(node.node)}.{node.attr}", lenient)

    def _item(self, node: nodes.Getitem, lenient: bool) -> Place:
        of = self.place(node.node, lenient)
        if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            return self._step(of, node.arg.value, f"{text_of(node.node)}[{node.arg.value!r}]", lenient)
        if isinstance(node.arg, nodes.Const | nodes.Neg):
            return of
        self.place(node.arg, lenient)
        return UNKNOWN

    def _step(self, of: Place, key: str, text: str, lenient: bool) -> Place:
        self.found.readings.append(Reading(of, key, text, self.location, lenient))
        return of.at(key)

    def _filter(self, node: nodes.Filter, lenient: bool) -> Place:
        assert node.node is not None
        if node.name == "default":
            return self._default(self.place(node.node, True), node.args[0])
        of = self.place(node.node, lenient)
        for argument in (*node.args, *node.kwargs):
            self.place(argument, lenient)
        path = node.args[0].value if node.args and isinstance(node.args[0], nodes.Const) else None
        end = of
        if node.name in _WITH_PATH and isinstance(path, str):
            for key in path.split("."):
                end = self._step(end, key, f"{text_of(node.node)} | {node.name}({path!r})", True)
        return of if node.name in _SAME else end if node.name == "flatten" else UNKNOWN

    def _default(self, of: Place, other: nodes.Expr) -> Place:
        """The one or the other; an empty list or object in place of what is missing has nothing to find."""
        instead = self.place(other, True)
        return of if isinstance(other, nodes.List | nodes.Dict) else _joined(of, instead)

    def _comparison(self, node: nodes.Compare, lenient: bool) -> Place:
        places = {side: self.place(side, lenient) for side in (node.expr, node.ops[0].expr)}
        for side, text in compared_texts(node):
            self.found.comparisons.append(Comparison(places[side], text_of(side), text, self.location))
        return UNKNOWN

    def _or(self, node: nodes.Or, lenient: bool) -> Place:
        return _joined(self.place(node.left, True), self.place(node.right, True))

    def _and(self, node: nodes.And, lenient: bool) -> Place:
        self.place(node.left, True)
        return self.place(node.right, True)

    def _choice(self, node: nodes.CondExpr, lenient: bool) -> Place:
        self.place(node.test, True)
        first = self.place(node.expr1, lenient)
        second = first if node.expr2 is None else self.place(node.expr2, lenient)
        return _joined(first, second)

    _FOLLOWED: ClassVar[Mapping[type[nodes.Node], Callable[[_Expression, Any, bool], Place]]] = {
        nodes.Name: _name,
        nodes.Getattr: _attribute,
        nodes.Getitem: _item,
        nodes.Filter: _filter,
        nodes.Compare: _comparison,
        nodes.Or: _or,
        nodes.And: _and,
        nodes.CondExpr: _choice,
    }


def _joined(first: Place, second: Place) -> Place:
    """One of two; where it came from is that of the first."""
    if first.shape is None or second.shape is None:
        return UNKNOWN
    shape = first.shape.joined(second.shape)
    return UNKNOWN if shape is None else Place(shape, first.origin)


def text_of(node: nodes.Node) -> str:
    """A path as it is written; `…` for what is none."""
    if isinstance(node, nodes.Getattr):
        return f"{text_of(node.node)}.{node.attr}"
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        return f"{text_of(node.node)}[{node.arg.value!r}]"
    if isinstance(node, nodes.Filter) and node.node is not None:
        return f"({text_of(node.node)} | {node.name})"
    return node.name if isinstance(node, nodes.Name) else "…"


def compared_texts(node: nodes.Compare) -> Iterator[tuple[nodes.Expr, str]]:
    """What is compared with texts that stand there, with each of them. A part of a text is not the text, so that
    behind `in` those of a list count alone."""
    one, other = node.expr, node.ops[0].expr
    pairs = [(one, other), (other, one)]
    if node.ops[0].op in ("in", "notin"):
        pairs = [(one, item) for item in other.items] if isinstance(other, nodes.List | nodes.Tuple) else []
    for side, against in pairs:
        if isinstance(against, nodes.Const) and isinstance(against.value, str):
            yield side, against.value


def expressions_in(plan: Plan) -> Iterator[Source]:
    """Every expression of a plan."""
    own: tuple[Any, ...] = ()
    if isinstance(plan, Leaf):
        own = (plan.source,)
    elif isinstance(plan, When):
        own = (plan.condition,)
    elif isinstance(plan, Switch):
        own = (plan.on,)
    elif isinstance(plan, Let):
        own = tuple(source for _, source in plan.names)
    elif isinstance(plan, Each):
        own = (plan.source, plan.where, *(key.source for key in plan.sort))
    elif isinstance(plan, Require | Assert):
        own = tuple(part for check in plan.checks for part in (check.condition, *check.message))
    yield from (source for source in own if isinstance(source, Source))
    for _, _, part in inner(plan):
        yield from expressions_in(part)
