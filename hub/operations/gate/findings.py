"""Collects differences in bounded memory: counts of all of them, and a few examples of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Final

from hub.operations.gate.report import COUNTED, RANK, Example, Group, Kind, Place

MOST: Final = 1000
"""Places that are told apart; what is met at more of them is counted with the others of its mapping."""

OTHERS: Final = "(other fields)"

_Key = tuple[Kind, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. `said` tells it from others at the same place; its example is made only if it is kept."""

    kind: Kind
    place: Place
    said: str
    example: Callable[[], Example]


@dataclass(slots=True)
class _Known:
    group: Group
    examples: dict[bytes, Example] = field(default_factory=dict)


class Findings:
    """What was found so far. `most` is the number of examples of each group."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[_Key, _Known] = {}
        self._counts: Counter[str] = Counter()
        self.seen: Counter[str] = Counter()
        """How many messages, documents and deliveries were looked at."""

    def take(self, found: list[Difference]) -> None:
        """What was found at one message, document or delivery."""
        kinds = {one.kind for one in found}
        self._counts.update(words for words, counted in COUNTED.items() if kinds.intersection(counted))
        for one in found:
            self._add(one)

    def _add(self, one: Difference) -> None:
        known = self._of(one.kind, one.place)
        known.group.count += 1
        digest = blake2b(one.said.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if digest in known.examples:
            known.examples[digest].count += 1
        elif len(known.examples) < self._most:
            known.examples[digest] = one.example()

    def _of(self, kind: Kind, place: Place) -> _Known:
        key = (kind, place.connection, place.pipeline, place.mapping, place.field)
        if key not in self._known and len(self._known) >= MOST:
            place = replace(place, field=OTHERS, line="")
            key = (*key[:4], OTHERS)
        return self._known.setdefault(key, _Known(Group(kind, place)))

    def groups(self) -> list[Group]:
        """The worst first; of one kind, those of one mapping together."""
        for known in self._known.values():
            known.group.examples = sorted(known.examples.values(), key=lambda one: -one.count)
        ordered = sorted(self._known, key=lambda key: (RANK[key[0]], *key[1:]))
        return [self._known[key].group for key in ordered]

    def counts(self) -> dict[str, int]:
        """By the words of `COUNTED`, in their order, without zeros."""
        return {words: self._counts[words] for words in COUNTED if self._counts[words]}
