"""Single expressions outside mappings: filters, conditions, subjects of pipelines."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from hub.mapping.check import Checker, Use
from hub.mapping.errors import RUN_ERRORS, ExpressionFailed
from hub.mapping.evaluate import fast
from hub.mapping.interpret import Interpreter
from hub.mapping.lookups import Lookups
from hub.mapping.plan import Leaf, Source
from hub.mapping.syntax import parse_expression
from hub.mapping.values import Budget
from hub.source import Location, Problems, Scalar


class Expression:
    """A compiled expression. `text` and `location` are those of its YAML."""

    def __init__(self, source: Source, *, condition: bool, use: Use) -> None:
        self.text = source.text
        self.location: Location = source.location
        self.crosswalks = dict(use.crosswalks)
        """Names of the code tables it reads, each with a place where it does."""
        self._plan = Leaf(source.location, source, optional=condition)
        self._fast = fast(source, lenient=condition)

    def evaluate(self, variables: Mapping[str, Any], lookups: Lookups) -> Any:
        """The value. Of a condition it is None where a path finds nothing; of others that is ExpressionFailed."""
        try:
            return self._fast(variables, lookups, Budget())
        except RUN_ERRORS:
            return self._exactly(variables, lookups)

    def _exactly(self, variables: Mapping[str, Any], lookups: Lookups) -> Any:
        interpreter = Interpreter(lookups)
        value = interpreter.run(self._plan, variables)
        if interpreter.errors:
            raise ExpressionFailed(interpreter.errors[0])
        return value


def compile_expression(
    node: Scalar, problems: Problems, *, names: Set[str], condition: bool = False
) -> Expression | None:
    """The expression of a scalar, or None with what is wrong added to `problems`.

    `names` are the variables that it may read. In a `condition` a path that finds nothing is
    null; elsewhere it is an error.
    """
    if not isinstance(node.value, str):
        problems.error("wrong-type", f"{node.text or 'nothing'} is no expression", node.location, "put it in quotes")
        return None
    tree = parse_expression(node, problems)
    use = Use()
    if tree is None or not Checker(names, node.location, problems, use).check(tree):
        return None
    source = Source(node.text, node.location, tree, frozenset(use.names))
    return Expression(source, condition=condition, use=use)
