"""From YAML to the plan: objects, lists, leaves and the constructs, keys that begin with `$`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Set
from dataclasses import replace
from typing import Any, Final, TypeVar

from jinja2 import nodes

from hub.mapping.check import Checker, Use
from hub.mapping.filters import find_filter
from hub.mapping.limits import MAX_CONSTRUCT_DEPTH, MAX_LOOP_DEPTH, MAX_REPEATED
from hub.mapping.plan import Constant, Each, Items, Leaf, Let, Object, Plan, Source, Switch, When
from hub.mapping.syntax import parse_expression
from hub.source import Location, Mapping, Node, Problems, Scalar, Sequence, nearest, plain

CONSTRUCTS: Final = ("$const", "$value", "$optional", "$default", "$each", "$where", "$when", "$let", "$switch")
_BESIDE: Final[dict[str, set[str]]] = {
    "$const": {"$when", "$let"},
    "$each": {"$when", "$let", "$where", "$value"},
    "$switch": {"$when", "$let"},
    "$value": {"$when", "$let", "$optional", "$default"},
}
"""Which constructs may stand beside one that makes the value; `$each` has fields, too."""
_SMALL: Final = frozenset(("effect", "target", "connection"))
"""Variables that are short texts of the hub."""
_N = TypeVar("_N", bound=nodes.Node)
_EACH: Final = re.compile(r"(?P<source>.+?)\s+as\s+(?P<name>[A-Za-z][A-Za-z0-9_]*)\s*", re.DOTALL)
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_WORDS: Final = frozenset(("and", "or", "not", "in", "is", "if", "else", "true", "false", "none", "loop"))


class Builder:
    """Builds the plan of one mapping; `known` are the names of the outermost scope."""

    def __init__(self, known: Set[str], problems: Problems) -> None:
        self.problems = problems
        self.use = Use()
        self._known = frozenset(known)
        self._once = frozenset(known)
        """Names whose values the loops around this place do not repeat: those a loop goes over."""
        self._gathered: frozenset[str] = frozenset()
        """Names that stand for lists or objects made by an expression."""
        self._depth = 0
        self._loops = 0

    def build(self, node: Node) -> Plan | None:
        """The plan of a node, or None if problems were reported."""
        self._depth += 1
        try:
            if self._depth > MAX_CONSTRUCT_DEPTH:
                message = f"nested more than {MAX_CONSTRUCT_DEPTH} levels deep"
                self.problems.error("limit", message, node.location)
                return None
            if isinstance(node, Scalar):
                return self._scalar(node)
            if isinstance(node, Sequence):
                return self._items(node)
            assert isinstance(node, Mapping)
            return self._mapping(node)
        finally:
            self._depth -= 1

    def _scalar(self, node: Scalar) -> Plan | None:
        if isinstance(node.value, str):
            source = self._expression(node)
            return Leaf(node.location, source, counted=self._is_repeated(source)) if source else None
        if node.value is None and not node.text:
            self.problems.error(
                "missing-value", "nothing stands here", node.location, "leave the key out or write null"
            )
            return None
        return self._small(Constant(node.location, node.value))

    def _is_repeated(self, source: Source) -> bool:
        """Whether a loop may put the same large value into the output again and again."""
        return not source.names <= self._once and _passes_on(source.tree)

    def _small(self, constant: Constant) -> Constant | None:
        if self._loops and _size(constant.value) > MAX_REPEATED:
            message = f"a constant in $each has more than {MAX_REPEATED} characters and values"
            self.problems.error("limit", message, constant.location)
            return None
        return constant

    def _items(self, node: Sequence) -> Plan | None:
        items = [self.build(item) for item in node.items]
        made = tuple(item for item in items if item is not None)
        return Items(node.location, made) if len(made) == len(items) else None

    def _mapping(self, node: Mapping) -> Plan | None:
        if not self._check_keys(node):
            return None
        if "$each" in node.entries:
            return self._conditional(node, self._each)
        return self._scoped(node, lambda: self._conditional(node, self._maker(node)))

    def _maker(self, node: Mapping) -> Callable[[Mapping], Plan | None]:
        makers = {"$const": self._constant, "$switch": self._switch, "$value": self._value}
        return next((make for key, make in makers.items() if key in node.entries), self._fields)

    def _conditional(self, node: Mapping, make: Callable[[Mapping], Plan | None]) -> Plan | None:
        condition, failed = self._optional_expression(node, "$when")
        made = make(node)
        if made is None or failed:
            return None
        return When(node.location, condition, made) if condition else made

    def _check_keys(self, node: Mapping) -> bool:
        """Whether all constructs of a mapping are known and may stand together."""
        before = len(self.problems)
        maker = next((key for key in _BESIDE if key in node.entries), None)
        allowed = {maker, *_BESIDE[maker]} if maker else {"$when", "$let"}
        if "$value" in node.entries:
            allowed |= _BESIDE["$value"]
        for key, (location, _) in node.entries.items():
            if key.startswith("$") and key not in CONSTRUCTS:
                suggestion = nearest(key, CONSTRUCTS) or f"constructs are {', '.join(CONSTRUCTS)}"
                self.problems.error("unknown-construct", f"unknown construct {key!r}", location, suggestion)
            elif key.startswith("$") and key not in allowed:
                where = f"beside {maker}" if maker else "in an object of fields"
                self.problems.error("misplaced-construct", f"{key} has no meaning {where}", location)
            elif not key.startswith("$") and maker and (maker != "$each" or "$value" in node.entries):
                message = f"the field {key!r} cannot stand beside {'$value' if maker == '$each' else maker}"
                self.problems.error("misplaced-field", message, location)
        return len(self.problems) == before

    def _constant(self, node: Mapping) -> Plan | None:
        value = node.entries["$const"][1]
        return self._small(Constant(value.location, plain(value)))

    def _value(self, node: Mapping) -> Plan | None:
        value, default = node.entries["$value"][1], node.get("$default")
        optional = self._flag(node, "$optional")
        if optional is None:
            return None
        made = self.build(value)
        if not isinstance(made, Leaf):
            return self._plain_value(node, made)
        otherwise = self.build(default) if default else None
        if default and not otherwise:
            return None
        return replace(made, optional=optional, default=otherwise)

    def _plain_value(self, node: Mapping, made: Plan | None) -> Plan | None:
        """A `$value` that is no expression: nothing can be missing of it."""
        for key in ("$optional", "$default"):
            if made and key in node.entries:
                message = f"{key} belongs to an expression; this $value is none"
                self.problems.error("misplaced-construct", message, node.entries[key][0])
                return None
        return made

    def _flag(self, node: Mapping, key: str) -> bool | None:
        value = node.get(key)
        if value is None:
            return False
        if isinstance(value, Scalar) and isinstance(value.value, bool):
            return value.value
        self.problems.error("wrong-type", f"{key} is true or false", value.location)
        return None

    def _fields(self, node: Mapping) -> Plan | None:
        fields: dict[str, tuple[Location, Plan]] = {}
        complete = True
        for key, (location, value) in node.entries.items():
            if key.startswith("$"):
                continue
            made = self.build(value)
            complete = complete and made is not None
            if made is not None:
                fields[key] = (location, made)
        return Object(node.location, fields) if complete else None

    def _each(self, node: Mapping) -> Plan | None:
        written = node.entries["$each"][1]
        parts = (
            _EACH.fullmatch(written.value) if isinstance(written, Scalar) and isinstance(written.value, str) else None
        )
        if parts is None:
            self.problems.error("syntax", "$each needs a list and a name", written.location, "source.lines as line")
            return None
        source = self._expression(Scalar(written.location, parts["source"], parts["source"], plain=True))
        if not self._new_name(parts["name"], written.location):
            return None
        if self._loops >= MAX_LOOP_DEPTH:
            message = f"more than {MAX_LOOP_DEPTH} $each inside each other"
            self.problems.error("limit", message, written.location)
            return None
        return self._loop(node, source, parts["name"])

    def _loop(self, node: Mapping, source: Source | None, name: str) -> Plan | None:
        before = self._known, self._once, self._gathered
        self._known |= {name}
        self._once = frozenset({"loop", name} if source and source.names <= self._once else {"loop"}) | _SMALL
        if source and self._gathers(source):
            self._gathered |= {name}
        where, failed = self._optional_expression(node, "$where")
        outer, self.use.names = self.use.names, set()
        self._known |= {"loop"}
        self._loops += 1
        make = self._value if "$value" in node.entries else self._fields
        item = self._scoped(node, lambda: make(node))
        self._loops -= 1
        counts = "loop" in self.use.names
        self.use.names = outer | (self.use.names - {"loop"})
        self._known, self._once, self._gathered = before
        if source is None or item is None or failed:
            return None
        return Each(node.location, source, name, where, item, counts)

    def _switch(self, node: Mapping) -> Plan | None:
        switch = node.entries["$switch"][1]
        if not isinstance(switch, Mapping) or not self._switch_keys(switch):
            message = "$switch needs `on` (an expression) and `cases`, and may have `default`"
            self.problems.error("missing-key", message, switch.location)
            return None
        on_node, cases_node = switch.entries["on"][1], switch.entries["cases"][1]
        assert isinstance(on_node, Scalar)
        assert isinstance(cases_node, Mapping)
        on = self._expression(on_node)
        cases = {key: self.build(value) for key, (_, value) in cases_node.entries.items()}
        default_node = switch.get("default")
        default = self.build(default_node) if default_node else None
        made = {key: case for key, case in cases.items() if case is not None}
        if on is None or len(made) < len(cases) or (default_node and not default):
            return None
        return Switch(node.location, on, made, default)

    def _switch_keys(self, switch: Mapping) -> bool:
        for key, (location, _) in switch.entries.items():
            if key not in ("on", "cases", "default"):
                suggestion = nearest(key, ("on", "cases", "default"))
                self.problems.error("unknown-key", f"unknown key {key!r} in $switch", location, suggestion)
        cases = switch.get("cases")
        return isinstance(switch.get("on"), Scalar) and isinstance(cases, Mapping) and bool(cases.entries)

    def _scoped(self, node: Mapping, make: Callable[[], Plan | None]) -> Plan | None:
        """What `make` makes, with the names of `$let` known to it."""
        before = self._known, self._once, self._gathered
        names = self._names(node)
        made = make()
        self._known, self._once, self._gathered = before
        if made is None or names is None:
            return None
        return Let(node.location, names, made) if names else made

    def _names(self, node: Mapping) -> tuple[tuple[str, Source], ...] | None:
        let = node.get("$let")
        if let is None:
            return ()
        if not isinstance(let, Mapping):
            self.problems.error("wrong-type", "$let is a mapping of names to expressions", let.location)
            return None
        names: list[tuple[str, Source]] = []
        for name, (location, value) in let.entries.items():
            source = self._expression(value) if self._new_name(name, location) else None
            self._known |= {name}
            if source is None:
                continue
            names.append((name, source))
            self._once |= {name} if source.names <= self._once else set()
            self._gathered |= {name} if self._gathers(source) else set()
        return tuple(names) if len(names) == len(let.entries) else None

    def _gathers(self, source: Source) -> bool:
        """Whether a list or object that an expression makes may be part of its value."""
        return _makes_lists(source.tree) or bool(source.names & self._gathered)

    def _new_name(self, name: str, location: Location) -> bool:
        if not _NAME.fullmatch(name) or name in _WORDS:
            self.problems.error("wrong-name", f"{name!r} cannot be a name", location, "letters, digits and _")
            return False
        if name in self._known:
            self.problems.error("wrong-name", f"the name {name!r} is taken here already", location, "choose another")
            return False
        return True

    def _optional_expression(self, node: Mapping, key: str) -> tuple[Source | None, bool]:
        """The expression under a key if there is one, and whether it is wrong."""
        value = node.get(key)
        if value is None:
            return None, False
        source = self._expression(value)
        return source, source is None

    def _expression(self, node: Node) -> Source | None:
        if not isinstance(node, Scalar) or node.value is None:
            self.problems.error("wrong-type", "an expression is a text", node.location)
            return None
        tree = parse_expression(node, self.problems)
        if tree is None or not Checker(self._known, node.location, self.problems, self.use).check(tree):
            return None
        source = Source(node.text, node.location, tree, _names(tree))
        if _makes_lists(tree) and source.names & self._gathered:
            # Lists of lists of lists would grow without any bound that a run could count.
            name = min(source.names & self._gathered)
            message = f"a list or object is made of {name!r}, which holds a list or object that was made itself"
            self.problems.error("limit", message, node.location, "make it of what was read")
            return None
        return source


def _names(tree: nodes.Expr) -> frozenset[str]:
    """The names that an expression reads; those of functions are not among them."""
    called = {id(call.node) for call in _all(tree, nodes.Call)}
    return frozenset(name.name for name in _all(tree, nodes.Name) if id(name) not in called)


def _passes_on(tree: nodes.Expr) -> bool:
    """Whether the value may be one that was read, as it is; made text counts where it is made."""
    if isinstance(tree, nodes.Filter):
        found = find_filter(tree.name)
        return found is None or found.passes_on
    kinds = (nodes.Name, nodes.Getattr, nodes.Getitem, nodes.And, nodes.Or, nodes.CondExpr, nodes.List, nodes.Dict)
    return isinstance(tree, (*kinds, nodes.Tuple))


def _makes_lists(tree: nodes.Expr) -> bool:
    return any(_all(tree, (nodes.List, nodes.Tuple, nodes.Dict)))


def _all(tree: nodes.Expr, kind: type[_N] | tuple[type[_N], ...]) -> Iterator[_N]:
    """The nodes of some kinds in a tree, its root included."""
    if isinstance(tree, kind):
        yield tree
    yield from tree.find_all(kind)


def _size(value: Any) -> int:
    """Characters and values of plain data."""
    if isinstance(value, dict):
        return sum(len(key) + _size(item) for key, item in value.items()) + 1
    if isinstance(value, list):
        return sum(map(_size, value)) + 1
    return len(value) if isinstance(value, str) else 1
