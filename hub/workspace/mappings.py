"""Compiles the mappings of a workspace once all their files are read, since one may extend another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hub.contract.documents import KINDS
from hub.mapping import Mapping as CompiledMapping
from hub.mapping import compile_mapping
from hub.pipelines.nodes import place
from hub.source import Mapping as MappingNode
from hub.source import Node, Problems
from hub.workspace.kept import Kept

_KEPT: Final = Kept[CompiledMapping]()


def compile_mappings(
    nodes: Mapping[str, Node | None], files: Mapping[str, bytes], problems: Problems
) -> dict[str, CompiledMapping | None]:
    """By name, what the root nodes of the mappings' `files` say; None for a file or a mapping with errors."""
    return {name: _kept_or_compiled(name, node, nodes, files, problems) for name, node in nodes.items()}


def _kept_or_compiled(
    name: str,
    node: Node | None,
    nodes: Mapping[str, Node | None],
    files: Mapping[str, bytes],
    problems: Problems,
) -> CompiledMapping | None:
    if node is None:
        return None
    file = node.location.file
    kept = _KEPT.get(file, files[file])
    if kept is not None:
        return kept
    before = len(problems)
    mapping = _compiled(name, node, nodes, problems)
    # One that extends another is not told by its own file alone.
    if mapping is not None and mapping.extends is None and len(problems) == before:
        _KEPT.put(file, files[file], mapping)
    return mapping


def _compiled(name: str, node: Node, nodes: Mapping[str, Node | None], problems: Problems) -> CompiledMapping | None:
    if not isinstance(node, MappingNode):
        problems.error("wrong-type", "a mapping's file is a mapping of keys and values", node.location)
        return None
    mapping = compile_mapping(node, problems, bases=nodes)
    if mapping is None:
        return None
    if mapping.name != name:
        message = f"the mapping is called {mapping.name!r}, its file {node.location.file}"
        problems.error("wrong-name", message, place(node, "mapping"), f"write {name}")
    header = mapping.find(("header",))
    if mapping.target_type in KINDS and header is not None:
        message = "the header of a canonical document is written by the hub"
        problems.error("reserved-key", message, header, "the pipeline's subject and occurred_at fill it")
    return mapping
