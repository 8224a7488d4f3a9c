"""The constructs, keys that begin with `$`, and which of them may stand together."""

from __future__ import annotations

from typing import Final

from hub.source import Mapping, Problems, nearest

CONSTRUCTS: Final = (
    "$const",
    "$value",
    "$optional",
    "$default",
    "$each",
    "$where",
    "$sort",
    "$when",
    "$let",
    "$switch",
    "$require",
    "$assert",
    "$remove",
)
MAKERS: Final = frozenset(("$const", "$value", "$each", "$switch"))
"""Constructs that make a value; a mapping without one is an object of fields."""
_EVERYWHERE: Final = {"$when", "$let", "$require"}
_BESIDE: Final[dict[str, set[str]]] = {
    "$const": set(),
    "$each": {"$where", "$sort", "$value"},
    "$switch": set(),
    "$value": {"$optional", "$default"},
}
"""What else may stand beside a construct that makes the value; `$each` has fields, too."""
_PLACES: Final = {"$assert": "it stands at the top of `fields`", "$remove": "it takes out what `extends` brought in"}


def check_keys(node: Mapping, problems: Problems, *, top: bool) -> bool:
    """Whether all constructs of a mapping are known and may stand together; `top` is that of a file's `fields`."""
    before = len(problems)
    maker = next((key for key in _BESIDE if key in node.entries), None)
    allowed = _allowed(node, maker, top)
    for key, (location, _) in node.entries.items():
        if key.startswith("$") and key not in CONSTRUCTS:
            suggestion = nearest(key, CONSTRUCTS) or f"constructs are {', '.join(CONSTRUCTS)}"
            problems.error("unknown-construct", f"unknown construct {key!r}", location, suggestion)
        elif key.startswith("$") and key not in allowed:
            where = f"beside {maker}" if maker else "in an object of fields"
            message = f"{key} has no meaning {where}"
            problems.error("misplaced-construct", message, location, _PLACES.get(key, ""))
        elif not key.startswith("$") and maker and (maker != "$each" or "$value" in node.entries):
            message = f"the field {key!r} cannot stand beside {'$value' if maker == '$each' else maker}"
            problems.error("misplaced-field", message, location)
    return len(problems) == before


def _allowed(node: Mapping, maker: str | None, top: bool) -> set[str]:
    """The constructs that may stand in a mapping."""
    allowed = _EVERYWHERE | ({maker} | _BESIDE[maker] if maker else set())
    if "$value" in node.entries:
        allowed |= _BESIDE["$value"]
    return allowed | {"$assert"} if top else allowed
