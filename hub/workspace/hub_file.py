"""The file `config/hub.yaml`: checked without surroundings, resolved at a start."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from hub.source import Location, Node, Problems, Scalar, validate
from hub.source import Mapping as MappingNode
from hub.workspace.references import offline, resolve
from hub.workspace.settings import HubSettings

PATH: Final = "config/hub.yaml"

_PASSWORD: Final = re.compile(r"://[^:/@{}]*:(?P<password>[^@/]+)@")


class HubFile:
    """What the file says; an absent or empty one says nothing, and all has its default."""

    def __init__(self, node: Node | None = None) -> None:
        if node is None or (isinstance(node, Scalar) and node.value is None):
            node = MappingNode(Location(PATH, 1, 1), {})
        self._node = node

    def check(self, problems: Problems) -> None:
        """Validate its keys, taking unresolved references for right."""
        self._report_clear_password(problems)
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

    def _report_clear_password(self, problems: Problems) -> None:
        for key in ("database", "broker"):
            node = self._node.get(key) if isinstance(self._node, MappingNode) else None
            match = _PASSWORD.search(str(node.value)) if isinstance(node, Scalar) else None
            if node is not None and match is not None and "${" not in match["password"]:
                message = f"the password of the {key} stands here in clear"
                problems.error(
                    "secret-in-clear", message, node.location, f"write ${{env:{key.upper()}_PASSWORD}} in its place"
                )
