"""Loads a workspace from its files. Imports no connector, so that a worker starts quickly."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from hub.contract.documents import KINDS
from hub.mapping import Mapping as CompiledMapping
from hub.mapping import compile_mapping
from hub.pipelines import Pipeline, Surroundings, compile_pipeline
from hub.pipelines.nodes import descend, key_place, place
from hub.source import Location, Node, Problems, Scalar, Sequence, nearest, parse
from hub.source import Mapping as MappingNode
from hub.workspace import hub_file
from hub.workspace.connections import Connection, read_connection
from hub.workspace.crosswalks import Crosswalk, read_crosswalk
from hub.workspace.files import SAMPLES, STORIES, Files, overlay, version_of
from hub.workspace.hub_file import HubFile
from hub.workspace.workspace import Workspace

CONNECTIONS: Final = "config/connections"
CROSSWALKS: Final = "config/crosswalks"


@dataclass(frozen=True, slots=True)
class Loaded:
    """The workspace, or None if there are errors among the problems."""

    workspace: Workspace | None
    problems: Problems


@dataclass(slots=True)
class Draft:
    """What could be read of a workspace, also of one with errors. Pipelines stand with their file."""

    files: Files
    problems: Problems = field(default_factory=Problems)
    hub_file: HubFile = field(default_factory=HubFile)
    connections: dict[str, Connection] = field(default_factory=dict)
    crosswalks: dict[str, Crosswalk | None] = field(default_factory=dict)
    mappings: dict[str, CompiledMapping | None] = field(default_factory=dict)
    pipelines: list[tuple[Pipeline, Node]] = field(default_factory=list)


def load(files: Files, *, library: Files | None = None, environ: Mapping[str, str] = os.environ) -> Loaded:
    """The workspace that files make, with the mappings of `library` beneath its own.

    Its version and files include the library's, so that what a version did can be told after
    an upgrade; what is loaded from kept files needs no library. Never raises for what is in
    the files: that is in the problems. See `check` for what needs the connectors' code.
    """
    draft = read_draft(files, library)
    if draft.problems.errors:
        return Loaded(None, draft.problems)
    workspace = Workspace(
        version=version_of(draft.files),
        files=draft.files,
        hub_file=draft.hub_file,
        connections=draft.connections,
        mappings={name: mapping for name, mapping in draft.mappings.items() if mapping is not None},
        crosswalks={name: crosswalk for name, crosswalk in draft.crosswalks.items() if crosswalk is not None},
        pipelines=[pipeline for pipeline, _ in draft.pipelines],
        environ=environ,
    )
    return Loaded(workspace, draft.problems)


def read_draft(files: Files, library: Files | None = None) -> Draft:
    """Everything the files hold, read as far as it goes."""
    draft = Draft(overlay(files, library or {}))
    readers: tuple[tuple[Callable[[PurePosixPath], bool], Callable[[Draft, PurePosixPath], None]], ...] = (
        (lambda path: str(path) == hub_file.PATH, _read_hub_file),
        (_is_connection, _read_connection),
        (_is_crosswalk, _read_crosswalk),
        (is_mapping, _read_mapping),
        (_is_pipeline, _read_pipeline),
    )
    paths = [PurePosixPath(path) for path in sorted(draft.files)]
    # In this order, since pipelines name what the others define.
    for belongs, read in readers:
        for path in filter(belongs, paths):
            read(draft, path)
    for path in paths:
        if not any(belongs(path) for belongs, _ in readers):
            _report_unused(draft, path)
    _report_twice_taken(draft)
    return draft


def _is_connection(path: PurePosixPath) -> bool:
    return str(path.parent) == CONNECTIONS and path.suffix == ".yaml"


def _is_crosswalk(path: PurePosixPath) -> bool:
    return path.is_relative_to(CROSSWALKS) and path.suffix == ".csv"


def is_mapping(path: PurePosixPath) -> bool:
    """Whether a file is a mapping, and not a sample of one's tests."""
    return path.is_relative_to("mappings") and path.suffix == ".yaml" and SAMPLES not in path.parts[1:-1]


