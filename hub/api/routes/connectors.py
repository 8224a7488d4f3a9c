"""Connectors: the systems that can be spoken to."""

from __future__ import annotations

from hub.api.parameters import Word
from hub.api.threads import Router
from hub.operations.connectors import ConnectorDescription, ConnectorView, describe_connector, list_connectors

router = Router("connectors")


@router.get("", summary="List the connectors there are")
def list_() -> list[ConnectorView]:
    """Their type in YAML, what they connect to, and what they send and take."""
    return list_connectors()


@router.get("/{type}", summary="Describe a connector")
def describe(type: Word) -> ConnectorDescription:
    """Its qualities, its payload types, each key of a connection, and the JSON Schema of them."""
    return describe_connector(type)
