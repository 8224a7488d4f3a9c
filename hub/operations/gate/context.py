"""Where a comparison is: the message, the order, and what is needed to show an example of a difference."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from hub.mapping import Mapping as CompiledMapping
from hub.operations.gate.findings import Difference
from hub.operations.gate.report import Example, Kind, Place
from hub.operations.gate.trees import NOTHING, Path, at, cut, differences, json_of, name_of, shown
from hub.operations.gate.veil import Veil
from hub.store.failures import FailureNote

_PLACE = re.compile(r"\[\d+\]")

Locate = Callable[[Path], str]
"""The file and line that make what stands at a path."""


@dataclass(frozen=True, slots=True)
class Context:
    """Of one document: the message it came by, the order it is about, and what was read to make it."""

    message: str
    order: str | None
    veil: Veil
    seen: Any

    def values(self, before: Any, after: Any, place: Callable[[Path], Place]) -> Iterator[Difference]:
        """A difference for each place at which two trees differ."""
        for path, left, right in differences(before, after):
            kind = Kind.APPEARS if left is NOTHING else Kind.VANISHES if right is NOTHING else Kind.CHANGES
            said = f"{json_of(left) if left is not NOTHING else ''}\0{json_of(right) if right is not NOTHING else ''}"
            yield Difference(kind, place(path), said, partial(self._value, (path, left, right), before, after))

    def _value(self, found: tuple[Path, Any, Any], before: Any, after: Any) -> Example:
        path, *plain = found
        _, *hidden = self.veil.over(self.seen, before, after)
        old, new = (
            None if value is NOTHING else shown(at(tree, path)) for value, tree in zip(plain, hidden, strict=True)
        )
        masked = [old, new] != [shown(value) for value in plain]
        return Example(self.message, self.order, name_of(path), old, new, masked=masked)

    def words(self, kind: Kind, place: Place, note: str = "") -> Difference:
        """A difference that is told in the program's or the configuration's own words."""
        return Difference(kind, place, note, lambda: Example(self.message, self.order, note=note))

    def failure(self, kind: Kind, place: Place, note: FailureNote) -> Difference:
        """What fails, with its error; those of one field are together."""

        def example() -> Example:
            return Example(self.message, self.order, note=self.veil.error(note, self.seen))

        return Difference(kind, place, note.text, example)


def locating(mappings: Iterable[CompiledMapping | None]) -> Locate:
    """By the first of these mappings that makes what stands at a path."""

    def locate(path: Path) -> str:
        for mapping in mappings:
            found = None if mapping is None else mapping.find(path)
            if found is not None:
                return f"{found.file}:{found.line}"
        return ""

    return locate


def field_of(note: FailureNote) -> str:
    """The field that could not be made, its places in lists left out; empty for what has none."""
    return cut(_PLACE.sub("[]", str(note.place.get("field", ""))))


def line_of(note: FailureNote) -> str:
    """The file and line that an error names."""
    file, line = note.place.get("file"), note.place.get("line")
    return "" if file is None else f"{file}:{line}" if line is not None else str(file)
