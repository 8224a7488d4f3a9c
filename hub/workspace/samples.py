"""Samples: what the tests of mappings read, and how it becomes a tree."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, Final, Protocol

from pydantic import ValidationError
from pydantic_core import to_json

from hub.contract.connector import Connector
from hub.contract.documents import KINDS
from hub.contract.errors import RejectedMessage
from hub.contract.format import Format, Reply, Tree
from hub.contract.registry import connector_types, find_connector, find_format, format_names, sample_format
from hub.mapping import Mapping as CompiledMapping
from hub.pipelines import refusal, tree_of
from hub.source import Location

_JSON: Final = ".json"
SAMPLE_HEADER: Final = {"source": "sample", "source_id": "1"}
"""The header of a canonical sample that has none: the hub would have written it."""


class Located(Protocol):
    """What stands in a file."""

    @property
    def location(self) -> Location: ...


def sample_path(beside: Located, file: str) -> str:
    """The path in the workspace of a sample, which a test names from the folder of the file it stands in."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(beside.location.file), file))


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


def check_document(mapping: CompiledMapping, output: Any) -> None:
    """Hold what a mapping makes against the model of its canonical document, if that is its target.

    Raises RejectedMessage with the place in the mapping.
    """
    model = KINDS.get(mapping.target_type)
    if model is not None:
        try:
            model.model_validate({**output, "header": SAMPLE_HEADER} if isinstance(output, dict) else output)
        except ValidationError as error:
            raise refusal(mapping, error) from error


def target_format(payload_type: str) -> Format | None:
    """The format in which a connector takes a payload type by name; None if none does."""
    for connector in _connectors(payload_type):
        if payload_type in connector.accepts:
            return sample_format(connector.accepts, payload_type)
    return None


def write_output(payload_type: str, output: Any, path: str) -> bytes:
    """What a mapping made, as it stands in a file: readable JSON, or what the target is sent.

    Raises RejectedMessage where the target cannot take it, or is not sent what the file's suffix says.
    """
    if PurePosixPath(path).suffix == _JSON:
        return to_json(output, indent=2) + b"\n"
    return _format_to(payload_type, path).encode(output, payload_type)


def read_output(payload_type: str, content: bytes, path: str) -> Any:
    """The tree of what `write_output` wrote, or somebody else; a list where it holds several.

    Raises RejectedMessage, a DecodeError among them, if it cannot be read.
    """
    format_ = find_format("json") if PurePosixPath(path).suffix == _JSON else _format_to(payload_type, path)
    trees: list[Any] = []
    for part in format_.decode([content]):
        if not isinstance(part, Tree):
            raise RejectedMessage(f"{path}, {part.position}: it cannot be read as {payload_type}.", file=path)
        trees.append(part.data)
    return trees[0] if len(trees) == 1 else trees


def _format_to(payload_type: str, path: str) -> Format:
    found = target_format(payload_type)
    if found is None or found.suffix != PurePosixPath(path).suffix:
        suffixes = _JSON if found is None else f"{found.suffix} or {_JSON}"
        message = f"{path} cannot hold a {payload_type}; its name must end with {suffixes}."
        raise RejectedMessage(message, file=path)
    return found


def _format_of(payload_type: str, path: str) -> Format:
    """The format of a payload type; where no connector names that, the one that the file's suffix tells."""
    if payload_type not in KINDS:
        for connector in _connectors(payload_type):
            if payload_type in connector.emits and (named := sample_format(connector.emits, payload_type)):
                return named
    suffix, prefix = PurePosixPath(path).suffix, payload_type.partition(".")[0]
    fitting = [name for name in format_names() if suffix and find_format(name).suffix == suffix]
    if fitting:
        # IDocs have the suffix of plain XML: they are meant where the type says so.
        return find_format(max(fitting, key=lambda name: (name == prefix, f".{name}" == suffix)))
    message = f"Nothing tells the format of {path}: no connector sends {payload_type}, and no format has {suffix!r}."
    raise RejectedMessage(message, file=path)


def _connectors(payload_type: str) -> Iterator[type[Connector[Any]]]:
    """All connectors, likely ones first, so that few are imported: `shopify.order` is Shopify's."""
    prefix = payload_type.partition(".")[0]
    for name in sorted(connector_types(), key=lambda name: (prefix not in name, name)):
        yield find_connector(name)
