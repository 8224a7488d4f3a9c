"""Python text of a checked expression.

Each node is written in one of two ways. *Strict* text never yields null: it raises where a path
finds nothing. *Lenient* text yields None there, and operators and filters pass None on; it is
used where a missing path is no error (conditions, `default`, optional leaves).

Paths are written in one of two ways too. *Optimistic*, they are plain subscripts, which raise
some error or other on anything unusual (a list on the way, a missing key); whoever runs such
code runs the exact one after any error, and only that one's errors are shown. *Exact*, they
call `_read`, which knows the rules of paths.

Names of the generated code: `_v` variables, `_l` lookups, `_b` the budget, `_read` reads paths,
`_t0` … temporaries; all other names in it are constants and functions put into `globals`.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from inspect import Signature
from typing import Any, ClassVar, Final

from jinja2 import nodes

from hub.mapping import values
from hub.mapping.check import FUNCTIONS, named
from hub.mapping.filters import find_filter
from hub.mapping.order import sort_rows

_OPERATORS: Final[dict[type[nodes.Node], str]] = {
    nodes.Add: "_add",
    nodes.Sub: "_subtract",
    nodes.Mul: "_multiply",
    nodes.Div: "_divide",
    nodes.Neg: "_negate",
    nodes.Pos: "_positive",
}
_COMPARISONS: Final = {
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "lteq": "<=",
    "gt": ">",
    "gteq": ">=",
    "in": "in",
    "notin": "not in",
}
_TESTS: Final = {
    "defined": "({0} is not None)",
    "undefined": "({0} is None)",
    "none": "({0} is None)",
    "string": "isinstance({0}, str)",
    "number": "_is_number({0})",
    "boolean": "isinstance({0}, bool)",
    "mapping": "isinstance({0}, dict)",
    "sequence": "isinstance({0}, list)",
}


def positive(value: Any) -> Decimal | int:
    """A number as it is; anything else is refused."""
    return values.add(0, value)


def look_through(budget: values.Budget, function: Callable[..., Any], value: Any, *arguments: Any) -> Any:
    """Call a filter that looks through a list."""
    return function(budget.look_through(value), *arguments)


def base_globals() -> dict[str, Any]:
    """What all generated code may use; there are no built-ins but these."""
    return {
        "__builtins__": {},
        "_read": values.read,
        "_read_item": values.read_item,
        "_item": values.item,
        "_needed": values.needed,
        "_concatenate": values.concatenate,
        "_without_null": values.without_null,
        "_as_list": values.as_list,
        "_is_number": values.is_number,
        "_text": values.to_text,
        "_len": len,
        "_add": values.add,
        "_subtract": values.subtract,
        "_multiply": values.multiply,
        "_divide": values.divide,
        "_negate": values.negate,
        "_positive": positive,
        "_look_through": look_through,
        "_sort_rows": sort_rows,
        **{name: getattr(builtins, name) for name in ("isinstance", "str", "bool", "dict", "list", "type", "bytes")},
    }


@dataclass(frozen=True, slots=True)
class Name:
    """How generated code reads a name; `nullable` if its value may be None."""

    text: str
    nullable: bool = False


class Emitter:
    """Writes expressions, and collects what their text refers to in `globals`."""

    def __init__(self, *, exact: bool) -> None:
        self.exact = exact
        self.globals = base_globals()
        self._temporaries = 0

    def temporary(self) -> str:
        """A name not used yet."""
        self._temporaries += 1
        return f"_t{self._temporaries}"

    def constant(self, value: Any) -> str:
        """The text of plain data; each run makes lists and objects anew."""
        if value is None or isinstance(value, bool | int | str):
            return repr(value)
        if isinstance(value, list):
            return f"[{', '.join(map(self.constant, value))}]"
        if isinstance(value, dict):
            return f"{{{', '.join(f'{key!r}: {self.constant(item)}' for key, item in value.items())}}}"
        return self.refer(value)

    def refer(self, value: Any) -> str:
        """A name in `globals` for a value that has no text."""
        name = f"_g{len(self.globals)}"
        self.globals[name] = value
        return name

    def strict(self, node: nodes.Expr, names: Mapping[str, Name]) -> str:
        """Text that yields a value or raises."""
        return self._emit(node, names, lenient=False)

    def lenient(self, node: nodes.Expr, names: Mapping[str, Name]) -> str:
        """Text that yields a value, or None where a path finds nothing."""
        return self._emit(node, names, lenient=True)

    def require(self, text: str) -> str:
        """Strict text of a text that may yield None."""
        if self.exact:
            return f"_needed({text})"
        held, name = self._held(text)
        return f"({name} if {held} is not None else _needed(None))"

    def _held(self, text: str) -> tuple[str, str]:
        """What stands where a value is read first, and the name that it has from there on."""
        if text.isidentifier():
            return text, text
        name = self.temporary()
        return f"({name} := {text})", name

    def _emit(self, node: nodes.Expr, names: Mapping[str, Name], *, lenient: bool) -> str:
        if isinstance(node, nodes.Name | nodes.Getattr | nodes.Getitem):
            return self._path(node, names, lenient)
        if isinstance(node, nodes.Const):
            text = self.constant(node.value)
            return text if lenient or node.value is not None else f"_needed({text})"
        writer = self._WRITERS[type(node)]
        return writer(self, node, names, lenient)

    # Paths

    def _path(self, node: nodes.Expr, names: Mapping[str, Name], lenient: bool) -> str:
        keys: list[str | int] = []
        while isinstance(node, nodes.Getattr | nodes.Getitem):
            key = _static_key(node)
            if key is None:
                assert isinstance(node, nodes.Getitem)
                return self._computed(node, keys[::-1], names, lenient)
            keys.append(key)
            node = node.node
        path = tuple(keys[::-1])
        if not isinstance(node, nodes.Name):
            text = f"_read({self._emit(node, names, lenient=lenient)}, {path!r}, '(…)')"
        elif self.exact:
            text = f"_read({names[node.name].text}, {path!r}, {node.name!r})"
        else:
            return self._subscripts(names[node.name], path, lenient)
        return text if lenient else self.require(text)

    def _computed(
        self, node: nodes.Getitem, rest: Sequence[str | int], names: Mapping[str, Name], lenient: bool
    ) -> str:
        text = self._guarded("_read_item", "", [node.node, node.arg], names, lenient)
        if rest:
            text = f"_read({text}, {tuple(rest)!r}, '(…)')"
        return text if lenient else self.require(text)

    def _subscripts(self, root: Name, path: Sequence[str | int], lenient: bool) -> str:
        if not lenient:
            text = root.text
            for key in path:
                text = f"_item({text}, {key})" if isinstance(key, int) else f"{text}[{key!r}]"
            return self.require(text) if path or root.nullable else text
        text, nullable = root.text, root.nullable
        for key in path:
            if isinstance(key, int):
                text = f"_item({text}, {key})"
            elif nullable:
                held, name = self._held(text)
                text = f"({name}.get({key!r}) if {held} is not None else None)"
            else:
                text = f"{text}.get({key!r})"
            nullable = True
        return text

    # Operators

    def _guarded(
        self, function: str, before: str, operands: Sequence[nodes.Expr], names: Mapping[str, Name], lenient: bool
    ) -> str:
        """A call that, written leniently, yields None if an operand does."""
        if not lenient:
            return f"{function}({before}{', '.join(self._operand(operand, names) for operand in operands)})"
        return self._unless_null(lambda texts: f"{function}({before}{', '.join(texts)})", operands, names, "None")

    def _operand(self, node: nodes.Expr, names: Mapping[str, Name]) -> str:
        # An argument left out stands as a null literal, which is not a path that found nothing.
        return self.constant(node.value) if isinstance(node, nodes.Const) else self.strict(node, names)

    def _unless_null(
        self,
        write: Callable[[Sequence[str]], str],
        operands: Sequence[nodes.Expr],
        names: Mapping[str, Name],
        otherwise: str,
    ) -> str:
        texts, guards = [], []
        for operand in operands:
            text = self.lenient(operand, names)
            if not isinstance(operand, nodes.Const):
                held, text = self._held(text)
                guards.append(f"{held} is not None")
            texts.append(text)
        written = write(texts)
        return f"({written} if {' and '.join(guards)} else {otherwise})" if guards else written

    def _operator(self, node: nodes.BinExpr | nodes.UnaryExpr, names: Mapping[str, Name], lenient: bool) -> str:
        operands = [node.left, node.right] if isinstance(node, nodes.BinExpr) else [node.node]
        return self._guarded(_OPERATORS[type(node)], "", operands, names, lenient)

    def _concat(self, node: nodes.Concat, names: Mapping[str, Name], lenient: bool) -> str:
        return self._guarded("_concatenate", "_b, ", node.nodes, names, lenient)

    def _compare(self, node: nodes.Compare, names: Mapping[str, Name], lenient: bool) -> str:
        operation = node.ops[0]
        sign = _COMPARISONS[operation.op]
        constant = isinstance(node.expr, nodes.Const) or isinstance(operation.expr, nodes.Const)
        if operation.op in ("in", "notin"):
            sign += " _b.look_through"
        elif operation.op in ("eq", "ne") and not constant:
            sign += " _b.look_into"
        if not lenient or operation.op in ("eq", "ne"):
            left = self._emit(node.expr, names, lenient=lenient)
            return f"({left} {sign}({self._emit(operation.expr, names, lenient=lenient)}))"
        otherwise = str(operation.op == "notin")
        return self._unless_null(
            lambda texts: f"({texts[0]} {sign}({texts[1]}))", [node.expr, operation.expr], names, otherwise
        )

    def _not(self, node: nodes.Not, names: Mapping[str, Name], lenient: bool) -> str:
        return f"(not {self.lenient(node.node, names)})"

    def _and_or(self, node: nodes.And | nodes.Or, names: Mapping[str, Name], lenient: bool) -> str:
        word = "and" if isinstance(node, nodes.And) else "or"
        text = f"({self.lenient(node.left, names)} {word} {self.lenient(node.right, names)})"
        return text if lenient else self.require(text)

    def _condition(self, node: nodes.CondExpr, names: Mapping[str, Name], lenient: bool) -> str:
        first = self._emit(node.expr1, names, lenient=lenient)
        missing = "None" if lenient else "_needed(None)"
        second = self._emit(node.expr2, names, lenient=lenient) if node.expr2 is not None else missing
        return f"({first} if {self.lenient(node.test, names)} else {second})"

    # Lists and objects: leniently, null items are left out

    def _list(self, node: nodes.List | nodes.Tuple, names: Mapping[str, Name], lenient: bool) -> str:
        text = ", ".join(self._emit(item, names, lenient=lenient) for item in node.items)
        return f"_without_null([{text}])" if lenient else f"[{text}]"

    def _object(self, node: nodes.Dict, names: Mapping[str, Name], lenient: bool) -> str:
        pairs = [
            f"_text({self.strict(pair.key, names)}): {self._emit(pair.value, names, lenient=lenient)}"
            for pair in node.items
        ]
        return f"_without_null({{{', '.join(pairs)}}})" if lenient else f"{{{', '.join(pairs)}}}"

    # Filters, functions, tests

    def _filter(self, node: nodes.Filter, names: Mapping[str, Name], lenient: bool) -> str:
        assert node.node is not None
        if node.name == "default":
            otherwise = self._emit(node.args[0], names, lenient=lenient)
            held, name = self._held(self.lenient(node.node, names))
            return f"({name} if {held} is not None else {otherwise})"
        found = find_filter(node.name)
        assert found is not None
        operands = [node.node, *_positional(found.signature(), node)]
        before = "_l, " if found.lookups else ""
        function = self.refer(found.function)
        if found.looks_through:
            function, before = "_look_through", f"_b, {function}, "
        text = self._guarded(function, before, operands, names, lenient)
        if not found.short:
            text = f"_b.take({text})"
        return self.require(text) if found.passes_on and not lenient else text

    def _call(self, node: nodes.Call, names: Mapping[str, Name], lenient: bool) -> str:
        assert isinstance(node.node, nodes.Name)
        operands = _positional(FUNCTIONS[node.node.name], node)
        text = f"_l.{node.node.name}({', '.join(f'_text({self.strict(operand, names)})' for operand in operands)})"
        return text if lenient else self.require(text)

    def _test(self, node: nodes.Test, names: Mapping[str, Name], lenient: bool) -> str:
        # A literal before `is` would make Python warn; a name holds it.
        return _TESTS[node.name].format(f"({self.temporary()} := {self.lenient(node.node, names)})")

    _WRITERS: ClassVar[dict[type[nodes.Node], Callable[..., str]]] = {
        **dict.fromkeys(_OPERATORS, _operator),
        nodes.Concat: _concat,
        nodes.Compare: _compare,
        nodes.Not: _not,
        nodes.And: _and_or,
        nodes.Or: _and_or,
        nodes.CondExpr: _condition,
        nodes.List: _list,
        nodes.Tuple: _list,
        nodes.Dict: _object,
        nodes.Filter: _filter,
        nodes.Call: _call,
        nodes.Test: _test,
    }


def _positional(signature: Signature, node: nodes.Filter | nodes.Call) -> list[nodes.Expr]:
    """All arguments in their order, defaults filled in, so that both ways of writing guard them alike."""
    bound = signature.bind(*node.args, **named(node))
    bound.apply_defaults()
    return [value if isinstance(value, nodes.Expr) else nodes.Const(value) for value in bound.args]


def _static_key(node: nodes.Getattr | nodes.Getitem) -> str | int | None:
    """The key that stands in the text, or None if it is computed."""
    if isinstance(node, nodes.Getattr):
        return node.attr
    key = node.arg.value if isinstance(node.arg, nodes.Const) else None
    return key if isinstance(key, str | int) and not isinstance(key, bool) else None
