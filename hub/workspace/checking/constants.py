"""Values that stand in a mapping and are never right: constants that a field cannot have, expressions that
fail for every message, systems that there are not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jinja2 import nodes
from pydantic import TypeAdapter, ValidationError

from hub.mapping import Expression, ExpressionFailed
from hub.mapping import Mapping as CompiledMapping
from hub.mapping.check import Use
from hub.mapping.filters import find_filter
from hub.mapping.lookups import NoLookups
from hub.mapping.plan import Source
from hub.pipelines.compiler import LEDGER
from hub.source import Location, Problems, nearest
from hub.workspace.checking.paths import expressions_in
from hub.workspace.checking.types import alternatives, values_of
from hub.workspace.loader import Draft

_FIXED = (
    nodes.Const,
    nodes.Filter,
    nodes.Neg,
    nodes.Pos,
    nodes.Add,
    nodes.Sub,
    nodes.Mul,
    nodes.Div,
    nodes.Concat,
    nodes.List,
    nodes.Keyword,
)
"""What an expression is made of whose value does not depend on any message."""


def check_value(value: Any, expected: Any, where: Location, problems: Problems) -> None:
    """Report a constant that the type of its field does not take."""
    if value is None or expected is None:
        return
    try:
        TypeAdapter(expected).validate_python(value)
    except ValidationError as error:
        message = f"{value!r} cannot stand here: {error.errors()[0]['msg'].lower()}"
        members = [value for kind in alternatives(expected) for value in values_of(kind) or ()]
        problems.error("wrong-value", message, where, nearest(str(value), members))


def outcomes(tree: nodes.Expr) -> Iterator[Any]:
    """The constants that an expression may yield: `'P' if source.paid else 'O'` yields two."""
    if isinstance(tree, nodes.Const):
        yield tree.value
    elif isinstance(tree, nodes.CondExpr):
        yield from outcomes(tree.expr1)
        yield from outcomes(tree.expr2) if tree.expr2 is not None else ()


def check_constants(mapping: CompiledMapping, problems: Problems) -> None:
    """Report expressions that read nothing and fail, such as `'2026-02-30' | date`."""
    for source in expressions_in(mapping.plan):
        for part in _fixed_parts(source.tree):
            fixed = Source(source.text, source.location, part, frozenset())
            try:
                Expression(fixed, condition=False, use=Use()).evaluate({}, NoLookups())
            except ExpressionFailed as failed:
                message = f"{source.text!r} fails for every message: {failed.error.message}"
                problems.error("never-works", message, source.location, failed.error.fix)


def check_systems(mapping: CompiledMapping, draft: Draft) -> None:
    """Report `xref()` of a system that no connection speaks of."""
    known = {LEDGER, *draft.systems.values()}
    for source in expressions_in(mapping.plan):
        for name in _systems_asked(source.tree):
            if name not in known:
                suggestion = nearest(name, known) or f"known are {', '.join(sorted(known))}"
                message = f"there is no system {name!r}"
                draft.problems.error("unknown-system", message, source.location, suggestion)


def _systems_asked(tree: nodes.Expr) -> Iterator[str]:
    calls = [*([tree] if isinstance(tree, nodes.Call) else ()), *tree.find_all(nodes.Call)]
    for call in calls:
        named = {keyword.key: keyword.value for keyword in call.kwargs}
        system = call.args[0] if call.args else named.get("system")
        is_xref = isinstance(call.node, nodes.Name) and call.node.name == "xref"
        if is_xref and isinstance(system, nodes.Const) and isinstance(system.value, str):
            yield system.value


def _fixed_parts(tree: nodes.Node) -> Iterator[nodes.Expr]:
    """The largest parts with a filter whose value is always the same."""
    if isinstance(tree, nodes.Filter | nodes.BinExpr) and _is_fixed(tree):
        yield tree
        return
    for child in tree.iter_child_nodes():
        yield from _fixed_parts(child)


def _is_fixed(node: nodes.Node) -> bool:
    if not isinstance(node, _FIXED):
        return False
    if isinstance(node, nodes.Filter):
        found = find_filter(node.name)
        if found is None or found.lookups:
            return False
    return all(_is_fixed(child) for child in node.iter_child_nodes())
