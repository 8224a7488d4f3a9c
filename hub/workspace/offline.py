"""A workspace that nothing outside is asked for: no variable, no secret, no file but its own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from hub.contract.connector import ConnectorConfig
from hub.workspace.crosswalks import Crosswalk
from hub.workspace.files import version_of, without_tests
from hub.workspace.loader import Draft
from hub.workspace.settings import HubSettings
from hub.workspace.workspace import Workspace


class OfflineWorkspace(Workspace):
    """A draft without errors, for what opens no connection: settings are those that its files alone tell.

    `given` crosswalks take the place of the draft's own of the same name.
    """

    def __init__(self, draft: Draft, given: Mapping[str, Crosswalk]) -> None:
        own = {name: table for name, table in draft.crosswalks.items() if table is not None}
        super().__init__(
            version=version_of(without_tests(draft.files)),
            files=draft.files,
            hub_file=draft.hub_file,
            connections=draft.connections,
            mappings={name: mapping for name, mapping in draft.mappings.items() if mapping is not None},
            crosswalks={**own, **given},
            pipelines=[pipeline for pipeline, _ in draft.pipelines],
            policy=draft.policy,
            environ={},
        )

    @cached_property
    def settings(self) -> HubSettings:
        """The keys of `config/hub.yaml`; what stands outside has its default."""
        return self._hub_file.outline()

    def connector_config(self, name: str) -> ConnectorConfig:
        """The connector's settings of a connection; what stands outside is unread."""
        return self.connections[name].outline
