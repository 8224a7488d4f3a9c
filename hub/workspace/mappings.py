"""Compiles the mappings of a workspace once all their files are read, since one may extend another."""

from __future__ import annotations

from collections.abc import Mapping

from hub.contract.documents import KINDS
from hub.mapping import Mapping as CompiledMapping
from hub.mapping import compile_mapping
from hub.pipelines.nodes import place
from hub.source import Mapping as MappingNode
from hub.source import Node, Problems


def compile_mappings(nodes: Mapping[str, Node | None], problems: Problems) -> dict[str, CompiledMapping | None]:
    """By name, what the root nodes of the mappings' files say; None for a file or a mapping with errors."""
    return {name: _compiled(name, node, nodes, problems) for name, node in nodes.items()}


def _compiled(
    name: str, node: Node | None, nodes: Mapping[str, Node | None], problems: Problems
) -> CompiledMapping | None:
    if node is None:
        return None
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
