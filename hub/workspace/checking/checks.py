"""Checks a whole workspace: loading, and what only the connectors' code can tell. Needs no network and no secrets."""

from __future__ import annotations

from collections.abc import Iterable

from hub.contract.registry import nearest
from hub.pipelines.nodes import descend
from hub.source import Problems
from hub.workspace.checking.connections import check_connections
from hub.workspace.checking.constants import check_constants, check_systems
from hub.workspace.checking.coverage import check_coverage
from hub.workspace.checking.reach import check_reach
from hub.workspace.checking.routes import check_origin, check_route
from hub.workspace.checking.sources import check_paths
from hub.workspace.checking.usage import check_unused, in_use
from hub.workspace.files import Files
from hub.workspace.loader import Draft, add_new, read_drafts
from hub.workspace.testing.reading import Tested, check_mapping_tests, read_mapping_tests
from hub.workspace.trials import check_trials


def check(files: Files, *, library: Files | None = None) -> Problems:
    """Everything that is wrong with a workspace, in any of its environments.

    Beyond what `load` reports: the connectors' own keys, secrets in clear, payload types that
    a connection does not send or take, crosswalks and samples that are not there, fields and paths
    that a model or the samples have not, values that are never right, and as warnings what can
    never happen or is used by nothing.
    """
    found = Problems()
    drafts = read_drafts(files, library)
    for draft in drafts:
        _check_environment(draft)
        add_new(draft.problems, found)
    base = drafts[0]
    tests = read_mapping_tests(base, Problems())
    _check_mappings(base, files, tests, found)
    if not found.errors:
        check_unused(base, own_files(files, library or {}), tests, found)
    return found


def own_files(files: Files, library: Files) -> set[str]:
    """The files of the workspace that are not the library's, as they stand there."""
    return {path for path, content in files.items() if library.get(path) != content}


def _check_mappings(draft: Draft, files: Files, tests: Iterable[Tested], problems: Problems) -> None:
    """What is the same in every environment."""
    found = Problems()
    check_mapping_tests(draft, found)
    check_trials(draft, found)
    for mapping in draft.mappings.values():
        if mapping is not None:
            check_coverage(mapping, draft.connections, found)
            check_constants(mapping, found)
    check_paths(draft, files, tests, found)
    # A mapping that others extend is found wrong with each of them.
    add_new(found, problems)


def _check_environment(draft: Draft) -> None:
    check_connections(draft.connections.values(), draft.problems)
    for pipeline, node in draft.pipelines:
        check_origin(pipeline, node, draft)
        for route in pipeline.routes:
            check_route(route, descend(node, "routes", route.index - 1), draft)
    _check_lookups(draft)
    if not draft.problems.errors:
        check_reach(draft, draft.problems)


def _check_lookups(draft: Draft) -> None:
    """Only of mappings in use: one of the library may name tables that this workspace has no use for."""
    for mapping in in_use(draft):
        for table, where in mapping.crosswalks.items():
            if table not in draft.crosswalks:
                message = f"there is no crosswalk {table!r}"
                suggestion = nearest(table, draft.crosswalks) or f"add config/crosswalks/{table}.csv"
                draft.problems.error("unknown-crosswalk", message, where, suggestion)
        check_systems(mapping, draft)
