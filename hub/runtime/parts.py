"""The parts of a stored message: what becomes a document each, under one configuration.

Their numbers are the documents' ordinals, so whoever reads a message again counts them here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from hub.contract.errors import RejectedMessage
from hub.contract.format import Reject, Reply, Tree
from hub.contract.registry import nearest
from hub.pipelines import Pipeline
from hub.workspace import Workspace


class Stored(Protocol):
    """What is read of a message."""

    @property
    def connection(self) -> str:
        """The connection it came from."""
        ...

    @property
    def type(self) -> str:
        """Its payload type."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """A tree of a message, or a part of one that its pipeline takes apart, or what stands for neither.

    `pipeline` is None where none takes its type, and for what is no tree; `variables` are what the
    pipeline's expressions see.
    """

    tree: Tree | Reject | Reply
    type: str
    pipeline: Pipeline | None
    variables: Mapping[str, Any]


def parts_of(
    workspace: Workspace, message: Stored, headers: Mapping[str, str], stream: Iterable[bytes]
) -> Iterator[Part]:
    """All parts in their order. Raises DecodeError, or another RejectedMessage, where nothing more can be read."""
    for tree in _decode(workspace, message, stream):
        if isinstance(tree, Tree):
            yield from _taken_apart(workspace, message, headers, tree)
        else:
            yield Part(tree, message.type, None, {})


def _decode(workspace: Workspace, message: Stored, stream: Iterable[bytes]) -> Iterator[Tree | Reject | Reply]:
    connection = workspace.connections.get(message.connection)
    if connection is None:
        raise RejectedMessage(f"The connection {message.connection} is not configured any more.")
    format_ = workspace.decoder(message.connection, message.type)
    if format_ is None:
        raise RejectedMessage(
            f"{message.connection} sent a {message.type}, which the connector {connection.spec.type} does not "
            f"read{nearest(message.type, connection.connector.emits)}.",
            value=message.type,
        )
    return format_.decode(stream)


def _taken_apart(workspace: Workspace, message: Stored, headers: Mapping[str, str], tree: Tree) -> Iterator[Part]:
    type_ = tree.type or message.type
    pipeline = workspace.pipeline_for(message.connection, type_)
    if pipeline is None:
        yield Part(tree, type_, None, {})
        return
    try:
        parts = pipeline.parts_of(tree.data, headers)
    except RejectedMessage as error:
        yield Part(Reject(error.message, tree.position, error.where, tree.envelope), type_, None, {})
        return
    if parts is None:
        yield Part(tree, type_, pipeline, pipeline.variables(tree.data, headers))
        return
    for number, data in enumerate(parts, start=1):
        position = f"{tree.position}, part {number}" if tree.position else f"part {number}"
        part = replace(tree, data=data, position=position)
        yield Part(part, type_, pipeline, pipeline.variables(data, headers, tree.data))
