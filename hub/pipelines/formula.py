"""Formula: an expression of a pipeline with its place, so that an error names where to look."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from jinja2 import nodes

from hub.mapping import Expression, compile_expression
from hub.mapping.lookups import NoLookups
from hub.mapping.syntax import parse_expression
from hub.source import Location, Problems, Scalar

_NO_LOOKUPS = NoLookups()


@dataclass(frozen=True, slots=True)
class Formula:
    """A compiled expression; a path that leads nowhere is None."""

    text: str
    location: Location
    expression: Expression

    def evaluate(self, variables: Mapping[str, Any]) -> Any:
        """Its value; raises RejectedMessage naming the place where it cannot be computed."""
        return self.expression.evaluate(variables, _NO_LOOKUPS)

    def holds(self, variables: Mapping[str, Any]) -> bool:
        """Whether it is true of `variables`."""
        return bool(self.evaluate(variables))

    @property
    def where(self) -> dict[str, Any]:
        """The place, for the `where` of an error."""
        return {"file": self.location.file, "line": self.location.line, "expression": self.text}


def compile_formula(node: Scalar, names: Set[str], problems: Problems) -> Formula | None:
    """The formula of a value; None, and the reasons in `problems`, if it has an error.

    One that looks something up is refused, so that routing is the same whenever it is done.
    """
    expression = compile_expression(node, problems, names=names, condition=True)
    if expression is None:
        return None
    if expression.crosswalks or _calls(node):
        message = "crosswalks, xref() and sequence() belong to mappings"
        problems.error("not-allowed", message, node.location, "a route waits for a number with needs: xref.SYSTEM.KIND")
        return None
    return Formula(node.text, node.location, expression)


def _calls(node: Scalar) -> bool:
    tree = parse_expression(node, Problems())
    return tree is not None and (isinstance(tree, nodes.Call) or tree.find(nodes.Call) is not None)
