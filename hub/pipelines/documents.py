"""The plain tree of a canonical document: what expressions see as `document`, and mappings as `source`."""

from __future__ import annotations

from enum import Enum
from typing import Any, Final

from hub.contract.documents import Document

_CONTAINERS: Final = frozenset({dict, list})


def tree_of(document: Document) -> dict[str, Any]:
    """The document as dict, list, text, Decimal, bool, date and datetime; what is not there is left out.

    Defaults of its model are there, so that a condition may ask for a field that no mapping
    wrote.
    """
    tree = document.model_dump(exclude_none=True)
    _name_members(tree)
    return tree


def _name_members(tree: Any) -> None:
    """Replace members of enumerations by their text, in place: to a target they are nothing but text."""
    for key, value in tree.items() if type(tree) is dict else enumerate(tree):
        if type(value) in _CONTAINERS:
            _name_members(value)
        elif isinstance(value, Enum):
            tree[key] = value.value
