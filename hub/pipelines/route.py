"""Route: to which connection a document goes, as what, when, and what must be known before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.contract.connector import References
from hub.mapping import Mapping as CompiledMapping
from hub.pipelines.formula import Formula
from hub.pipelines.identity import read_references
from hub.source import Location


@dataclass(frozen=True, slots=True)
class Need:
    """A number that the target's form is made with: the subject's number of `kind` in `system`."""

    system: str
    kind: str

    def __str__(self) -> str:
        return f"xref.{self.system}.{self.kind}"


@dataclass(frozen=True, slots=True)
class Route:
    """One entry of a pipeline's `routes`. `index` counts from 1; `condition` is all of its conditions."""

    pipeline: str
    index: int
    to: str
    mapping: CompiledMapping
    needs: tuple[Need, ...]
    conditions: tuple[Formula, ...]
    references: tuple[tuple[str, Formula], ...]
    location: Location

    @property
    def name(self) -> str:
        """`orders-from-shop/1`."""
        return f"{self.pipeline}/{self.index}"

    @property
    def mapping_name(self) -> str:
        """The name of its mapping."""
        return self.mapping.name

    def wants(self, seen: Mapping[str, Any]) -> bool:
        """Whether a document goes this way.

        `seen` has what conditions see: `document` is its tree, `effect` what it did to its subject,
        `connection` the one whose message it was made from, `origin` the system its order came
        from. Raises RejectedMessage where a condition cannot be computed.
        """
        return all(condition.holds(seen) for condition in self.conditions)

    def references_of(self, seen: Mapping[str, Any]) -> References:
        """The numbers, kind to value, by which the target will speak of the subject."""
        return read_references(self.references, seen) if self.references else {}


@dataclass(frozen=True, slots=True)
class ReplyRoute:
    """The way back to the connection that a message came from: its reply goes as it is, by no mapping."""

    to: str
    name: str = "reply"
    mapping_name: str = ""
    needs: tuple[Need, ...] = ()

    def wants(self, seen: Mapping[str, Any]) -> bool:
        """A reply always goes."""
        return True

    def references_of(self, seen: Mapping[str, Any]) -> References:
        """It brings no numbers."""
        return {}


AnyRoute = Route | ReplyRoute
"""What a document may be planned along."""
