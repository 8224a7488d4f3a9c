"""Masks what a report shows of people, as fixtures do: it goes to build servers and to mails."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from hub.operations.gate.trees import cut
from hub.operations.masking import Masker
from hub.store.failures import FailureNote

_LONGEST = 400
"""Characters of an error that are shown."""


class Veil:
    """Masks trees of many messages alike: the same word is the same in all of a report, and in no other."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def over(self, *trees: Any) -> list[Any]:
        """The trees, masked together: what is found by its key in one is hidden where it stands in another."""
        masked: list[Any] = Masker(self._key).mask(list(trees))
        return masked

    def error(self, note: FailureNote, seen: Any) -> str:
        """The text of an error about what was `seen`, with the values that it names masked."""
        text = note.text
        for path, value in _read(note.place):
            plain = _nested(path, value)
            [hidden] = self.over(plain)
            if hidden != plain:
                text = text.replace(repr(value), repr(_innermost(hidden)))
        return cut(str(self.over(seen, {"error": text})[1]["error"]), _LONGEST)


def _read(place: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the fields that could not be made had read: path and value."""
    errors: Sequence[Mapping[str, Any]] = place.get("errors", [place])
    return [(str(one["source"]), one["value"]) for one in errors if "source" in one and one.get("value")]


def _nested(path: str, value: Any) -> Any:
    """A value below the keys that lead to it."""
    for key in reversed(path.split(".")):
        value = {key.partition("[")[0]: value}
    return value


def _innermost(tree: Any) -> Any:
    while isinstance(tree, dict):
        [tree] = tree.values()
    return tree
