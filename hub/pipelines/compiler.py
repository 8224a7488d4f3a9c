"""Compiles a pipeline file, and reports everything in it that cannot work."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from hub.contract.documents import KINDS, Document
from hub.mapping import Mapping as CompiledMapping
from hub.pipelines.clauses import PipelineFile, RouteClause, SubjectClause
from hub.pipelines.formula import Formula, compile_formula
from hub.pipelines.identity import IdentityRule
from hub.pipelines.nodes import descend, find, key_place, place
from hub.pipelines.pipeline import Pipeline, Recipe
from hub.pipelines.route import Need, Route
from hub.source import Location, Node, Problems, Scalar, Sequence, nearest, validate
from hub.source import Mapping as MappingNode

MESSAGE: Final = frozenset({"source", "message", "headers", "connection"})
"""What expressions on a message see; `message` is the whole of which `each` makes `source` a part."""
MADE: Final = MESSAGE | {"document"}
"""What a filter after the map sees."""
ROUTED: Final = frozenset({"document", "effect", "connection", "origin"})
"""What expressions of routes see."""

LEDGER: Final = "ledger"
"""The system of numbers that the hub's own ledger gives, and of the documents that it makes."""

DEFAULT_KIND: Final = "id"
"""The kind of a subject's number in the connection's own system."""

