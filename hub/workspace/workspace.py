"""Workspace: one version of the configuration, ready to be used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

from hub.contract.connector import ConnectorConfig
from hub.contract.errors import ConfigError
from hub.contract.format import Format
from hub.contract.registry import nearest, payload_format
from hub.ledger.policy import Policy
from hub.ledger.rules import Rules
from hub.mapping import Mapping as CompiledMapping
from hub.pipelines import Pipeline, Route
from hub.workspace.connections import Connection
from hub.workspace.crosswalks import Crosswalk
from hub.workspace.files import Files
from hub.workspace.hub_file import HubFile
from hub.workspace.settings import HubSettings


class Workspace:
    """Everything one version of the configuration says, compiled; immutable.

    `version` names it. `connections`, `mappings` and `crosswalks` are by name. References
    (`${env:NAME}`) are resolved when `settings` or a connector's settings are asked for.
    """

    def __init__(
        self,
        *,
        version: str,
        files: Files,
        hub_file: HubFile,
        connections: Mapping[str, Connection],
        mappings: Mapping[str, CompiledMapping],
        crosswalks: Mapping[str, Crosswalk],
        pipelines: Sequence[Pipeline],
        policy: Policy,
        environ: Mapping[str, str],
    ) -> None:
        self.version = version
        self.files = files
        self.connections = connections
        self.mappings = mappings
        self.crosswalks = crosswalks
        self.pipelines = pipelines
        self._hub_file = hub_file
        self._policy = policy
        self._environ = environ
        self._made_formats: dict[str, Mapping[str, Format]] = {}
        self._by_type = {
            (pipeline.connection, type_name): pipeline for pipeline in pipelines for type_name in pipeline.types
        }
        self._by_kind: dict[str, list[Pipeline]] = {}
        for pipeline in pipelines:
            if pipeline.document_kind is not None:
                self._by_kind.setdefault(pipeline.document_kind, []).append(pipeline)

    @cached_property
    def settings(self) -> HubSettings:
        """The keys of `config/hub.yaml`; ConfigurationRefused if a reference cannot be resolved."""
        return self._hub_file.settings(self._environ)

    def pipeline_for(self, connection: str, type_name: str) -> Pipeline | None:
        """The pipeline that takes a connection's payloads of a type."""
        return self._by_type.get((connection, type_name))

    def routes_for(self, pipeline: Pipeline) -> list[Route]:
        """The ways open to what a pipeline makes: its own, and those of all pipelines from that kind of document."""
        others = self._by_kind.get(pipeline.target_kind, ())
        return [*pipeline.routes, *(route for other in others for route in other.routes if other is not pipeline)]

    def decoder(self, connection: str, payload_type: str) -> Format | None:
        """The format in which a connection's payloads of a type come; None if it has no such payloads."""
        return payload_format(self.connections[connection].connector.emits, payload_type, self._formats(connection))

    def encoder(self, connection: str, payload_type: str) -> Format | None:
        """The format in which a connection takes payloads of a type; None if it takes none."""
        return payload_format(self.connections[connection].connector.accepts, payload_type, self._formats(connection))

    def _formats(self, name: str) -> Callable[[], Mapping[str, Format]]:
        """The formats that the settings of a connection make, made once."""

        def made() -> Mapping[str, Format]:
            if name not in self._made_formats:
                self._made_formats[name] = self.connections[name].connector.formats(self.connector_config(name))
            return self._made_formats[name]

        return made

    @cached_property
    def rules(self) -> Rules:
        """What the ledger is told."""
        systems = {name: one.spec.system for name, one in self.connections.items()}
        return Rules(systems, self._policy, self.routes_of)

    def routes_of(self, kind: str) -> list[Route]:
        """The ways open to a document of a kind, whoever made it."""
        return [route for pipeline in self._by_kind.get(kind, ()) for route in pipeline.routes]

    def connector_config(self, name: str) -> ConnectorConfig:
        """The connector's settings of a connection, secrets resolved; ConfigurationRefused if that fails."""
        if name not in self.connections:
            message = f"There is no connection {name!r}{nearest(name, self.connections)}."
            raise ConfigError(message, connection=name)
        return self.connections[name].config(self._environ)
