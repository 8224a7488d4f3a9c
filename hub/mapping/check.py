"""The whitelist: which expressions the language has. All others are refused before any code is made.

An expression reaches data by names and keys, and calls registered filters, functions and tests
with positional or named arguments. There is nothing else: no attributes of Python objects, no
methods, no slices, no power, no remainder (it would format text).
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass, field
from decimal import Decimal
from inspect import Parameter, Signature
from typing import Any, ClassVar, Final

from jinja2 import nodes

from hub.mapping.errors import RUN_ERRORS
from hub.mapping.filters import Filter, filter_names, find_filter
from hub.mapping.limits import MAX_DIGITS, MAX_EXPRESSION_DEPTH
from hub.mapping.trees import inside
from hub.source import Location, Problems, nearest

FUNCTIONS: Final = {
    "xref": Signature([Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in ("system", "kind")]),
    "sequence": Signature([Parameter("name", Parameter.POSITIONAL_OR_KEYWORD)]),
}
"""Functions and their arguments."""

TESTS: Final = ("defined", "undefined", "none", "string", "number", "boolean", "mapping", "sequence")
"""What may stand behind `is`."""

_ALLOWED: Final = (
    nodes.Name,
    nodes.Const,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Filter,
    nodes.Test,
    nodes.Call,
    nodes.Not,
    nodes.And,
    nodes.Or,
    nodes.Compare,
    nodes.Operand,
    nodes.CondExpr,
    nodes.Concat,
    nodes.Add,
    nodes.Sub,
    nodes.Mul,
    nodes.Div,
    nodes.Neg,
    nodes.Pos,
    nodes.List,
    nodes.Tuple,
    nodes.Dict,
    nodes.Pair,
    nodes.Keyword,
)
_REFUSED: Final[dict[type[nodes.Node], str]] = {
    nodes.Pow: "there is no power (**)",
    nodes.Mod: "there is no remainder (%); join text with ~",
    nodes.FloorDiv: "there is no // ; use / and the filter round",
    nodes.Slice: "there are no slices; use first, last or truncate",
}


@dataclass(slots=True)
class Use:
    """What the expressions of a mapping use from outside, collected while they are checked."""

    names: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    crosswalks: dict[str, Location] = field(default_factory=dict)


class Checker:
    """Checks the expressions of one place; `known` are the names that may be read there."""

    def __init__(self, known: Set[str], location: Location, problems: Problems, use: Use) -> None:
        self.known = known
        self.location = location
        self.problems = problems
        self.use = use
        self.names: set[str] = set()
        """The names that were read; those of functions are not among them."""

    def check(self, expression: nodes.Expr) -> bool:
        """Whether the language has this expression; if not, problems say why."""
        before = len(self.problems)
        self._node(expression, 1)
        self.use.names |= self.names
        return len(self.problems) == before

    def _error(self, kind: str, message: str, suggestion: str = "") -> None:
        self.problems.error(kind, message, self.location, suggestion)

    def _node(self, node: nodes.Node, depth: int) -> None:
        if depth > MAX_EXPRESSION_DEPTH:
            self._error("limit", f"an expression more than {MAX_EXPRESSION_DEPTH} levels deep", "split it with $let")
            return
        if not isinstance(node, _ALLOWED):
            message = _REFUSED.get(type(node), f"{type(node).__name__} is not part of the language")
            self._error("not-allowed", message)
            return
        specific = self._CHECKS.get(type(node))
        if specific is not None:
            specific(self, node)
        for child in inside(node):
            self._node(child, depth + 1)

    def _name(self, node: nodes.Name) -> None:
        self.names.add(node.name)
        if node.name not in self.known:
            names = ", ".join(sorted(self.known))
            others = f"names here are {names}; text has quotes of its own: \"'{node.name}'\""
            self._error("unknown-name", f"unknown name {node.name!r}", nearest(node.name, self.known) or others)

    def _constant(self, node: nodes.Const) -> None:
        value = node.value
        if not isinstance(value, int | Decimal) or isinstance(value, bool):
            return
        number = Decimal(value)
        if not -MAX_DIGITS < number.adjusted() < MAX_DIGITS or len(number.as_tuple().digits) > MAX_DIGITS:
            self._error("limit", f"a number of more than {MAX_DIGITS} digits")

    def _attribute(self, node: nodes.Getattr) -> None:
        if node.attr.startswith("__"):
            self._error(
                "not-allowed",
                f"there is no .{node.attr}: expressions reach data only",
                f"a key of that name is read by [{node.attr!r}]",
            )

    def _comparison(self, node: nodes.Compare) -> None:
        if len(node.ops) > 1:
            self._error("not-allowed", "comparisons cannot be chained", "write a < b and b < c")

    def _test(self, node: nodes.Test) -> None:
        if node.name not in TESTS:
            suggestion = nearest(node.name, TESTS) or f"tests are {', '.join(TESTS)}"
            self._error("unknown-test", f"unknown test {node.name!r}", suggestion)
        elif node.args or node.kwargs or node.dyn_args or node.dyn_kwargs:
            self._error("wrong-arguments", f"the test {node.name} takes no arguments")

    def _call(self, node: nodes.Call) -> None:
        if not isinstance(node.node, nodes.Name):
            self._error("not-allowed", "only functions can be called; there are no methods", _functions())
            return
        name = node.node.name
        if name not in FUNCTIONS:
            self._error("unknown-function", f"unknown function {name!r}", nearest(name, FUNCTIONS) or _functions())
            return
        self.use.functions.add(name)
        self._arguments(f"the function {name}", FUNCTIONS[name], node)

    def _filter(self, node: nodes.Filter) -> None:
        if node.name == "default":
            parameter = Parameter("value", Parameter.POSITIONAL_ONLY)
            self._arguments("the filter default", Signature([parameter]), node)
            return
        found = find_filter(node.name)
        if found is None:
            names = filter_names()
            suggestion = nearest(node.name, names) or f"filters are {', '.join(names)}"
            self._error("unknown-filter", f"unknown filter {node.name!r}", suggestion)
        elif self._arguments(f"the filter {node.name}", found.signature(), node):
            self._literal_arguments(found, node)
            self._crosswalk(found, node)

    def _arguments(self, of: str, signature: Signature, node: nodes.Filter | nodes.Call) -> bool:
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            self._error("not-allowed", f"{of} takes no * arguments")
            return False
        try:
            signature.bind(*node.args, **named(node))
        except TypeError as error:
            self._error("wrong-arguments", f"{of}: {error}", f"it takes {signature}")
            return False
        return True

    def _literal_arguments(self, found: Filter, node: nodes.Filter) -> None:
        given = [*node.args, *named(node).values()]
        if found.check is None or not all(isinstance(argument, nodes.Const) for argument in given):
            return
        literals = {key: _constant_of(argument) for key, argument in named(node).items()}
        try:
            found.check(*map(_constant_of, node.args), **literals)
        except RUN_ERRORS as error:
            self._error("wrong-arguments", f"the filter {found.name}: {error}")

    def _crosswalk(self, found: Filter, node: nodes.Filter) -> None:
        if not found.lookups:
            return
        table = [*node.args, *named(node).values()][0]
        if isinstance(table, nodes.Const) and isinstance(table.value, str):
            self.use.crosswalks.setdefault(table.value, self.location)
        else:
            self._error("wrong-arguments", "the name of a crosswalk is a literal text, such as crosswalk('units')")

    _CHECKS: ClassVar[dict[type[nodes.Node], Callable[..., None]]] = {
        nodes.Name: _name,
        nodes.Const: _constant,
        nodes.Getattr: _attribute,
        nodes.Compare: _comparison,
        nodes.Test: _test,
        nodes.Call: _call,
        nodes.Filter: _filter,
    }


def named(node: nodes.Filter | nodes.Call) -> dict[str, nodes.Expr]:
    """The arguments given by name."""
    return {str(keyword.key): keyword.value for keyword in node.kwargs}


def _constant_of(node: nodes.Expr) -> Any:
    return node.value if isinstance(node, nodes.Const) else None


def _functions() -> str:
    return f"functions are {', '.join(sorted(FUNCTIONS))}"
