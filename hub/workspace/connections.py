"""Connections: `config/connections/NAME.yaml`, the hub's own keys and those of the connector.

Loading reads the hub's keys and imports no connector. The connector's keys are validated by
its `Config`, at a check with references left open, at a start with all of them resolved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any, Final, cast

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator

from hub.contract.connector import Connector, ConnectorConfig
from hub.contract.registry import connector_types, find_connector, nearest
from hub.source import Location, Node, Problem, Problems, validate
from hub.source import Mapping as MappingNode
from hub.workspace.references import offline, resolve, scalars
from hub.workspace.schedule import Schedule
from hub.workspace.secrets import report_clear_secrets
from hub.workspace.units import Duration

NAME: Final = r"^[a-z0-9][a-z0-9_-]{0,62}$"
"""Names of connections and systems: they stand in addresses (`/in/NAME`) and in `xref.NAME.kind`."""


class Retry(BaseModel):
    """How often and how far apart a transmission is tried."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    attempts: int = Field(default=8, ge=1, le=100, description="Tries in all, before it is a dead letter.")
    first: Duration = Field(default=timedelta(seconds=10), description="Wait after the first failure; it then doubles.")
    longest: Duration = Field(default=timedelta(hours=1), description="Longest wait between two tries.")

    @model_validator(mode="after")
    def _grows(self) -> Retry:
        if self.longest < self.first:
            raise ValueError(f"the longest wait ({self.longest}) is shorter than the first ({self.first})")
        return self


class ConnectionSpec(BaseModel):
    """The hub's own keys of a connection; all others belong to the connector."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    connection: str = Field(pattern=NAME, description="The connection's name; the file is named after it.")
    type: str = Field(min_length=1, description="The connector: `crossdock connectors list` shows them.")
    system: str = Field(
        default="",
        pattern=NAME,
        description="Whose numbers it speaks of; by default the connection's name. Connections may share one.",
    )
    retry: Retry = Field(default_factory=Retry, description="How often and how far apart deliveries are tried.")
    concurrency: int = Field(default=8, ge=1, le=1000, description="Transmissions under way at once.")
    every: Duration = Field(
        default=timedelta(seconds=30),
        description="Time between two pulls, for connectors that pull; with a schedule, between two tries of one.",
    )
    schedule: Schedule | None = Field(
        default=None, description="Times of the clock at which it pulls, instead of all day."
    )
    paused: bool = Field(default=False, description="Whether nothing is pulled or sent until it is resumed.")
    shadow: bool = Field(
        default=False, description="Whether deliveries are rendered and kept, and never sent. It pulls as always."
    )

    @model_validator(mode="before")
    @classmethod
    def _system_by_default(cls, data: Any) -> Any:
        if isinstance(data, dict) and "system" not in data and isinstance(data.get("connection"), str):
            return {**data, "system": data["connection"]}
        return data

    @property
    def name(self) -> str:
        """The connection's name."""
        return self.connection