_KIND: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_NEED: Final = re.compile(r"xref\.([a-z0-9][a-z0-9_-]*)\.([a-z][a-z0-9_]*)")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a pipeline may name.

    `mappings` by name; None for one that has errors of its own. `systems`: connection to system.
    """

    mappings: Mapping[str, CompiledMapping | None]
    systems: Mapping[str, str]


def compile_pipeline(node: Node, surroundings: Surroundings, problems: Problems) -> Pipeline | None:
    """The pipeline of one file; None, and the reasons in `problems`, if it has an error."""
    found = Problems()
    file = validate(PipelineFile, node, found)
    pipeline = None
    if file is not None and isinstance(node, MappingNode):
        pipeline = _Compiler(file, node, surroundings, found).compile()
    for problem in found:
        problems.error(problem.kind, problem.message, problem.location, problem.suggestion)
    return None if len(found) else pipeline


class _Compiler:
    """Compiles one file. Goes on after an error, so that all are reported."""

    def __init__(self, file: PipelineFile, node: MappingNode, surroundings: Surroundings, problems: Problems) -> None:
        self.file = file
        self.node = node
        self.mappings = surroundings.mappings
        self.systems = surroundings.systems
        self.problems = problems

    def compile(self) -> Pipeline | None:
        if self.file.origin.document is not None:
            return self._from_documents(self.file.origin.document)
        return self._from_connection(str(self.file.origin.connection), self.file.origin.types or [])

    def _from_documents(self, kind: str) -> Pipeline | None:
        if kind not in KINDS:
            self._unknown("kind", kind, KINDS, place(self.node, "from", "document"))
            return None
        condition = self._formula(self.node.get("filter"), ROUTED)
        routes = self._routes(kind, (condition,) if condition else ())
        if routes is None:
            return None
        name, where = self.file.pipeline, place(self.node, "pipeline")
        return Pipeline(name, where, None, None, frozenset(), kind, kind, routes)

    def _from_connection(self, connection: str, types: list[str]) -> Pipeline | None:
        system = self.systems.get(connection)
        if system is None:
            self._unknown("connection", connection, self.systems, place(self.node, "from", "connection"))
        name, where = self.file.pipeline, place(self.node, "pipeline")
        if self.file.ignore is not None:
            why = self.file.ignore
            return Pipeline(name, where, connection, system, frozenset(types), None, "", (), ignored=why)
        recipe = self._recipe(system or connection, types)
        kind = recipe.mapping.target_type if recipe else None
        identity = self._identity(system or connection, recipe.model if recipe else None)
        routes = self._routes(kind, ())
        if system is None or recipe is None or kind is None or identity is None or routes is None:
            return None
        each = self._formula(self.node.get("each"), frozenset({"source", "headers", "connection"}))
        return Pipeline(name, where, connection, system, frozenset(types), None, kind, routes, identity, recipe, each)

    # What is made

    def _recipe(self, system: str, types: list[str]) -> Recipe | None:
        maps = [index for index, step in enumerate(self.file.steps) if step.map is not None]
        steps = self.node.get("steps")
        if len(maps) != 1 or not isinstance(steps, Sequence):
            where = place(self.node, "steps", maps[-1], "map") if maps else place(self.node, "steps")
            message = f"a pipeline has exactly one map step, this one {len(maps) or 'none'}"
            self.problems.error("one-map", message, where)
            return None
        conditions = [
            self._formula(find(item, "filter"), MESSAGE if index < maps[0] else MADE)
            for index, item in enumerate(steps.items)
        ]
        mapping = self._mapping(self.file.steps[maps[0]].map or "", place(self.node, "steps", maps[0], "map"))
        if mapping is None or not self._makes_document(mapping, types, place(self.node, "steps", maps[0], "map")):
            return None
        before = tuple(formula for formula in conditions[: maps[0]] if formula)
        after = tuple(formula for formula in conditions[maps[0] :] if formula)
        return Recipe(system, before, mapping, KINDS[mapping.target_type], after)

    def _makes_document(self, mapping: CompiledMapping, types: list[str], where: Location) -> bool:
        if mapping.source_type not in types:
            message = f"the mapping {mapping.name!r} is from {mapping.source_type!r}, which is not among the types"
            self.problems.error("wrong-mapping", message, where, f"types here are {', '.join(types)}")
        if mapping.target_type not in KINDS:
            message = f"the mapping {mapping.name!r} makes {mapping.target_type!r}, which is no canonical document"
            self.problems.error("wrong-mapping", message, where, f"kinds are {', '.join(sorted(KINDS))}")
        return mapping.source_type in types and mapping.target_type in KINDS

    def _mapping(self, name: str, where: Location) -> CompiledMapping | None:
        if name not in self.mappings:
            self._unknown("mapping", name, self.mappings, where)
        return self.mappings.get(name)

    # What it is about

    def _identity(self, own_system: str, model: type[Document] | None) -> IdentityRule | None:
        clause, node = self.file.subject, self.node.get("subject")
        kind = self._subject_kind(model)
        number = self._number(node.get(kind)) if kind and isinstance(node, MappingNode) else None
        version = self._formula(find(node, "version"), MESSAGE)
        references = self._references(self.node.get("references"), MESSAGE)
        occurred_at = self._formula(self.node.get("occurred_at"), MESSAGE)
        system = self._subject_system(clause, own_system)
        if clause is None or kind is None or number is None:
            return None
        return IdentityRule(self.file.pipeline, kind, system, *number, version, clause.intent, references, occurred_at)

    def _subject_kind(self, model: type[Document] | None) -> str | None:
        """The one key of the subject clause that is the kind; it is what the document is about."""
        kinds = {kind.subject_kind for kind in KINDS.values()}
        given = list(self.file.plain_subject)
        known = sorted({*kinds, *SubjectClause.model_fields})
        for key in (key for key in given if key not in kinds):
            where = key_place(self.node.get("subject"), key) or self.node.location
            suggestion = nearest(key, known) or f"known are {', '.join(known)}"
            self.problems.error("unknown-key", f"unknown key {key!r}", where, suggestion)
        named = [key for key in given if key in kinds]
        expected = model.subject_kind if model else None
        if len(named) != 1 or (expected is not None and named != [expected]):
            self._report_kinds(named, expected)
            return None
        return named[0]

    def _report_kinds(self, named: list[str], expected: str | None) -> None:
        message = "the subject needs exactly one kind"
        suggestion = f"add {expected or 'order'}: EXPRESSION"
        if named and expected is not None:
            message = f"the subject is {' and '.join(named)}, but the document is about one {expected}"
            suggestion = f"write {expected}: EXPRESSION"
        self.problems.error("wrong-subject", message, place(self.node, "subject"), suggestion)

    def _number(self, node: Node | None) -> tuple[str, Formula] | None:
        """Kind and expression of the number that names the subject."""
        if isinstance(node, MappingNode) and len(node.entries) == 1:
            references = self._references(node, MESSAGE)
            return references[0] if references else None
        if isinstance(node, Scalar):
            formula = self._formula(node, MESSAGE)
            return (DEFAULT_KIND, formula) if formula else None
        if node is not None:
            message = "the subject's number is an expression, or one kind of number with its expression"
            self.problems.error(
                "wrong-type", message, node.location, "write order: source.id or order: {po: source.po}"
            )
        return None

    def _subject_system(self, clause: SubjectClause | None, own: str) -> str:
        if clause is None or clause.of is None:
            return own
        self._known_system(clause.of, place(self.node, "subject", "of"))
        return clause.of

    def _known_system(self, system: str, where: Location) -> None:
        known = sorted({*self.systems.values(), LEDGER})
        if system not in known:
            self._unknown("system", system, known, where)

    # Where it goes

    def _routes(self, kind: str | None, conditions: tuple[Formula, ...]) -> tuple[Route, ...] | None:
        """All routes; None if one of them cannot be compiled."""
        compiled = [self._route(index, clause, kind, conditions) for index, clause in enumerate(self.file.routes)]
        routes = tuple(route for route in compiled if route is not None)
        return routes if len(routes) == len(compiled) else None

    def _route(
        self, index: int, clause: RouteClause, kind: str | None, conditions: tuple[Formula, ...]
    ) -> Route | None:
        node = descend(self.node, "routes", index)
        if clause.to not in self.systems:
            self._unknown("connection", clause.to, self.systems, place(node, "to"))
        mapping = self._mapping(clause.map, place(node, "map"))
        if mapping is not None and kind is not None and mapping.source_type != kind:
            message = f"the mapping {mapping.name!r} is from {mapping.source_type!r}, but this route carries {kind!r}"
            self.problems.error("wrong-mapping", message, place(node, "map"))
        when = self._formula(find(node, "when"), ROUTED)
        needs = tuple(self._needs(find(node, "needs")))
        references = self._references(find(node, "references"), ROUTED)
        if mapping is None:
            return None
        conditions = (*conditions, when) if when else conditions
        return Route(self.file.pipeline, index + 1, clause.to, mapping, needs, conditions, references, node.location)

    def _needs(self, node: Node | None) -> Iterator[Need]:
        items = node.items if isinstance(node, Sequence) else [] if node is None else [node]
        for item in items:
            text = item.text if isinstance(item, Scalar) else ""
            match = _NEED.fullmatch(text)
            if match is None:
                message = f"{text!r} is not what a route can wait for"
                self.problems.error(
                    "wrong-value", message, item.location, "write xref.SYSTEM.KIND: xref.acme-sap.order"
                )
                continue
            self._known_system(match[1], item.location)
            yield Need(match[1], match[2])

    # Parts of both

    def _references(self, node: Node | None, names: frozenset[str]) -> tuple[tuple[str, Formula], ...]:
        if not isinstance(node, MappingNode):
            return ()
        compiled = []
        for kind, (where, value) in node.entries.items():
            if not _KIND.fullmatch(kind):
                message = f"{kind!r} cannot be a kind of number"
                self.problems.error("wrong-value", message, where, "use lower case letters, digits and _")
            if (formula := self._formula(value, names)) is not None:
                compiled.append((kind, formula))
        return tuple(compiled)

    def _formula(self, node: Node | None, names: frozenset[str]) -> Formula | None:
        """The compiled expression of a value; None if there is none or it has an error."""
        if node is None:
            return None
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            self.problems.error("wrong-type", "an expression is text", node.location)
            return None
        return compile_formula(node, names, self.problems)

    def _unknown(self, what: str, name: str, known: Collection[str], where: Location) -> None:
        suggestion = nearest(name, known) or (f"known are {', '.join(sorted(known)[:20])}" if known else "")
        self.problems.error(f"unknown-{what}", f"there is no {what} {name!r}", where, suggestion)
