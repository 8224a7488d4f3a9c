"""Mapping: a YAML file of `mappings/`, compiled."""

from __future__ import annotations

from collections.abc import Mapping as Variables
from collections.abc import Set
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

from hub.mapping.build import Builder
from hub.mapping.cases import MappingTest, read_tests
from hub.mapping.check import Use
from hub.mapping.errors import RUN_ERRORS, MappingFailed
from hub.mapping.extend import extend, text_of
from hub.mapping.generate import Function, generate
from hub.mapping.interpret import FieldTrace, Interpreter
from hub.mapping.lookups import Lookups, ReplayedLookups
from hub.mapping.plan import Plan, locate
from hub.mapping.values import Budget
from hub.source import Location, Node, Problems, Scalar, nearest
from hub.source import Mapping as MappingNode

VARIABLES: Final = frozenset(("source", "message", "order", "effect", "target", "connection", "headers"))
"""The names a mapping may read: the tree it maps, what happened to the subject, the system of
the target, the connection the message came from, the message's headers."""

_KEYS: Final = ("mapping", "from", "to", "extends", "fields", "tests")


class Mapping:
    """A compiled mapping. `name`, `source_type` and `target_type` are its `mapping`, `from` and `to`."""

    def __init__(
        self, node: MappingNode, names: dict[str, str], plan: Plan, use: Use, tests: list[MappingTest]
    ) -> None:
        self.name = names["mapping"]
        self.source_type = names["from"]
        self.target_type = names["to"]
        self.extends = text_of(node.get("extends")) or None
        """The name of the mapping that it extends."""
        self.location: Location = node.location
        self.tests = tests
        self.crosswalks = dict(use.crosswalks)
        """Names of the code tables it reads, each with a place where it does."""
        self.plan = plan
        """What it means, with all that it inherits; every part knows its file and line."""
        self._variables = use.names & VARIABLES
        self._numbered = "sequence" in use.functions
        self._fast = generate(plan, self._variables, exact=False)

    def reads(self, variable: str) -> bool:
        """Whether it reads a variable: one that costs something is got only for mappings that do."""
        return variable in self._variables

    def run(self, variables: Variables[str, Any], lookups: Lookups) -> Any:
        """The output; raises MappingFailed with every field that cannot be made.

        `variables` are those of VARIABLES that are known; `source` is the tree to map. The
        output may share parts with it: neither is to be changed afterwards.
        """
        if self._numbered:
            lookups = ReplayedLookups(lookups)
        try:
            return self._fast(variables, lookups, Budget())
        except RUN_ERRORS:
            return self._exactly(variables, lookups)

    @cached_property
    def _exact(self) -> Function:
        return generate(self.plan, self._variables, exact=True)

    def _exactly(self, variables: Variables[str, Any], lookups: Lookups) -> Any:
        """After the fast function stopped: it stops at anything unusual, be it right or wrong."""
        _rewind(lookups)
        try:
            return self._exact(variables, lookups, Budget())
        except RUN_ERRORS:
            _rewind(lookups)
            return self._field_by_field(variables, lookups)

    def _field_by_field(self, variables: Variables[str, Any], lookups: Lookups) -> Any:
        interpreter = Interpreter(lookups)
        made = interpreter.run(self.plan, variables)
        if interpreter.errors:
            raise MappingFailed(self.name, interpreter.errors)
        return made

    def explain(self, variables: Variables[str, Any], lookups: Lookups) -> list[FieldTrace]:
        """How each field comes about, those that fail included; conditions and loops have their own rows."""
        interpreter = Interpreter(lookups)
        interpreter.run(self.plan, variables)
        return interpreter.traces

    def find(self, path: tuple[str | int, ...]) -> Location | None:
        """The place in the YAML that makes the output at `path`, or None if nothing does."""
        return locate(self.plan, path)

    def locate(self, path: tuple[str | int, ...]) -> Location:
        """The place in the YAML that makes the output at `path`, or the nearest thing around it."""
        for length in range(len(path), 0, -1):
            found = locate(self.plan, path[:length])
            if found is not None:
                return found
        return self.plan.location


def _rewind(lookups: Lookups) -> None:
    if isinstance(lookups, ReplayedLookups):
        lookups.rewind()


def compile_mapping(
    node: Node,
    problems: Problems,
    *,
    names: Set[str] = VARIABLES,
    bases: Variables[str, Node | None] = MappingProxyType({}),
) -> Mapping | None:
    """The mapping of a file's root node, or None with what is wrong added to `problems`.

    `bases` are the root nodes of the mappings that it may extend, by their names; None stands
    for one that cannot be read.
    """
    if not isinstance(node, MappingNode):
        problems.error("wrong-type", f"a mapping's file has the keys {', '.join(_KEYS)}", node.location)
        return None
    before = len(problems.errors)
    _check_keys(node, problems)
    whole = extend(node, bases, problems)
    return _compile(whole, problems, names, before) if whole else None


def _compile(node: MappingNode, problems: Problems, names: Set[str], before: int) -> Mapping | None:
    """The mapping of a file and what it inherits, unless there are more than `before` errors."""
    if "fields" not in node.entries:
        problems.error("missing-key", "missing key 'fields'", node.location)
    texts = {key: _text(node, key, problems) for key in ("mapping", "from", "to")}
    builder = Builder(names, problems)
    fields = node.get("fields")
    plan = builder.build(fields) if fields else None
    tests = read_tests(node.get("tests"), problems, names)
    if plan is None or len(problems.errors) > before:
        return None
    return Mapping(node, texts, plan, builder.use, tests)


def _check_keys(node: MappingNode, problems: Problems) -> None:
    for key, (location, _) in node.entries.items():
        if key not in _KEYS:
            suggestion = nearest(key, _KEYS) or f"known are {', '.join(_KEYS)}"
            problems.error("unknown-key", f"unknown key {key!r}", location, suggestion)


def _text(node: MappingNode, key: str, problems: Problems) -> str:
    value = node.get(key)
    if value is None:
        problems.error("missing-key", f"missing key {key!r}", node.location)
    elif not isinstance(value, Scalar) or not isinstance(value.value, str) or not value.value:
        problems.error("wrong-type", f"{key!r} must be text", value.location)
    else:
        return value.value
    return ""
