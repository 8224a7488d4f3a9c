"""Writes a document for a target: the mapping's tree, then the target's own bytes.

Nothing is read from the database and nothing is kept: what is sent is written with it, and so is
what is only looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.contract.documents import KINDS, Order, Reply
from hub.contract.errors import ConfigError
from hub.contract.format import Format, Numbers
from hub.contract.registry import nearest
from hub.ledger.incoming import unpack
from hub.mapping import Lookups
from hub.mapping import Mapping as CompiledMapping
from hub.pipelines import tree_of
from hub.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Errand:
    """A document for one target, with what its mapping may read.

    `content` is the document as it is kept in a row, `order` so the order that it is about, as its source said it
    last; None if there is none. `system` is that of the `connection` it is for.
    """

    kind: str
    content: bytes
    order: bytes | None
    connection: str
    system: str
    mapping: str
    effect: str


@dataclass(frozen=True, slots=True)
class Written:
    """The tree of payload type `type` that a mapping made, and its bytes."""

    type: str
    tree: Any
    content_type: str
    body: bytes


class Writer:
    """Writes under one configuration."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def write(self, errand: Errand, lookups: Lookups, numbers: Numbers) -> Written:
        """The target's bytes; `numbers` are the running numbers of its format.

        Raises ConfigError for what is not configured any more, MappingFailed, and what the format raises for a tree
        that it cannot write.
        """
        type_, tree = self._payload(errand, lookups)
        format_ = self._format(errand.connection, type_)
        return Written(type_, tree, format_.content_type, format_.encode(tree, type_, numbers))

    def _payload(self, errand: Errand, lookups: Lookups) -> tuple[str, Any]:
        if errand.kind == Reply.__name__:
            reply = Reply.model_validate_json(unpack(errand.content))
            return reply.payload_type, reply.payload
        mapping = self._mapping(errand.mapping)
        source = _tree(errand.kind, errand.content)
        variables = {"source": source, "effect": errand.effect, "target": errand.system}
        if mapping.reads("order"):
            is_order = errand.kind == Order.__name__
            variables["order"] = source if is_order else {} if errand.order is None else _tree("Order", errand.order)
        return mapping.target_type, mapping.run(variables, lookups)

    def _mapping(self, name: str) -> CompiledMapping:
        mapping = self._workspace.mappings.get(name)
        if mapping is None:
            close = nearest(name, self._workspace.mappings)
            raise ConfigError(f"The mapping {name} is not configured any more{close}.", mapping=name)
        return mapping

    def _format(self, connection: str, payload_type: str) -> Format:
        if connection not in self._workspace.connections:
            raise ConfigError(f"The connection {connection} is not configured any more.")
        format_ = self._workspace.encoder(connection, payload_type)
        if format_ is None:
            raise ConfigError(f"The connection {connection} takes no {payload_type}.", value=payload_type)
        return format_


def _tree(kind: str, content: bytes) -> dict[str, Any]:
    return tree_of(KINDS[kind].model_validate_json(unpack(content)))
