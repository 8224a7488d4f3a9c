"""GraphQL as far as the simulated shop reads it: the fields at the first level, with their variables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.storefront.shopify.orders import Json

Handler = Callable[[Mapping[str, Any]], Any]
"""What answers one field; it is given the arguments of the field, and of those inside it, by name."""

PAGE = 250
"""Nodes of a page of a connection."""

KEYED = frozenset({"inventorySetQuantities", "refundCreate"})
"""Mutations that take an idempotency key, and must have one since KEYS_REQUIRED."""

KEYS_REQUIRED = "2026-04"

_FIELD = re.compile(r"[\s,]*(\w+)\s*(\([^)]*\))?\s*(?:@idempotent\(key:\s*\$(\w+)\)\s*)?\{")
_ARGUMENT = re.compile(r"(\w+)\s*:\s*\$(\w+)")


@dataclass(frozen=True, slots=True)
class Called:
    """A field that is called: its arguments' variables by argument, and the variable of its key."""

    name: str
    variables: Mapping[str, str]
    key: str | None


class Endpoint:
    """Runs documents with the handlers it is given; what came with a key is answered from then on as it was."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self._handlers = handlers
        self._kept: dict[str, tuple[Any, Any]] = {}

    def execute(self, document: str, variables: Mapping[str, Any], version: str) -> Json:
        """`{"data": …}`, or `{"errors": …}` for what this shop does not know."""
        called = list(_called(document))
        if refusal := self._refusal(called, variables, version):
            return {"errors": [refusal]}
        return {"data": {one.name: self._answer(one, variables) for one in called}}

    def _refusal(self, called: Sequence[Called], variables: Mapping[str, Any], version: str) -> Json | None:
        if not called:
            return _error("syntax error: no field is asked for", "GRAPHQL_PARSE_FAILED")
        for one in called:
            if one.name not in self._handlers:
                return _error(f"Field '{one.name}' doesn't exist", "undefinedField")
            for name in [*one.variables.values(), *([one.key] if one.key else [])]:
                if name not in variables:
                    return _error(f"Variable ${name} was provided invalid value", "INVALID_VARIABLE")
            if one.name in KEYED and version >= KEYS_REQUIRED and one.key is None:
                return _error(f"The @idempotent directive is required for {one.name}", "BAD_REQUEST")
        return None

    def _answer(self, one: Called, variables: Mapping[str, Any]) -> Any:
        arguments = {argument: variables[name] for argument, name in one.variables.items()}
        if one.key is None:
            return self._handlers[one.name](arguments)
        key = f"{one.name}:{variables[one.key]}"
        if key not in self._kept:
            self._kept[key] = (arguments, self._handlers[one.name](arguments))
        given, answer = self._kept[key]
        if given != arguments:
            code = "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"
            return refusal("input", "The same idempotency key cannot be used with different parameters", code=code)
        return answer


def page(nodes: Sequence[Json], after: str | None) -> Json:
    """A page of a connection; a cursor is the number of nodes before."""
    start = int(after or 0)
    end = start + PAGE
    return {"nodes": nodes[start:end], "pageInfo": {"hasNextPage": end < len(nodes), "endCursor": str(end)}}


def refusal(field_name: str, message: str, **more: str) -> Json:
    """The payload of a mutation that was refused."""
    return {"userErrors": [{"field": [field_name], "message": message, **more}]}


def _called(document: str) -> Iterator[Called]:
    position = document.find("{") + 1
    while found := _FIELD.match(document, position):
        position = _after_block(document, found.end())
        whole = (found[2] or "") + document[found.end() : position]
        yield Called(found[1], dict(_ARGUMENT.findall(whole)), found[3])


def _after_block(document: str, position: int) -> int:
    depth = 1
    while depth and position < len(document):
        depth += {"{": 1, "}": -1}.get(document[position], 0)
        position += 1
    return position


def _error(message: str, code: str) -> Json:
    return {"message": message, "extensions": {"code": code}}
