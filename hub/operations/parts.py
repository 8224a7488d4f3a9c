"""One part of a stored message with the pipeline that makes a document of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from hub.contract.errors import ConfigError, RejectedMessage
from hub.contract.format import Tree
from hub.operations.rows import AnyRow
from hub.pipelines import Pipeline
from hub.runtime.parts import parts_of
from hub.store.statements import loads
from hub.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Part:
    """What becomes one document, and the pipeline that takes it. `variables` are what its expressions see."""

    type: str
    pipeline: Pipeline
    variables: Mapping[str, Any]


def part_of(workspace: Workspace, message: AnyRow, stream: Iterable[bytes], ordinal: int) -> Part:
    """The part number `ordinal`, from 0, of a message's row and bytes.

    Raises ConfigError where the version has no pipeline for it, RejectedMessage, a DecodeError
    among them, where the part cannot be read, or where nothing but a reply stands there.
    """
    parts = parts_of(workspace, message, loads(message.headers), stream)
    part = next(islice(parts, ordinal, None), None)
    if part is None:
        raise RejectedMessage(f"The message has no part number {ordinal + 1}.")
    if not isinstance(part.tree, Tree):
        why = getattr(part.tree, "message", "it is what the sender is owed, and no mapping makes it")
        raise RejectedMessage(f"This part has no fields: {why}")
    if part.pipeline is None:
        raise ConfigError(f"No pipeline takes {part.type} from {message.connection}.", value=part.type)
    return Part(part.type, part.pipeline, part.variables)
