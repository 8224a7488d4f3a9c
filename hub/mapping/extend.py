"""`extends`: a mapping that takes over the fields of another, and says what is different.

The files are put together as nodes, before anything is compiled, and every node keeps its own
place: an error in an inherited field names the file and line it was inherited from.
"""

from __future__ import annotations

from collections.abc import Mapping as Bases
from typing import Final

from hub.mapping.constructs import MAKERS
from hub.source import Location, Mapping, Node, Problems, Scalar, nearest

_REMOVE: Final = "$remove"
_INHERITED: Final = ("from", "to")


def extend(node: Mapping, bases: Bases[str, Node | None], problems: Problems) -> Mapping | None:
    """The root node of a mapping's file, with what it inherits; itself if it extends nothing.

    `bases` are the root nodes of all mappings by their names, None for one that cannot be read.
    None if the bases are missing or go round in a circle: that is then among the problems.
    """
    chain = _chain(node, bases, problems)
    if chain is None:
        return None
    whole = chain.pop()
    while chain:
        whole = _over(whole, chain.pop(), problems)
    return whole


def _chain(node: Mapping, bases: Bases[str, Node | None], problems: Problems) -> list[Mapping] | None:
    """The node, what it extends, what that extends, and so on."""
    chain, names = [node], [text_of(node.get("mapping"))]
    while (written := chain[-1].get("extends")) is not None:
        base = _base(written, names, bases, problems)
        if base is None:
            return None
        chain.append(base)
        names.append(text_of(written))
    return chain


def _base(written: Node, names: list[str], bases: Bases[str, Node | None], problems: Problems) -> Mapping | None:
    """The root node that an `extends` names; `names` are those of the mappings that led to it."""
    name, place = text_of(written), written.location
    base = bases.get(name)
    if not name:
        problems.error("wrong-type", "'extends' must be the name of a mapping", place)
    elif name in names:
        circle = " extends ".join([*names[names.index(name) :], name])
        problems.error("wrong-mapping", f"{circle}: that has no end", place, "a mapping extends one of another name")
    elif name not in bases:
        suggestion = nearest(name, bases) or "its name is its path below mappings/, without .yaml"
        problems.error("unknown-mapping", f"there is no mapping {name!r} to extend", place, suggestion)
    elif not isinstance(base, Mapping):
        problems.error("unknown-mapping", f"the mapping {name!r} cannot be read", place, "mend it first")
    else:
        return base
    return None


def text_of(node: Node | None) -> str:
    """The text of a scalar; empty for anything else."""
    return node.value if isinstance(node, Scalar) and isinstance(node.value, str) else ""


def _over(base: Mapping, over: Mapping, problems: Problems) -> Mapping:
    """One mapping's file over another's."""
    entries = {key: entry for key, entry in base.entries.items() if key in _INHERITED}
    entries |= over.entries
    fields, changed = base.entries.get("fields"), over.entries.get("fields")
    if fields is not None:
        entries["fields"] = _merged(fields, changed, problems) if changed else fields
    return Mapping(over.location, entries)


def _merged(base: tuple[Location, Node], over: tuple[Location, Node], problems: Problems) -> tuple[Location, Node]:
    """A field over an inherited one: objects key by key, anything else as a whole. Both stand with their places."""
    inherited, changed = base[1], over[1]
    if not _is_object(changed) or not _can_be_changed(inherited):
        return over
    assert isinstance(inherited, Mapping)
    assert isinstance(changed, Mapping)
    entries = dict(inherited.entries)
    for key, entry in changed.entries.items():
        if _is_removal(entry[1]):
            _remove(entries, key, entry[0], problems)
        elif key in entries and (key == "$let" or not key.startswith("$")):
            entries[key] = _merged(entries[key], entry, problems)
        else:
            entries[key] = entry
    return over[0], Mapping(changed.location, entries)


def _is_object(node: Node) -> bool:
    return isinstance(node, Mapping) and not MAKERS & node.entries.keys()


def _can_be_changed(node: Node) -> bool:
    """Whether keys can be laid over it: an object of fields, or the fields beside `$each`."""
    return isinstance(node, Mapping) and MAKERS & node.entries.keys() <= {"$each"}


def _is_removal(node: Node) -> bool:
    if not isinstance(node, Mapping) or list(node.entries) != [_REMOVE]:
        return False
    value = node.entries[_REMOVE][1]
    return isinstance(value, Scalar) and value.value is True


def _remove(entries: dict[str, tuple[Location, Node]], key: str, place: Location, problems: Problems) -> None:
    if entries.pop(key, None) is None:
        suggestion = nearest(key, entries) or "leave it out"
        problems.error("unknown-key", f"there is no inherited {key!r} to remove", place, suggestion)
