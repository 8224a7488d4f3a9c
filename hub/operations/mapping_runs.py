"""Runs one mapping on one file, outside of a hub: its output, how each field came about, and back again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from hub.contract.documents import KINDS
from hub.contract.registry import find_format, nearest
from hub.mapping import FieldTrace, Lookup, compare
from hub.mapping import Mapping as CompiledMapping
from hub.operations.errors import BadInput, NotFound
from hub.source import ConfigurationRefused, Problems, parse, validate
from hub.workspace import read_directory, standard_library
from hub.workspace.loader import Draft, read_draft
from hub.workspace.samples import as_source, check_document, read_sample, target_format
from hub.workspace.testing import DEFAULTS, Answers

UNNAMED: Final = "standard-input.json"
"""Name of what has none: read as JSON, unless the mapping's type has a format of its own."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What is mapped: the bytes of a file and its name, whose suffix may tell the format."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a mapping made: the tree, and the same in the target's own bytes (JSON for a canonical document)."""

    mapping: str
    type: str
    output: Any
    content: bytes


@dataclass(frozen=True, slots=True)
class ReadView:
    """A path in the input, and the value found there; None if nothing was."""

    path: str
    value: Any


@dataclass(frozen=True, slots=True)
class CrosswalkRow:
    """A row of a code table that was used: of `value` it made `target`. In reverse, `value` is the code."""

    table: str
    value: str
    target: str


@dataclass(frozen=True, slots=True)
class FieldView:
    """How a field came about. `error` is set where it could not be made; a constant reads nothing."""

    field: str
    expression: str
    file: str
    line: int
    value: Any = None
    reads: list[ReadView] = dataclass_field(default_factory=list)
    crosswalks: list[CrosswalkRow] = dataclass_field(default_factory=list)
    error: str | None = None


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """What differs between a file and what came back of it; nothing if it came back whole."""

    mapping: str
    back: str
    differences: list[str]


class GivenFile(BaseModel):
    """What stands in for the hub: the keys of `given` in a mapping's test."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    message: Any = None
    order: Any = None
    effect: str = "created"
    target: str = "test"
    connection: str = "test"
    headers: dict[str, Any] = Field(default_factory=dict)
    xref: dict[str, dict[str, str]] = Field(default_factory=dict)
    crosswalk: dict[str, dict[str, str]] = Field(default_factory=dict)

    def variables(self) -> dict[str, Any]:
        """The variables that were given."""
        return self.model_dump(exclude_unset=True, exclude={"xref", "crosswalk"})


