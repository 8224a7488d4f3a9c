"""Environments: `config/environments/NAME.yaml`, laid over the hub's file and the connections' files.

    hub:
      database: postgresql+psycopg://…
    connections:
      acme-shop: {url: https://staging.acme.example, shadow: true}

Mappings are merged key by key; lists and single values are replaced; a null takes a key of the
file below away, so that its default holds. Every key and value keeps the place where it stands.

One environment is chosen: by the variable CROSSDOCK_ENVIRONMENT, else by the key `environment` of
`config/hub.yaml`. What the variable chose is kept with the files of a version, at `KEPT`, so that
every worker runs what was started.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from hub.source import Location, Node, Problems, Scalar, nearest
from hub.source import Mapping as MappingNode
from hub.workspace.files import ENVIRONMENTS, Files
from hub.workspace.hub_file import PATH
from hub.workspace.references import offline, resolve
from hub.workspace.settings import HubSettings

VARIABLE: Final = "CROSSDOCK_ENVIRONMENT"
KEPT: Final = "config/environment"
"""Path, in a kept version, of the name that was chosen; such a file is never read from a directory."""

_KEY: Final = "environment"
_KEYS: Final = ("hub", "connections")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_DEFAULT: Final[str] = HubSettings.model_fields[_KEY].default

Entries = Mapping[str, tuple[Location, Node]]
"""Keys with their places and values."""

Changes = Mapping[str, tuple[Location, MappingNode]]
"""Names of connections with their places, and what is laid over each."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What one file lays over the others. `connections` are by name, each with the place of that name.

    `name` is empty where only a start can tell it; then it is left as the hub's file has it.
    """

    name: str
    location: Location
    hub: MappingNode | None = None
    connections: Changes = field(default_factory=dict)

    def report_unknown(self, names: Collection[str], problems: Problems) -> None:
        """Report connections that this file speaks of and that are not among `names`."""
        for name, (place, _) in self.connections.items():
            if name not in names:
                suggestion = nearest(name, names) or f"add config/connections/{name}.yaml"
                problems.error("unknown-connection", f"there is no connection {name!r}", place, suggestion)

    def over_hub(self, node: Node | None) -> Node:
        """The node of the hub's file as it is in this environment, whose name is among its keys."""
        base = _or_empty(node)
        if not isinstance(base, MappingNode):
            return base
        merged = base if self.hub is None else laid_over(base, self.hub)
        if self.name in ("", _written(base)):
            return merged
        name = Scalar(self.location, self.name, self.name, plain=False)
        return MappingNode(merged.location, {**merged.entries, _KEY: (self.location, name)})

    def over_connection(self, name: str, node: Node) -> Node:
        """The node of a connection's file as it is in this environment."""
        entry = self.connections.get(name)
        if entry is None or not isinstance(node, MappingNode):
            return node
        return laid_over(node, entry[1])


class Environments:
    """All environments of a workspace: those that have a file, and the one that `config/hub.yaml` names."""

    def __init__(self, hub: Node | None, overlays: Mapping[str, Environment]) -> None:
        self._hub = hub
        self._overlays = overlays

    def every(self) -> list[Environment]:
        """Each of them, the hub's own first unless only a start can tell its name (`${env:…}`); at least one."""
        own = self._own(None)
        bare = [] if own in self._overlays or (not own and self._overlays) else [self._named(own)]
        return [*bare, *self._overlays.values()]

    def chosen(self, files: Files, environ: Mapping[str, str], problems: Problems) -> Environment:
        """The one to run: kept with the files, or named by the variable, or the hub's own.

        Reports `unknown-environment` for a variable that names none.
        """
        own = self._own(environ)
        kept = files.get(KEPT, b"").decode("utf-8", "replace").strip()
        name = kept or environ.get(VARIABLE, "") or own
        if name != own and name not in self._overlays and not kept:
            message = f"there is no environment {name!r}, which {VARIABLE} names"
            suggestion = nearest(name, [*self._overlays, own]) or f"add {ENVIRONMENTS}/{name}.yaml"
            problems.error("unknown-environment", message, self._place, suggestion)
        return self._named(name)

    def with_choice(self, files: Files, chosen: Environment) -> Files:
        """The files, with the name of what was chosen wherever there was a choice."""
        if not chosen.name or (not self._overlays and chosen.name == _written(self._hub)):
            return files
        return {**files, KEPT: f"{chosen.name}\n".encode()}

    def _own(self, environ: Mapping[str, str] | None) -> str:
        """The name in the hub's file, with references resolved by `environ`, or by defaults alone; empty if unknown."""
        node = self._hub.get(_KEY) if isinstance(self._hub, MappingNode) else None
        if node is None:
            return _DEFAULT
        problems = Problems()
        if environ is None:
            node, unknown = offline(node, problems)
            return "" if unknown or not isinstance(node, Scalar) else node.text
        node = resolve(node, environ, problems)
        return "" if problems.errors or not isinstance(node, Scalar) else node.text

    def _named(self, name: str) -> Environment:
        return self._overlays.get(name) or Environment(name, self._place)

    @property
    def _place(self) -> Location:
        node = self._hub.get(_KEY) if isinstance(self._hub, MappingNode) else None
        return Location(PATH, 1, 1) if node is None else node.location


