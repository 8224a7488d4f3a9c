"""From YAML to the plan: objects, lists, leaves and the constructs, keys that begin with `$`."""

from __future__ import annotations

import re
from collections.abc import Callable, Set
from dataclasses import replace
from typing import Final

from hub.mapping.check import Checker, Use
from hub.mapping.clauses import has_switch_keys, read_checks, read_flag, read_sort
from hub.mapping.constructs import check_keys
from hub.mapping.limits import MAX_CONSTRUCT_DEPTH, MAX_LOOP_DEPTH, MAX_REPEATED
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
    SortKey,
    Source,
    Switch,
    When,
)
from hub.mapping.syntax import parse_expression
from hub.mapping.trees import makes_lists, passes_on, size_of
from hub.source import Location, Mapping, Node, Problems, Scalar, Sequence, plain

_SMALL: Final = frozenset(("effect", "target", "connection"))
"""Variables that are short texts of the hub."""
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
        return not source.names <= self._once and passes_on(source.tree)

    def _small(self, constant: Constant) -> Constant | None:
        if self._loops and size_of(constant.value) > MAX_REPEATED:
            message = f"a constant in $each has more than {MAX_REPEATED} characters and values"
            self.problems.error("limit", message, constant.location)
            return None
        return constant

    def _items(self, node: Sequence) -> Plan | None:
        items = [self.build(item) for item in node.items]
        made = tuple(item for item in items if item is not None)
        return Items(node.location, made) if len(made) == len(items) else None

    def _mapping(self, node: Mapping) -> Plan | None:
        if not check_keys(node, self.problems, top=self._depth == 1):
            return None
        if "$each" in node.entries:
            return self._conditional(node, self._each)
        return self._scoped(node, lambda: self._conditional(node, lambda _: self._required(node, self._maker(node))))

    def _maker(self, node: Mapping) -> Callable[[Mapping], Plan | None]:
        makers = {"$const": self._constant, "$switch": self._switch, "$value": self._value}
        return next((make for key, make in makers.items() if key in node.entries), self._fields)

    def _conditional(self, node: Mapping, make: Callable[[Mapping], Plan | None]) -> Plan | None:
        condition, failed = self._optional_expression(node, "$when")
        made = self._asserted(node, make(node))
        if made is None or failed:
            return None
        return When(node.location, condition, made) if condition else made

    def _required(self, node: Mapping, make: Callable[[Mapping], Plan | None]) -> Plan | None:
        checks = self._checks(node, "$require")
        made = make(node)
        if made is None or checks is None:
            return None
        return Require(node.location, checks, made) if checks else made

    def _asserted(self, node: Mapping, made: Plan | None) -> Plan | None:
        if "$assert" not in node.entries:
            return made
        if not self._new_name("output", node.entries["$assert"][0]):
            return None
        before = self._known
        self._known |= {"output"}
        checks = self._checks(node, "$assert")
        self._known = before
        return Assert(node.location, checks, made) if made and checks is not None else None

    def _checks(self, node: Mapping, key: str) -> tuple[Check, ...] | None:
        written = node.get(key)
        return () if written is None else read_checks(written, self._expression, self.problems)

    def _constant(self, node: Mapping) -> Plan | None:
        value = node.entries["$const"][1]
        return self._small(Constant(value.location, plain(value)))

    def _value(self, node: Mapping) -> Plan | None:
        value, default = node.entries["$value"][1], node.get("$default")
        optional = read_flag(node, "$optional", self.problems)
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
        sort = self._sort(node)
        outer, self.use.names = self.use.names, set()
        self._known |= {"loop"}
        self._loops += 1
        make = self._value if "$value" in node.entries else self._fields
        item = self._scoped(node, lambda: self._required(node, make))
        self._loops -= 1
        counts = "loop" in self.use.names
        self.use.names = outer | (self.use.names - {"loop"})
        self._known, self._once, self._gathered = before
        if source is None or item is None or sort is None or failed:
            return None
        return Each(node.location, source, name, where, item, counts, sort)

    def _sort(self, node: Mapping) -> tuple[SortKey, ...] | None:
        written = node.get("$sort")
        return () if written is None else read_sort(written, self._expression, self.problems)

    def _switch(self, node: Mapping) -> Plan | None:
        switch = node.entries["$switch"][1]
        if not isinstance(switch, Mapping) or not has_switch_keys(switch, self.problems):
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
        return makes_lists(source.tree) or bool(source.names & self._gathered)

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
        checker = Checker(self._known, node.location, self.problems, self.use)
        if tree is None or not checker.check(tree):
            return None
        source = Source(node.text, node.location, tree, frozenset(checker.names))
        if source.names & self._gathered and makes_lists(tree):
            # Lists of lists of lists would grow without any bound that a run could count.
            name = min(source.names & self._gathered)
            message = f"a list or object is made of {name!r}, which holds a list or object that was made itself"
            self.problems.error("limit", message, node.location, "make it of what was read")
            return None
        return source