def _is_pipeline(path: PurePosixPath) -> bool:
    return path.is_relative_to("pipelines") and path.suffix == ".yaml"


def _parse(draft: Draft, path: PurePosixPath) -> Node | None:
    return parse(draft.files[str(path)], str(path), draft.problems)


def _read_hub_file(draft: Draft, path: PurePosixPath) -> None:
    node = _parse(draft, path)
    if node is not None:
        draft.hub_file = HubFile(node)
        draft.hub_file.check(draft.problems)


def _read_connection(draft: Draft, path: PurePosixPath) -> None:
    node = _parse(draft, path)
    connection = read_connection(node, path, draft.problems) if node is not None else None
    if connection is not None:
        draft.connections[connection.spec.name] = connection


def _read_crosswalk(draft: Draft, path: PurePosixPath) -> None:
    name = str(path.relative_to(CROSSWALKS).with_suffix(""))
    draft.crosswalks[name] = read_crosswalk(name, draft.files[str(path)], str(path), draft.problems)


def _read_mapping(draft: Draft, path: PurePosixPath) -> None:
    name = str(path.relative_to("mappings").with_suffix(""))
    draft.mappings[name] = None
    node = _parse(draft, path)
    if node is None:
        return
    if not isinstance(node, MappingNode):
        draft.problems.error("wrong-type", "a mapping's file is a mapping of keys and values", node.location)
        return
    mapping = compile_mapping(node, draft.problems)
    if mapping is None:
        return
    draft.mappings[name] = mapping
    if mapping.name != name:
        message = f"the mapping is called {mapping.name!r}, its file {path}"
        draft.problems.error("wrong-name", message, place(node, "mapping"), f"write {name}")
    header = key_place(node.get("fields"), "header")
    if mapping.target_type in KINDS and header is not None:
        message = "the header of a canonical document is written by the hub"
        draft.problems.error("reserved-key", message, header, "the pipeline's subject and occurred_at fill it")


def _read_pipeline(draft: Draft, path: PurePosixPath) -> None:
    node = _parse(draft, path)
    if node is None:
        return
    systems = {name: connection.spec.system for name, connection in draft.connections.items()}
    pipeline = compile_pipeline(node, Surroundings(draft.mappings, systems), draft.problems)
    if pipeline is None:
        return
    twin = next((other for other, _ in draft.pipelines if other.name == pipeline.name), None)
    if twin is not None:
        message = f"there is a pipeline {pipeline.name!r} already, in {twin.location}"
        draft.problems.error("duplicate-name", message, pipeline.location)
    draft.pipelines.append((pipeline, node))


def _report_twice_taken(draft: Draft) -> None:
    """Two pipelines for the same payloads: which of them should take one?"""
    taken: dict[tuple[str, str], Location] = {}
    for pipeline, node in draft.pipelines:
        for name, where in types_of(node):
            key = (str(pipeline.connection), name)
            if key in taken:
                message = f"{name!r} of {pipeline.connection!r} is taken by a pipeline already, at {taken[key]}"
                draft.problems.error("duplicate-origin", message, where, "a payload goes to one pipeline")
            taken.setdefault(key, where)


def types_of(node: Node) -> Iterator[tuple[str, Location]]:
    """The payload types a pipeline's file names, each with its place."""
    types = descend(node, "from", "types")
    for item in types.items if isinstance(types, Sequence) else ():
        if isinstance(item, Scalar):
            yield item.text, item.location


def _report_unused(draft: Draft, path: PurePosixPath) -> None:
    if str(path).startswith(STORIES) or (path.is_relative_to("mappings") and SAMPLES in path.parts[1:-1]):
        return
    folders = [hub_file.PATH, f"{CONNECTIONS}/{path.stem}.yaml", f"{CROSSWALKS}/{path.stem}.csv"]
    suggestion = nearest(str(path), folders) if path.parts[0] == "config" else ""
    if path.suffix == ".yml":
        suggestion = f"name it {path.with_suffix('.yaml')}"
    draft.problems.warning("unused-file", "nothing reads this file", Location(str(path), 1, 1), suggestion)
