"""The plan of a mapping: what its YAML means, before any code is made of it.

Every plan knows its place. Making one yields a value or nothing, and nothing is left out of the
object or list around it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jinja2 import nodes

from hub.source import Location


@dataclass(frozen=True, slots=True)
class Source:
    """A checked expression: its text, its place, its syntax tree, the names it reads."""

    text: str
    location: Location
    tree: nodes.Expr
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Plan:
    """Base of all plans."""

    location: Location


@dataclass(frozen=True, slots=True)
class Constant(Plan):
    """Plain data as it stands."""

    value: Any


@dataclass(frozen=True, slots=True)
class Leaf(Plan):
    """The value of an expression. If it finds nothing: left out, the default, or an error."""

    source: Source
    counted: bool = False
    """Whether its value counts against the bounds of a run: a loop may repeat the same one."""
    optional: bool = False
    default: Plan | None = None


@dataclass(frozen=True, slots=True)
class Object(Plan):
    """An object: by key the key's place and what makes its value."""

    fields: dict[str, tuple[Location, Plan]]


@dataclass(frozen=True, slots=True)
class Items(Plan):
    """A list of fixed items."""

    items: tuple[Plan, ...]


@dataclass(frozen=True, slots=True)
class SortKey:
    """What items are ordered by."""

    source: Source
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Each(Plan):
    """A list with one item made for each of a list's, `name` being that one, in the order of `sort`."""

    source: Source
    name: str
    where: Source | None
    item: Plan
    counts: bool
    """Whether anything within reads `loop`."""
    sort: tuple[SortKey, ...] = ()


@dataclass(frozen=True, slots=True)
class When(Plan):
    """Something that is made only if a condition holds."""

    condition: Source
    then: Plan


@dataclass(frozen=True, slots=True)
class Let(Plan):
    """Something within which names stand for values, in their order; a value may be null."""

    names: tuple[tuple[str, Source], ...]
    then: Plan


@dataclass(frozen=True, slots=True)
class Check:
    """A condition that must hold, and the parts of what is said if it does not: texts and expressions.

    Without a message, the condition itself is named.
    """

    condition: Source
    message: tuple[str | Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Require(Plan):
    """Something that fails unless conditions on what was read hold."""

    checks: tuple[Check, ...]
    then: Plan


@dataclass(frozen=True, slots=True)
class Assert(Plan):
    """Something that fails unless conditions on what was made hold: there it is called `output`."""

    checks: tuple[Check, ...]
    then: Plan


@dataclass(frozen=True, slots=True)
class Switch(Plan):
    """One of several, chosen by the text of a value."""

    on: Source
    cases: dict[str, Plan]
    default: Plan | None


def inner(plan: Plan) -> Iterator[tuple[str | None, Location, Plan]]:
    """The plans directly within one: the key if they are a field, their place, themselves."""
    if isinstance(plan, Object):
        for key, (location, value) in plan.fields.items():
            yield key, location, value
        return
    within: tuple[Plan | None, ...] = ()
    if isinstance(plan, Items):
        within = plan.items
    elif isinstance(plan, Each):
        within = (plan.item,)
    elif isinstance(plan, When | Let | Require | Assert):
        within = (plan.then,)
    elif isinstance(plan, Switch):
        within = (*plan.cases.values(), plan.default)
    elif isinstance(plan, Leaf):
        within = (plan.default,)
    for part in within:
        if part is not None:
            yield None, part.location, part


def locate(plan: Plan, path: tuple[str | int, ...]) -> Location | None:
    """The place of what makes the output at `path`, or of the nearest thing around it; None if nothing fits."""
    if not path:
        return plan.location
    if isinstance(plan, Items) and isinstance(path[0], int) and path[0] < len(plan.items):
        return locate(plan.items[path[0]], path[1:])
    rest = path[1:] if isinstance(plan, Each) and isinstance(path[0], int) else path
    for key, location, value in inner(plan):
        if key is None:
            found = locate(value, rest)
            if found is not None:
                return found
        elif key == path[0]:
            return locate(value, path[1:]) if len(path) > 1 and locate(value, path[1:]) else location
    return None
