"""Checks a whole workspace: loading, and what only the connectors' code can tell. Needs no network and no secrets."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any, Final

from hub.contract.connector import Connector
from hub.contract.registry import ANY, connector_types, nearest
from hub.mapping import Mapping as CompiledMapping
from hub.pipelines import Pipeline, Route
from hub.pipelines.nodes import descend, place
from hub.source import Location, Node, Problems
from hub.workspace.connections import Connection
from hub.workspace.coverage import check_coverage
from hub.workspace.files import Files
from hub.workspace.loader import Draft, add_new, read_drafts, types_of
from hub.workspace.reach import check_reach
from hub.workspace.samples import is_sample, sample_path

LONGEST_RETRY: Final = timedelta(days=30)
"""A delivery that is tried for longer than that is waited for by nobody any more."""


def check(files: Files, *, library: Files | None = None) -> Problems:
    """Everything that is wrong with a workspace, in any of its environments.

    Beyond what `load` reports: the connectors' own keys, secrets in clear, payload types that
    a connection does not send or take, crosswalks and samples that are not there, required fields
    that a mapping does not make, and as warnings what can never happen or is used by nothing.
    """
    found = Problems()
    drafts = read_drafts(files, library)
    for draft in drafts:
        _check(draft)
        add_new(draft.problems, found)
    base = drafts[0]
    _check_mappings(base, found)
    if not found.errors:
        _check_unused(base, _own(files, library or {}), found)
    return found


def _check_mappings(draft: Draft, problems: Problems) -> None:
    """What is the same in every environment."""
    for mapping in draft.mappings.values():
        if mapping is not None:
            check_coverage(mapping, problems)


def _own(files: Files, library: Files) -> set[str]:
    """The files of the workspace that are not the library's, as they stand there."""
    return {path for path, content in files.items() if library.get(path) != content}


def _check_unused(draft: Draft, own: Collection[str], problems: Problems) -> None:
    used: set[str] = set()
    for taken in _in_use(draft):
        name: str | None = taken.name
        while name is not None and name not in used:
            used.add(name)
            base = draft.mappings.get(name)
            name = None if base is None else base.extends
    for mapping in draft.mappings.values():
        if mapping is not None and mapping.name not in used and mapping.location.file in own:
            message = f"no pipeline uses the mapping {mapping.name!r}"
            problems.warning("unused-mapping", message, mapping.location, "name it in a pipeline, or remove it")


def _check(draft: Draft) -> None:
    for connection in draft.connections.values():
        if _is_known(connection):
            connection.check(draft.problems)
            _check_pulling(connection, draft.problems)
        _check_retry(connection, draft.problems)
    for pipeline, node in draft.pipelines:
        _check_origin(pipeline, node, draft)
        for route in pipeline.routes:
            _check_route(route, descend(node, "routes", route.index - 1), draft)
    _check_crosswalks(draft)
    for mapping in draft.mappings.values():
        if mapping is not None:
            _check_samples(mapping, draft)
    if not draft.problems.errors:
        check_reach(draft, draft.problems)


def _is_known(connection: Connection) -> bool:
    return connection.spec.type in connector_types()


def _connector(name: str | None, draft: Draft) -> type[Connector[Any]] | None:
    """The connector of a connection, unless either is unknown, which is reported already."""
    connection = draft.connections.get(name or "")
    return connection.connector if connection is not None and _is_known(connection) else None


def _check_pulling(connection: Connection, problems: Problems) -> None:
    if connection.node.get("every") is not None and "pull" not in connection.connector.manifest.direction:
        message = f"a connection of type {connection.spec.type!r} does not pull, so 'every' means nothing"
        problems.error("not-allowed", message, connection.place("every"), "leave it out")


def _check_retry(connection: Connection, problems: Problems) -> None:
    retry = connection.spec.retry
    first, longest = retry.first.total_seconds(), retry.longest.total_seconds()
    lasting = timedelta(seconds=sum(min(first * 2.0**tries, longest) for tries in range(retry.attempts - 1)))
    if lasting > LONGEST_RETRY:
        message = f"a delivery would be tried for {lasting.days} days before it is a dead letter"
        problems.warning("endless-retry", message, connection.place("retry"), "lower attempts or longest")


def _check_origin(pipeline: Pipeline, node: Node, draft: Draft) -> None:
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


def _check_route(route: Route, node: Node, draft: Draft) -> None:
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


def _check_crosswalks(draft: Draft) -> None:
    """Only of mappings in use: one of the library may name tables that this workspace has no use for."""
    for mapping in _in_use(draft):
        for table, where in mapping.crosswalks.items():
            if table not in draft.crosswalks:
                message = f"there is no crosswalk {table!r}"
                suggestion = nearest(table, draft.crosswalks) or f"add config/crosswalks/{table}.csv"
                draft.problems.error("unknown-crosswalk", message, where, suggestion)


def _in_use(draft: Draft) -> Iterable[CompiledMapping]:
    used = {}
    for pipeline, _ in draft.pipelines:
        if pipeline.recipe is not None:
            used[pipeline.recipe.mapping.name] = pipeline.recipe.mapping
        used.update((route.mapping.name, route.mapping) for route in pipeline.routes)
    return used.values()


def _check_samples(mapping: CompiledMapping, draft: Draft) -> None:
    for test in mapping.tests:
        if test.file is None:
            continue
        path = sample_path(mapping, test.file)
        if path not in draft.files:
            _report_sample(path, test.location, draft)


def _report_sample(path: str, where: Location, draft: Draft) -> None:
    samples = [other for other in draft.files if is_sample(other)]
    message = f"there is no sample {path!r}"
    suggestion = nearest(path, samples) or "samples lie in a folder named samples beside the mapping"
    draft.problems.error("missing-file", message, where, suggestion)


def _nearest(name: str, known: Collection[str]) -> str:
    return nearest(name, known) or (f"known are {', '.join(sorted(known))}" if known else "it takes nothing")
