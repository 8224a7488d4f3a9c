"""Loads a workspace from its files. Imports no connector, so that a worker starts quickly."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from hub.ledger import policy
from hub.mapping import Mapping as CompiledMapping
from hub.pipelines import Pipeline, Surroundings, compile_pipeline
from hub.pipelines.nodes import descend
from hub.source import Location, Node, Problems, Scalar, Sequence, Severity, nearest, parse
from hub.source import Mapping as MappingNode
from hub.workspace import hub_file
from hub.workspace.connections import Connection, read_connection
from hub.workspace.crosswalks import Crosswalk, read_crosswalk
from hub.workspace.environments import KEPT, Environment, Environments, is_environment, read_environment
from hub.workspace.files import (
    ENVIRONMENTS,
    STORIES,
    Files,
    is_sample,
    overlay,
    version_of,
    without_tests,
)
from hub.workspace.hub_file import HubFile
from hub.workspace.kept import Kept
from hub.workspace.mappings import compile_mappings
from hub.workspace.settings import HubSettings
from hub.workspace.workspace import Workspace

CONNECTIONS: Final = "config/connections"
CROSSWALKS: Final = "config/crosswalks"

_NODES: Final = Kept[Node]()


@dataclass(frozen=True, slots=True)
class Loaded:
    """The workspace, or None if there are errors among the problems."""

    workspace: Workspace | None
    problems: Problems

    def usable(self) -> Workspace:
        """The workspace; ConfigurationRefused, with all that is wrong, if there is none."""
        self.problems.raise_if_errors()
        assert self.workspace is not None
        return self.workspace


@dataclass(slots=True)
class Draft:
    """What could be read of a workspace in one environment, errors or not. Pipelines stand with their file."""

    files: Files
    environment: str = ""
    problems: Problems = field(default_factory=Problems)
    hub_file: HubFile = field(default_factory=HubFile)
    connections: dict[str, Connection] = field(default_factory=dict)
    crosswalks: dict[str, Crosswalk | None] = field(default_factory=dict)
    mappings: dict[str, CompiledMapping | None] = field(default_factory=dict)
    pipelines: list[tuple[Pipeline, Node]] = field(default_factory=list)
    policy: policy.Policy = field(default_factory=policy.Policy)
    refused_connections: dict[str, str] = field(default_factory=dict)
    """Those whose own files have errors, with their systems: what names them is not wrong for that."""
    refused_pipelines: set[str] = field(default_factory=set)

    @property
    def systems(self) -> dict[str, str]:
        """The system of each connection, those that have errors among them."""
        return self.refused_connections | {name: one.spec.system for name, one in self.connections.items()}


@dataclass(slots=True)
class _Read:
    """The files as nodes, and what is the same in every environment, with what is wrong with that."""

    files: Files
    problems: Problems = field(default_factory=Problems)
    hub: Node | None = None
    policy: policy.Policy = field(default_factory=policy.Policy)
    overlays: dict[str, Environment] = field(default_factory=dict)
    connections: dict[PurePosixPath, Node | None] = field(default_factory=dict)
    crosswalks: dict[str, Crosswalk | None] = field(default_factory=dict)
    mapping_files: dict[str, Node | None] = field(default_factory=dict)
    mappings: dict[str, CompiledMapping | None] = field(default_factory=dict)
    pipelines: list[Node] = field(default_factory=list)

    @property
    def environments(self) -> Environments:
        """All there are."""
        return Environments(self.hub, self.overlays)


def load(files: Files, *, library: Files | None = None, environ: Mapping[str, str] = os.environ) -> Loaded:
    """The workspace that files make in the chosen environment, with the mappings of `library` beneath its own.

    Its version and files include the library's and the environments', so that what a version did
    can be told after an upgrade; what is loaded from kept files needs no library. Never raises for
    what is in the files: that is in the problems. See `check` for what needs the connectors' code.
    """
    draft = read_draft(files, library, environ=environ)
    if draft.problems.errors:
        return Loaded(None, draft.problems)
    kept = without_tests(draft.files)
    workspace = Workspace(
        version=version_of(kept),
        files=kept,
        hub_file=draft.hub_file,
        connections=draft.connections,
        mappings={name: mapping for name, mapping in draft.mappings.items() if mapping is not None},
        crosswalks={name: crosswalk for name, crosswalk in draft.crosswalks.items() if crosswalk is not None},
        pipelines=[pipeline for pipeline, _ in draft.pipelines],
        policy=draft.policy,
        environ=environ,
    )
    return Loaded(workspace, draft.problems)


def load_settings(files: Files, *, environ: Mapping[str, str] = os.environ) -> HubSettings:
    """The settings of the hub's file in the chosen environment, from `read_hub_files` or more.

    Raises ConfigurationRefused if one of these files has errors or a reference cannot be resolved.
    """
    read = _read({path: files[path] for path in files if path == hub_file.PATH or is_environment(PurePosixPath(path))})
    chosen = read.environments.chosen(files, environ, read.problems)
    read.problems.raise_if_errors()
    return HubFile(chosen.over_hub(read.hub)).settings(environ)


def read_draft(files: Files, library: Files | None = None, *, environ: Mapping[str, str] = os.environ) -> Draft:
    """Everything the files hold in the chosen environment, read as far as it goes."""
    read = _read(overlay(files, library or {}))
    choice = Problems()
    chosen = read.environments.chosen(read.files, environ, choice)
    draft = _in_environment(read, chosen)
    add_new(choice, draft.problems)
    draft.files = read.environments.with_choice(read.files, chosen)
    return draft


def read_drafts(files: Files, library: Files | None = None) -> list[Draft]:
    """Everything the files hold, once for each environment; mappings and crosswalks are read once for all."""
    read = _read(overlay(files, library or {}))
    return [_in_environment(read, environment) for environment in read.environments.every()]


def _read(files: Files) -> _Read:
    read = _Read(files)
    readers: tuple[tuple[Callable[[PurePosixPath], bool], Callable[[_Read, PurePosixPath], None]], ...] = (
        (lambda path: str(path) == hub_file.PATH, _read_hub_file),
        (is_environment, _read_environment),
        (lambda path: str(path) == policy.PATH, _read_policy),
        (_is_connection, _read_connection),
        (_is_crosswalk, _read_crosswalk),
        (is_mapping, _read_mapping),
        (_is_pipeline, _read_pipeline),
    )
    for path in (PurePosixPath(path) for path in sorted(without_tests(files)) if path != KEPT):
        reader = next((reader for belongs, reader in readers if belongs(path)), _report_unused)
        reader(read, path)
    compiling = Problems()
    read.mappings = compile_mappings(read.mapping_files, read.files, compiling)
    # What is wrong in a mapping that others extend is found with each of them.
    add_new(compiling, read.problems)
    return read


def _in_environment(read: _Read, environment: Environment) -> Draft:
    """What is read, as it is in an environment. Pipelines come last, since they name what the others define."""
    draft = Draft(read.files, environment.name, crosswalks=read.crosswalks, mappings=read.mappings)
    draft.policy = read.policy
    draft.hub_file = HubFile(environment.over_hub(read.hub))
    draft.hub_file.check(draft.problems)
    environment.report_unknown([path.stem for path in read.connections], draft.problems)
    for path, node in read.connections.items():
        _take_connection(draft, path, None if node is None else environment.over_connection(path.stem, node))
    add_new(read.problems, draft.problems)
    for node in read.pipelines:
        _take_pipeline(draft, node)
    _report_twice_taken(draft)
    return draft


def add_new(found: Problems, problems: Problems) -> None:
    """Add what was found to `problems`, unless it is among them."""
    known = set(problems)
    for one in found:
        if one not in known:
            known.add(one)
            report = problems.error if one.severity is Severity.ERROR else problems.warning
            report(one.kind, one.message, one.location, one.suggestion)


def _is_connection(path: PurePosixPath) -> bool:
    return str(path.parent) == CONNECTIONS and path.suffix == ".yaml"


def _is_crosswalk(path: PurePosixPath) -> bool:
    return path.is_relative_to(CROSSWALKS) and path.suffix == ".csv"


def is_mapping(path: PurePosixPath) -> bool:
    """Whether a file is a mapping, and not what its tests read."""
    return path.is_relative_to("mappings") and path.suffix == ".yaml" and not is_sample(path)


def _is_pipeline(path: PurePosixPath) -> bool:
    return path.is_relative_to("pipelines") and path.suffix == ".yaml" and not is_sample(path)


def _parse(read: _Read, path: PurePosixPath) -> Node | None:
    file, content = str(path), read.files[str(path)]
    node = _NODES.get(file, content)
    if node is None:
        before = len(read.problems)
        node = parse(content, file, read.problems)
        if node is not None and len(read.problems) == before:
            _NODES.put(file, content, node)
    return node


def _read_hub_file(read: _Read, path: PurePosixPath) -> None:
    read.hub = _parse(read, path)


def _read_environment(read: _Read, path: PurePosixPath) -> None:
    node = _parse(read, path)
    if node is not None:
        read.overlays[path.stem] = read_environment(node, path, read.problems)


def _read_connection(read: _Read, path: PurePosixPath) -> None:
    read.connections[path] = _parse(read, path)


def _take_connection(draft: Draft, path: PurePosixPath, node: Node | None) -> None:
    connection = None if node is None else read_connection(node, path, draft.problems)
    if connection is None:
        system = node.get("system") if isinstance(node, MappingNode) else None
        draft.refused_connections[path.stem] = system.text if isinstance(system, Scalar) else path.stem
    else:
        draft.connections[connection.spec.name] = connection


def _read_policy(read: _Read, path: PurePosixPath) -> None:
    node = _parse(read, path)
    read.policy = (None if node is None else policy.compile_policy(node, read.problems)) or read.policy


def _read_crosswalk(read: _Read, path: PurePosixPath) -> None:
    name = str(path.relative_to(CROSSWALKS).with_suffix(""))
    read.crosswalks[name] = read_crosswalk(name, read.files[str(path)], str(path), read.problems)


def _read_mapping(read: _Read, path: PurePosixPath) -> None:
    read.mapping_files[str(path.relative_to("mappings").with_suffix(""))] = _parse(read, path)


def _read_pipeline(read: _Read, path: PurePosixPath) -> None:
    node = _parse(read, path)
    if node is not None:
        read.pipelines.append(node)


def _take_pipeline(draft: Draft, node: Node) -> None:
    pipeline = compile_pipeline(node, Surroundings(draft.mappings, draft.systems), draft.problems)
    if pipeline is None:
        draft.refused_pipelines.update(one.text for one in [descend(node, "pipeline")] if isinstance(one, Scalar))
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


def _report_unused(read: _Read, path: PurePosixPath) -> None:
    if str(path).startswith(STORIES) or is_sample(path):
        return
    folders = [
        hub_file.PATH,
        policy.PATH,
        *(f"{folder}/{path.stem}.yaml" for folder in (CONNECTIONS, ENVIRONMENTS)),
        f"{CROSSWALKS}/{path.stem}.csv",
    ]
    suggestion = nearest(str(path), folders) if path.parts[0] == "config" else ""
    if path.suffix == ".yml":
        suggestion = f"name it {path.with_suffix('.yaml')}"
    read.problems.warning("unused-file", "nothing reads this file", Location(str(path), 1, 1), suggestion)
