"""The connectors there are, as their manifests say."""

from __future__ import annotations

from dataclasses import dataclass

from hub.contract.registry import connector_types, find_connector


@dataclass(frozen=True, slots=True)
class ConnectorView:
    """A connector: its `type` in YAML, what it is, which way documents go, and which payload types."""

    type: str
    title: str
    family: str
    directions: list[str]
    emits: list[str]
    accepts: list[str]


def list_connectors() -> list[ConnectorView]:
    """All connectors, by family and type; imports each of them."""
    found = [_view(name) for name in connector_types()]
    return sorted(found, key=lambda one: (one.family, one.type))


def _view(name: str) -> ConnectorView:
    connector = find_connector(name)
    return ConnectorView(
        type=name,
        title=connector.manifest.title,
        family=connector.family.value,
        directions=sorted(connector.manifest.direction),
        emits=sorted(connector.emits),
        accepts=sorted(connector.accepts),
    )
