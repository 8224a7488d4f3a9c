"""Whether a pipeline's connections send and take what its file says."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from hub.contract.connector import Connector
from hub.contract.registry import ANY, nearest
from hub.pipelines import Pipeline, Route
from hub.pipelines.nodes import place
from hub.source import Node
from hub.workspace.checking.connections import is_known
from hub.workspace.loader import Draft, types_of


def check_origin(pipeline: Pipeline, node: Node, draft: Draft) -> None:
    """Report an origin that brings nothing, and payload types that it does not send."""
    connector = _connector(pipeline.connection, draft)
    if connector is None:
        return
    if not {"receive", "pull"} & connector.manifest.direction:
        message = f"{pipeline.connection!r} (type {connector.name!r}) brings nothing into the hub"
        draft.problems.error("wrong-direction", message, place(node, "from", "connection"))
        return
    for name, where in types_of(node):
        if ANY not in connector.emits and name not in connector.emits:
            message = f"{pipeline.connection!r} (type {connector.name!r}) sends no {name!r}"
            draft.problems.error("unknown-type", message, where, _nearest(name, connector.emits))


def check_route(route: Route, node: Node, draft: Draft) -> None:
    """Report a target that takes nothing, or not what the route's mapping makes."""
    connector = _connector(route.to, draft)
    if connector is None:
        return
    if "push" not in connector.manifest.direction:
        message = f"nothing can be delivered to {route.to!r} (type {connector.name!r})"
        draft.problems.error("wrong-direction", message, place(node, "to"))
    elif ANY not in connector.accepts and route.mapping.target_type not in connector.accepts:
        made = route.mapping.target_type
        message = f"the mapping {route.mapping.name!r} makes {made!r}, which {route.to!r} does not take"
        draft.problems.error("not-accepted", message, place(node, "map"), _nearest(made, connector.accepts))


def _connector(name: str | None, draft: Draft) -> type[Connector[Any]] | None:
    """The connector of a connection, unless either is unknown, which is reported already."""
    connection = draft.connections.get(name or "")
    return connection.connector if connection is not None and is_known(connection) else None


def _nearest(name: str, known: Collection[str]) -> str:
    return nearest(name, known) or (f"known are {', '.join(sorted(known))}" if known else "it takes nothing")