def is_environment(path: PurePosixPath) -> bool:
    """Whether a file is an environment's."""
    return str(path.parent) == ENVIRONMENTS and path.suffix == ".yaml"


def read_environment(node: Node, path: PurePosixPath, problems: Problems) -> Environment:
    """The environment of one file; what is wrong with it is reported and left out."""
    location = Location(str(path), 1, 1)
    if not _NAME.fullmatch(path.stem):
        message = f"an environment cannot be called {path.stem!r}"
        problems.error("wrong-name", message, location, "take up to 40 of a-z, 0-9, - and _")
    keys = _entries("an environment", node, problems)
    for key in keys.keys() - set(_KEYS):
        suggestion = nearest(key, _KEYS) or f"known are {', '.join(_KEYS)}"
        problems.error("unknown-key", f"unknown key {key!r} of an environment", keys[key][0], suggestion)
    hub = _read_hub(keys["hub"][1], path.stem, problems) if "hub" in keys else None
    connections = _read_connections(keys["connections"][1], problems) if "connections" in keys else {}
    return Environment(path.stem, location, hub, connections)


def laid_over(base: MappingNode, above: MappingNode) -> MappingNode:
    """`above` over `base`: mappings by key, a null takes its key away, anything else replaces.

    A mapping that lost a key stands where the null does: what is then missing is reported there.
    """
    entries, location = dict(base.entries), base.location
    for key, (place, value) in above.entries.items():
        before = base.get(key)
        if before is not None and _is_null(value):
            location = value.location
            del entries[key]
        elif isinstance(before, MappingNode) and isinstance(value, MappingNode):
            entries[key] = (base.entries[key][0], laid_over(before, value))
        else:
            entries[key] = (place, value)
    return MappingNode(location, entries)


def _read_hub(node: Node, name: str, problems: Problems) -> MappingNode:
    entries = dict(_entries("'hub'", node, problems))
    if _KEY in entries:
        place, _ = entries.pop(_KEY)
        message = f"the name of this environment is that of its file, {name!r}"
        problems.error("not-allowed", message, place, "leave it out")
    return MappingNode(node.location, entries)


def _read_connections(node: Node, problems: Problems) -> Changes:
    found = {}
    for name, (place, keys) in _entries("'connections'", node, problems).items():
        found[name] = (place, MappingNode(keys.location, dict(_entries(f"{name!r}", keys, problems))))
    return found


def _entries(what: str, node: Node, problems: Problems) -> Entries:
    """The entries of a mapping; none, which is reported, of anything else but nothing."""
    if isinstance(node, MappingNode):
        return node.entries
    if not _is_null(node):
        problems.error("wrong-type", f"{what} is a mapping of keys and values", node.location)
    return {}


def _or_empty(hub: Node | None) -> Node:
    return MappingNode(Location(PATH, 1, 1), {}) if hub is None or _is_null(hub) else hub


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None


def _written(hub: Node | None) -> str:
    """The name of the environment as the hub's file writes it, references and all."""
    node = hub.get(_KEY) if isinstance(hub, MappingNode) else None
    return node.text if isinstance(node, Scalar) else _DEFAULT