@dataclass(frozen=True)
class Connection:
    """A connection as its file says: the hub's keys read, the connector's kept as they stand."""

    spec: ConnectionSpec
    node: MappingNode

    @property
    def location(self) -> Location:
        """Where the file names its type, or begins."""
        return self.place("type")

    def place(self, key: str) -> Location:
        """Where the value of a key stands, or the beginning of the file."""
        value = self.node.get(key)
        return value.location if value is not None else self.node.location

    @cached_property
    def connector(self) -> type[Connector[Any]]:
        """The connector's class, imported on first use; ConfigError if there is none."""
        return find_connector(self.spec.type)

    @cached_property
    def _own_keys(self) -> MappingNode:
        return _without(self.node, ConnectionSpec.model_fields)

    def check(self, problems: Problems) -> None:
        """Validate the connector's keys, taking unresolved references for right; imports the connector."""
        model = self.connector.Config
        report_clear_secrets(model, self._own_keys, problems)
        node, unknown = offline(self._known_keys(model, problems), problems)
        found = Problems()
        validate(model, node, found)
        _add(problems, (problem for problem in found if problem.location not in unknown))

    def config(self, environ: Mapping[str, str]) -> ConnectorConfig:
        """The connector's settings with all references resolved; ConfigurationRefused if that fails."""
        problems = Problems()
        model = self.connector.Config
        written = self._known_keys(model, problems)
        node = resolve(written, environ, problems)
        problems.raise_if_errors()
        found = Problems()
        config = validate(model, node, found)
        _add(problems, (_redacted(problem, written, node) for problem in found))
        problems.raise_if_errors()
        assert config is not None
        return config

    @cached_property
    def outline(self) -> ConnectorConfig:
        """The connector's settings as far as the file alone tells them, for what opens nothing.

        A key whose value stands outside keeps what is written, unread. ConfigurationRefused for mistakes.
        """
        problems = Problems()
        model = self.connector.Config
        settings, unknown = offline(self._known_keys(model, problems), problems)
        node = cast(MappingNode, settings)
        names = {field.alias or name: name for name, field in model.model_fields.items()}
        outside: dict[str, Any] = {
            names[key]: (Any, Field(alias=key))
            for key, (_, value) in node.entries.items()
            if any(one.location in unknown for one in scalars(value))
        }
        known = validate(create_model(model.__name__, __base__=model, **outside), node, problems)
        problems.raise_if_errors()
        assert known is not None
        return known

    def _known_keys(self, model: type[BaseModel], problems: Problems) -> MappingNode:
        """The connector's keys; one that neither it nor the hub knows is reported and left out."""
        known = [field.alias or name for name, field in model.model_fields.items()]
        unknown = [key for key in self._own_keys.entries if key not in known]
        every = sorted([*known, *ConnectionSpec.model_fields])
        for key in unknown:
            message = f"unknown key {key!r} of a connection of type {self.spec.type!r}"
            suggestion = nearest(key, every) or f"known are {', '.join(every)}"
            problems.error("unknown-key", message, self._own_keys.entries[key][0], suggestion)
        return _without(self._own_keys, unknown)


def read_connection(node: Node, path: PurePosixPath, problems: Problems) -> Connection | None:
    """The connection of one file; None if the hub's own keys are wrong."""
    if not isinstance(node, MappingNode):
        problems.error("wrong-type", "a connection is a mapping of keys and values", node.location)
        return None
    own = {key: entry for key, entry in node.entries.items() if key in ConnectionSpec.model_fields}
    spec = validate(ConnectionSpec, MappingNode(node.location, own), problems)
    if spec is None:
        return None
    connection = Connection(spec, node)
    if spec.name != path.stem:
        message = f"the connection is called {spec.name!r}, its file {path.name}"
        problems.error("wrong-name", message, connection.place("connection"), f"write {path.stem}")
    if spec.type not in (known := connector_types()):
        suggestion = nearest(spec.type, known) or f"known are {', '.join(known)}"
        problems.error("unknown-connector", f"there is no connector {spec.type!r}", connection.location, suggestion)
    return connection


def _without(node: MappingNode, keys: Iterable[str]) -> MappingNode:
    left_out = frozenset(keys)
    return MappingNode(node.location, {key: entry for key, entry in node.entries.items() if key not in left_out})


def _add(problems: Problems, found: Iterable[Problem]) -> None:
    for problem in found:
        problems.error(problem.kind, problem.message, problem.location, problem.suggestion)


def _redacted(problem: Problem, written: Node, resolved: Node) -> Problem:
    """The problem with a resolved value shown as its reference: what that stands for may be secret."""
    message = problem.message
    for before, after in zip(scalars(written), scalars(resolved), strict=True):
        if before is not after and after.text and before.location == problem.location:
            message = message.replace(after.text, before.text)
    return Problem(problem.severity, problem.kind, message, problem.location, problem.suggestion)