class MappingBench:
    """The mappings and code tables of a workspace, errors elsewhere in it or not.

    Raises ConfigurationRefused if what is given is wrong, and for a mapping that has errors.
    """

    def __init__(self, root: Path, given: Sample | None = None) -> None:
        self._draft: Draft = read_draft(read_directory(root), standard_library())
        self._given = GivenFile() if given is None else _read_given(given)

    def run(self, name: str, sample: Sample) -> Mapped:
        """What a mapping makes of a file.

        Raises RejectedMessage: a DecodeError if the file cannot be read, MappingFailed with every
        field that cannot be made.
        """
        mapping = self._find(name)
        return self._made(mapping, read_sample(mapping, sample.name, sample.content))

    def explain(self, name: str, sample: Sample) -> list[FieldView]:
        """How each field comes about, in the order of the mapping, those that fail included."""
        mapping = self._find(name)
        source = read_sample(mapping, sample.name, sample.content)
        views = [_view(trace) for trace in mapping.explain(self._variables(source), self._answers())]
        if any(view.error for view in views):
            return views
        output = mapping.run(self._variables(source), self._answers())
        return [*views, *_constants(mapping, output, {view.field for view in views})]

    def round_trip(self, name: str, sample: Sample, back: str | None = None) -> RoundTrip:
        """Maps a file there and back, and compares what came back with what it was.

        `back` is the mapping of the other direction; without it the only one between the same
        types. Raises as `run` does, and BadInput if there is none, or several.
        """
        there = self._find(name)
        return_way = self._find(back) if back else self._other_way(there)
        if return_way.source_type != there.target_type or return_way.target_type != there.source_type:
            message = f"{return_way.name} makes {return_way.target_type} of {return_way.source_type}"
            raise BadInput(f"{message}; back to {there.source_type} leads from {there.target_type}.", value=back)
        source = read_sample(there, sample.name, sample.content)
        between = self._made(there, source)
        returned = self._made(return_way, _decoded(return_way, between))
        differences = compare(_bare(source), _bare(_decoded(there, returned)), False)
        return RoundTrip(there.name, return_way.name, differences)

    def _find(self, name: str) -> CompiledMapping:
        mappings = self._draft.mappings
        if name not in mappings:
            raise NotFound(f"There is no mapping {name!r}{nearest(name, mappings)}.", value=name)
        mapping = mappings[name]
        if mapping is None:
            path = f"mappings/{name}.yaml"
            raise ConfigurationRefused([one for one in self._draft.problems.errors if one.location.file == path])
        return mapping

    def _other_way(self, there: CompiledMapping) -> CompiledMapping:
        ends = (there.target_type, there.source_type)
        found = [one for one in self._draft.mappings.values() if one and (one.source_type, one.target_type) == ends]
        if len(found) == 1:
            return found[0]
        names = ", ".join(one.name for one in found)
        what = f"several mappings make {ends[1]} of {ends[0]}: {names}" if found else f"no mapping makes {ends[1]}"
        of = "" if found else f" of {ends[0]}"
        raise BadInput(f"The way back is not known, since {what}{of}; name it with --back.", value=there.name)

    def _made(self, mapping: CompiledMapping, source: Any) -> Mapped:
        """The output, once the target has been found to take it."""
        output = mapping.run(self._variables(source), self._answers())
        if mapping.target_type not in KINDS:
            target = target_format(mapping.target_type) or find_format("json")
            content = target.encode(output, mapping.target_type)
            return Mapped(mapping.name, mapping.target_type, output, content)
        check_document(mapping, output)
        return Mapped(mapping.name, mapping.target_type, output, to_json(output, indent=2) + b"\n")

    def _answers(self) -> Answers:
        return Answers(self._given.xref, self._given.crosswalk, self._draft.crosswalks)

    def _variables(self, source: Any) -> Mapping[str, Any]:
        return {**DEFAULTS, "message": source, **self._given.variables(), "source": source}


def _read_given(given: Sample) -> GivenFile:
    problems = Problems()
    node = parse(given.content, given.name, problems)
    found = None if node is None else validate(GivenFile, node, problems)
    problems.raise_if_errors()
    return found or GivenFile()


def _view(trace: FieldTrace) -> FieldView:
    return FieldView(
        field=trace.field,
        expression=trace.expression,
        file=trace.location.file,
        line=trace.location.line,
        value=trace.value,
        reads=[ReadView(read.path, read.value) for read in trace.reads],
        crosswalks=[row for row in map(_row, trace.lookups) if row],
        error=None if trace.error is None else trace.error.message,
    )


def _row(lookup: Lookup) -> CrosswalkRow | None:
    if lookup.kind != "crosswalk" or lookup.answer is None:
        return None
    return CrosswalkRow(lookup.name, lookup.key, str(lookup.answer))


def _decoded(reader: CompiledMapping, made: Mapped) -> Any:
    """What was made, as the mapping that goes on from there reads it."""
    if made.type in KINDS:
        return as_source(reader, made.output)
    target = target_format(made.type) or find_format("json")
    return read_sample(reader, f"{made.mapping}{target.suffix}", made.content)


def _bare(tree: Any) -> Any:
    """Without the header that the hub writes."""
    return {key: value for key, value in tree.items() if key != "header"} if isinstance(tree, dict) else tree


def _constants(mapping: CompiledMapping, output: Any, known: set[str]) -> Iterator[FieldView]:
    """The fields that no expression made."""
    for path, value in _leaves(output, ()):
        name = _name(path)
        if not any(name == one or name.startswith((f"{one}.", f"{one}[")) for one in known):
            place = mapping.locate(path)
            yield FieldView(name, "", place.file, place.line, value)


def _leaves(tree: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """The single values of a tree with their paths."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from _leaves(value, (*path, key))
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from _leaves(value, (*path, index))
    else:
        yield path, tree


def _name(path: Sequence[str | int]) -> str:
    """`lines[2].sku`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
