"""Route: to which connection a document goes, as what, when, and what must be known before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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

    def wants(self, document: Mapping[str, Any], effect: str, connection: str) -> bool:
        """Whether a document goes this way.

        `document` is its tree, `effect` what it did to its subject, `connection` the one whose
        message it was made from. Raises RejectedMessage where a condition cannot be computed.
        """
        variables = {"document": document, "effect": effect, "connection": connection}
        return all(condition.holds(variables) for condition in self.conditions)

    def references_of(self, document: Mapping[str, Any], effect: str, connection: str) -> dict[str, str]:
        """The numbers, kind to value, by which the target will speak of the subject."""
        if not self.references:
            return {}
        return read_references(self.references, {"document": document, "effect": effect, "connection": connection})
