"""Pipeline: what a message becomes, and where that goes. Pure: reads nothing, sends nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from hub.contract.documents import Document, Header
from hub.contract.errors import RejectedMessage
from hub.mapping import Lookups
from hub.mapping import Mapping as CompiledMapping
from hub.pipelines.documents import tree_of
from hub.pipelines.formula import Formula
from hub.pipelines.identity import Identity, IdentityRule
from hub.pipelines.refusal import refusal
from hub.pipelines.route import Route
from hub.source import Location


@dataclass(frozen=True)
class Made:
    """A canonical document, valid, and the name of the mapping that made it."""

    document: Document
    mapping: str

    @cached_property
    def tree(self) -> dict[str, Any]:
        """The document as conditions and mappings see it."""
        return tree_of(self.document)


@dataclass(frozen=True, slots=True)
class Filtered:
    """The way ended here, on purpose: `reason` is the condition that was not met."""

    reason: str
    location: Location


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a pipeline makes its document: conditions, the mapping, conditions on what it made."""

    system: str
    before: tuple[Formula, ...]
    mapping: CompiledMapping
    model: type[Document]
    after: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A compiled pipeline.

    One from a connection has `connection`, its `system`, the payload `types` it takes, and the
    `target_kind` of canonical document it makes, or why it makes none, `ignored`. One from
    documents has `document_kind` alone, which then is its `target_kind` too.
    """

    name: str
    location: Location
    connection: str | None
    system: str | None
    types: frozenset[str]
    document_kind: str | None
    target_kind: str
    routes: tuple[Route, ...]
    identity: IdentityRule | None = None
    recipe: Recipe | None = None
    each: Formula | None = None
    ignored: str | None = None

    def parts_of(self, tree: Any, headers: Mapping[str, str]) -> list[Any] | None:
        """The parts of a message that become a document each; None for one that is taken whole.

        Raises RejectedMessage where there is none.
        """
        if self.each is None:
            return None
        found = self.each.evaluate({"source": tree, "headers": headers, "connection": self.connection})
        parts = found if isinstance(found, list) else [] if found is None else [found]
        if not parts:
            message = f"The pipeline {self.name!r} takes each of {self.each.text!r}, of which the message has none."
            raise RejectedMessage(message, **self.each.where)
        return parts

    def variables(self, tree: Any, headers: Mapping[str, str], whole: Any = None) -> dict[str, Any]:
        """What expressions on a message see; `whole` is the message of which `tree` is a part."""
        message = tree if whole is None else whole
        return {"source": tree, "message": message, "headers": headers, "connection": self.connection}

    def identify(self, variables: Mapping[str, Any]) -> Identity:
        """What a message is about; raises NotIdentified. Only for a pipeline from a connection."""
        assert self.identity is not None
        return self.identity.read(variables)

    def make(self, variables: Mapping[str, Any], identity: Identity, lookups: Lookups) -> Made | Filtered:
        """The canonical document of a message that `identify` identified.

        Raises MappingFailed, naming all fields at once, where the mapping or the document's
        model refuses. Only for a pipeline from a connection.
        """
        assert self.recipe is not None
        if (ended := _first_unmet(self.recipe.before, variables)) is not None:
            return ended
        output = self.recipe.mapping.run(variables, lookups)
        if isinstance(output, dict):
            # A copy: what a mapping makes may share parts with the tree.
            output = {**output, "header": _header(self.recipe.system, identity)}
        try:
            document = self.recipe.model.model_validate(output)
        except ValidationError as error:
            raise refusal(self.recipe.mapping, error) from error
        made = Made(document, self.recipe.mapping.name)
        if self.recipe.after:
            ended = _first_unmet(self.recipe.after, {**variables, "document": made.tree})
        return ended or made


def _header(system: str, identity: Identity) -> Header:
    """Origin and revision. Every part was checked when it was read, so it is not checked again."""
    return Header.model_construct(
        source=system,
        source_id=identity.value,
        revision=identity.version,
        occurred_at=identity.occurred_at,
        intent=identity.intent,
    )


def _first_unmet(conditions: tuple[Formula, ...], variables: Mapping[str, Any]) -> Filtered | None:
    for condition in conditions:
        if not condition.holds(variables):
            return Filtered(condition.text, condition.location)
    return None
