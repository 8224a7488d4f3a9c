"""What the tests of mappings do not reach."""

from __future__ import annotations

from dataclasses import dataclass, field

from hub.contract.errors import RejectedMessage
from hub.mapping import Mapping as CompiledMapping
from hub.mapping.coverage import Coverage, Point
from hub.operations.testing.suite import Suite
from hub.workspace.testing import MappingCase


@dataclass(frozen=True, slots=True)
class Gap:
    """A field or a branch that no test reaches, and what would."""

    file: str
    line: int
    field: str
    lack: str


@dataclass(frozen=True, slots=True)
class MappingCoverage:
    """How many of a mapping's fields and branches its tests reach; `gaps` leave out what stands within another gap."""

    mapping: str
    file: str
    tests: int
    reached: int
    total: int
    gaps: list[Gap] = field(default_factory=list)


def cover(suite: Suite) -> list[MappingCoverage]:
    """The coverage of the workspace's own mappings; with a keyword of those that a chosen test is about."""
    found = []
    for mapping in suite.mappings:
        cases = [case for case in suite.cases if isinstance(case, MappingCase) and case.mapping is mapping]
        if cases or suite.keyword is None:
            found.append(_cover(mapping, cases))
    return found


def _cover(mapping: CompiledMapping, cases: list[MappingCase]) -> MappingCoverage:
    """What a mapping inherits is covered by the tests of what it extends, so only its own lines count."""
    coverage = Coverage(mapping.plan)
    for case in cases:
        try:
            coverage.run(*case.inputs())
        except RejectedMessage:
            continue  # The input cannot be read, which the test itself says.
    place = mapping.location
    points = [point for point in coverage.points() if point.location.file == place.file]
    gaps = [_gap(point) for point in points if point.lack and not point.inside]
    reached = sum(1 for point in points if not point.lack)
    if not cases:
        gaps = [Gap(place.file, place.line, "the output", "there is no test")]
    return MappingCoverage(mapping.name, place.file, len(cases), reached, len(points), gaps)


def _gap(point: Point) -> Gap:
    return Gap(point.location.file, point.location.line, point.field, point.lack)
