"""The file `config/hub.yaml`: checked without surroundings, resolved at a start."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from hub.source import Location, Node, Problems, Scalar, validate
from hub.source import Mapping as MappingNode
from hub.workspace.references import offline, resolve
from hub.workspace.secrets import report_hidden_secrets
from hub.workspace.settings import HubSettings

PATH: Final = "config/hub.yaml"


class HubFile:
    """What the file says; an absent or empty one says nothing, and all has its default."""

    def __init__(self, node: Node | None = None) -> None:
        if node is None or (isinstance(node, Scalar) and node.value is None):
            node = MappingNode(Location(PATH, 1, 1), {})
        self._node = node

    def check(self, problems: Problems) -> None:
        """Validate its keys, taking unresolved references for right."""
        report_hidden_secrets(self._node, problems)
        node, unknown = offline(self._node, problems)
        found = Problems()
        validate(HubSettings, node, found)
        for problem in found:
            if problem.location not in unknown:
                problems.error(problem.kind, problem.message, problem.location, problem.suggestion)

    def settings(self, environ: Mapping[str, str]) -> HubSettings:
        """The settings with all references resolved; ConfigurationRefused if that fails."""
        problems = Problems()
        node = resolve(self._node, environ, problems)
        problems.raise_if_errors()
        settings = validate(HubSettings, node, problems)
        problems.raise_if_errors()
        assert settings is not None
        return settings

    def outline(self) -> HubSettings:
        """The settings as far as the file alone tells them; a value that stands outside has its default."""
        problems = Problems()
        node, unknown = offline(self._node, problems)
        settings = validate(HubSettings, _without(node, unknown), problems)
        problems.raise_if_errors()
        assert settings is not None
        return settings


def _without(node: Node, places: Collection[Location]) -> Node:
    """The node without the values that stand at these places."""
    if not isinstance(node, MappingNode):
        return node
    kept = {key: entry for key, entry in node.entries.items() if entry[1].location not in places}
    return MappingNode(node.location, {key: (where, _without(value, places)) for key, (where, value) in kept.items()})
