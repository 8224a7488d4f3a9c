"""Samples: what the tests of mappings read, and how it becomes a tree."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, Final

from pydantic import ValidationError

from hub.contract.connector import Connector
from hub.contract.documents import KINDS
from hub.contract.errors import RejectedMessage
from hub.contract.format import Format, Reply, Tree
from hub.contract.registry import connector_types, find_connector, find_format, format_names, sample_format
from hub.mapping import Mapping as CompiledMapping
from hub.pipelines import tree_of
from hub.workspace.files import SAMPLES

SAMPLE_HEADER: Final = {"source": "sample", "source_id": "1"}
"""The header of a canonical sample that has none: the hub would have written it."""


def is_sample(path: str) -> bool:
    """Whether a file of the workspace is a sample."""
    return path.startswith("mappings/") and SAMPLES in PurePosixPath(path).parts[1:-1]


def sample_path(mapping: CompiledMapping, file: str) -> str:
    """The path in the workspace of a sample, which a test names from the folder of its mapping."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(mapping.location.file), file))


def read_sample(mapping: CompiledMapping, path: str, content: bytes) -> Any:
    """The tree of a sample, decoded by the format of the mapping's payload type.

    Raises RejectedMessage, a DecodeError among them, if it is not exactly one of that type.
    """
    parts = list(_format_of(mapping.source_type, path).decode([content]))
    trees = [part for part in parts if not isinstance(part, Reply)]
    if len(trees) != 1:
        raise RejectedMessage(f"{path} holds {len(trees)} messages; a test takes one.", file=path)
    tree = trees[0]
    if not isinstance(tree, Tree):
        raise RejectedMessage(f"{path}, {tree.position}: {tree.message}", file=path)
    if tree.type not in (None, mapping.source_type):
        raise RejectedMessage(f"{path} is a {tree.type}, but the mapping is from {mapping.source_type}.", file=path)
    return as_source(mapping, tree.data)


def as_source(mapping: CompiledMapping, data: Any) -> Any:
    """What the mapping sees as `source`: a canonical document is completed and checked by its model."""
    model = KINDS.get(mapping.source_type)
    if model is None:
        return data
    completed = {"header": SAMPLE_HEADER, **data} if isinstance(data, dict) else data
    try:
        return tree_of(model.model_validate(completed))
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise RejectedMessage(f"The input is no {mapping.source_type}: {faults}.") from error


def target_format(payload_type: str) -> Format | None:
    """The format in which a connector takes a payload type by name; None if none does."""
    for connector in _connectors(payload_type):
        if payload_type in connector.accepts:
            return sample_format(connector.accepts, payload_type)
    return None


def _format_of(payload_type: str, path: str) -> Format:
    """The format of a payload type; where no connector names that, the one that the file's suffix tells."""
    if payload_type not in KINDS:
        for connector in _connectors(payload_type):
            if payload_type in connector.emits and (named := sample_format(connector.emits, payload_type)):
                return named
    suffix = PurePosixPath(path).suffix
    for name in format_names():
        if suffix and find_format(name).suffix == suffix:
            return find_format(name)
    message = f"Nothing tells the format of {path}: no connector sends {payload_type}, and no format has {suffix!r}."
    raise RejectedMessage(message, file=path)


def _connectors(payload_type: str) -> Iterator[type[Connector[Any]]]:
    """All connectors, likely ones first, so that few are imported: `shopify.order` is Shopify's."""
    prefix = payload_type.partition(".")[0]
    for name in sorted(connector_types(), key=lambda name: (prefix not in name, name)):
        yield find_connector(name)
