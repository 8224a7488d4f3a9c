"""The parts of a stored message, as they are read under one version of the configuration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from hub.contract.errors import ConfigError, RejectedMessage
from hub.contract.format import Tree
from hub.operations.rows import AnyRow
from hub.pipelines import Pipeline
from hub.store.statements import loads
from hub.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Part:
    """What becomes one document, and the pipeline that takes it. `variables` are what its expressions see."""

    type: str
    pipeline: Pipeline
    variables: dict[str, Any]


def part_of(workspace: Workspace, message: AnyRow, stream: Iterable[bytes], ordinal: int) -> Part:
    """The part number `ordinal`, from 0, of a message's row and bytes.

    Raises ConfigError where the version knows no such connection or pipeline, RejectedMessage, a
    DecodeError among them, where the part cannot be read.
    """
    for number, part in enumerate(_parts(workspace, message, stream)):
        if number == ordinal:
            if isinstance(part, Exception):
                raise part
            return part
    raise RejectedMessage(f"The message has no part number {ordinal + 1}.")


def _parts(workspace: Workspace, message: AnyRow, stream: Iterable[bytes]) -> Iterator[Part | Exception]:
    """In the order in which the drain counts them; an exception stands for what is no part."""
    if message.connection not in workspace.connections:
        raise ConfigError(f"The connection {message.connection} is not in that version of the configuration.")
    format_ = workspace.decoder(message.connection, message.type)
    if format_ is None:
        raise ConfigError(f"The connection {message.connection} reads no {message.type}.", value=message.type)
    headers = loads(message.headers)
    for tree in format_.decode(stream):
        if isinstance(tree, Tree):
            yield from _parts_of(workspace, message, tree, headers)
        else:
            why = getattr(tree, "message", "it is what the sender is owed, and no mapping makes it")
            yield RejectedMessage(f"This part has no fields: {why}.")


def _parts_of(workspace: Workspace, message: AnyRow, tree: Tree, headers: dict[str, str]) -> Iterator[Part | Exception]:
    type_ = tree.type or message.type
    pipeline = workspace.pipeline_for(message.connection, type_)
    if pipeline is None:
        yield ConfigError(f"No pipeline takes {type_} from {message.connection}.", value=type_)
        return
    try:
        parts = pipeline.parts_of(tree.data, headers)
    except RejectedMessage as error:
        yield error
        return
    if parts is None:
        yield Part(type_, pipeline, pipeline.variables(tree.data, headers))
        return
    for data in parts:
        yield Part(type_, pipeline, pipeline.variables(data, headers, tree.data))
