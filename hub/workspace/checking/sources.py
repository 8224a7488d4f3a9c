"""Paths that lead nowhere: keys that no sample of a payload has, fields that a canonical document has not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final

from hub.contract.documents import KINDS, Order
from hub.contract.errors import RejectedMessage
from hub.mapping import Mapping as CompiledMapping
from hub.mapping.syntax import parse_expression
from hub.pipelines.formula import Formula
from hub.source import Problems, Scalar, nearest
from hub.workspace.checking.paths import Names, PathReader, Place, Reading
from hub.workspace.checking.shapes import Modelled, Sampled
from hub.workspace.files import Files
from hub.workspace.loader import Draft
from hub.workspace.samples import read_sample, sample_path
from hub.workspace.testing.reading import Tested

_LONG: Final = 4
"""Letters of a key that is long enough for a slip of the pen to be told from another key."""


def check_paths(draft: Draft, own: Collection[str], tests: Iterable[Tested], problems: Problems) -> None:
    """Report paths of mappings, routes and the ledger's rules that lead nowhere.

    A field that a model has not is an error, everywhere. A key that no sample has is a warning, where
    it stands in a file of the workspace's `own`, not in one of the library that is extended, and the mapping has tests.
    """
    samples = _Samples(draft.files, tests)
    for mapping in draft.mappings.values():
        if mapping is not None:
            sampled = samples.of(mapping) if mapping.location.file in own else None
            _check_mapping(mapping, sampled, own, problems)
    _check_formulas(draft, problems)


def _check_mapping(mapping: CompiledMapping, sampled: Sampled | None, own: Collection[str], problems: Problems) -> None:
    model = KINDS.get(mapping.source_type)
    names = {"order": _document(Order)}
    if model is not None:
        names["source"] = _document(model)
    elif sampled is not None:
        names["source"] = Place(sampled, ("source",))
    reader = PathReader()
    reader.plan(mapping.plan, names)
    _report_fields(reader, problems)
    _report_keys(reader.readings, own, problems)


def _check_formulas(draft: Draft, problems: Problems) -> None:
    for formula, names in _formulas(draft):
        tree = parse_expression(Scalar(formula.location, formula.text, formula.text, plain=True), Problems())
        if tree is not None:
            reader = PathReader()
            reader.expression(tree, formula.location, names, lenient=True)
            _report_fields(reader, problems)


def _formulas(draft: Draft) -> Iterator[tuple[Formula, Names]]:
    """The expressions that see a canonical document, each with it."""
    for pipeline, _ in draft.pipelines:
        model = KINDS.get(pipeline.target_kind)
        if model is None:
            continue
        names = {"document": _document(model)}
        yield from ((formula, names) for formula in (pipeline.recipe.after if pipeline.recipe else ()))
        for route in pipeline.routes:
            formulas = (*route.conditions, *(formula for _, formula in route.references))
            yield from ((formula, names) for formula in formulas)
    policy, names = draft.policy, {"order": _document(Order)}
    rules = (policy.acknowledge, policy.release, policy.invoice, policy.authorize_returns, policy.credit)
    for rule in (*rules, *(rule for _, rule in policy.nodes)):
        if rule is not None and rule.condition is not None:
            yield rule.condition, names


def _document(model: type[Any]) -> Place:
    return Place(Modelled((model,)), (model.__name__,))


def _report_fields(reader: PathReader, problems: Problems) -> None:
    for one in reader.comparisons:
        values = one.of.shape.values if isinstance(one.of.shape, Modelled) else None
        if values is not None and one.text not in values:
            suggestion = nearest(one.text, values) or f"it can be {', '.join(values)}"
            problems.warning("never-so", f"{one.path!r} is never {one.text!r}", one.location, suggestion)
    for reading in reader.readings:
        keys = _missing_of(reading, Modelled)
        if keys is not None and reading.of.shape is not None:
            message = f"{reading.text} finds nothing: no {reading.of.shape.label} has {reading.key!r}"
            problems.error("unknown-path", message, reading.location, nearest(reading.key, keys) or _known(keys))


def _report_keys(readings: Iterable[Reading], own: Collection[str], problems: Problems) -> None:
    may_be_missing = {reading.origin for reading in readings if reading.lenient}
    for reading in readings:
        keys = _missing_of(reading, Sampled)
        if keys is None or reading.of.shape is None or reading.location.file not in own:
            continue
        if reading.origin in may_be_missing and not _is_slip(reading.key, keys):
            continue
        message = f"{reading.text} finds nothing: no {reading.of.shape.label} has {reading.key!r}"
        suggestion = nearest(reading.key, keys) or _known(keys)
        problems.warning("unknown-path", message, reading.location, suggestion)


def _is_slip(key: str, others: Iterable[str]) -> bool:
    """Whether a key is one that there is with a letter too many, one too few, or two that changed places.

    Others are names of their own: `height` beside `weight`, `address2` beside `address1`.
    """
    return len(key) >= _LONG and any(_differs_by_a_letter(key, one) for one in others)


def _differs_by_a_letter(key: str, other: str) -> bool:
    if len(key) == len(other):
        apart = [at for at in range(len(key)) if key[at] != other[at]]
        changed = "".join(key[at] for at in apart)
        return len(apart) == 2 and changed.isalpha() and changed == other[apart[1]] + other[apart[0]]
    shorter, longer = sorted((key, other), key=len)
    left_out = (longer[:at] + longer[at + 1 :] for at in range(len(longer)) if not longer[at].isdigit())
    return len(longer) == len(shorter) + 1 and shorter in left_out


def _missing_of(reading: Reading, kind: type[Sampled | Modelled]) -> set[str] | None:
    """The keys that there are beside the one that is read, if that is not there."""
    shape = reading.of.shape
    if not isinstance(shape, kind) or shape.keys is None or reading.key in shape.keys:
        return None
    return set(shape.keys)


def _known(keys: Iterable[str]) -> str:
    shown = sorted(keys)
    more = ", …" if len(shown) > 12 else ""
    return f"there are {', '.join(shown[:12])}{more}" if shown else "it ends there"


class _Samples:
    """What the tests of all mappings read, by payload type; decoded once, when asked for."""

    def __init__(self, files: Files, tests: Iterable[Tested]) -> None:
        self._files = files
        self._tests: dict[str, list[Tested]] = {}
        self._tested: set[str] = set()
        for mapping, test in tests:
            self._tests.setdefault(mapping.source_type, []).append((mapping, test))
            self._tested.add(mapping.name)
        self._read: dict[str, Sampled | None] = {}

    def of(self, mapping: CompiledMapping) -> Sampled | None:
        """The samples of a mapping's payload type; None if it has no tests itself, or reads a canonical document."""
        kind = mapping.source_type
        if kind in KINDS or mapping.name not in self._tested:
            return None
        if kind not in self._read:
            trees = tuple(self._trees(self._tests.get(kind, ())))
            self._read[kind] = Sampled(f"sample of {kind}", trees) if trees else None
        return self._read[kind]

    def _trees(self, tests: Iterable[Tested]) -> Iterator[Any]:
        decoded: set[str] = set()
        for mapping, test in tests:
            if test.file is None:
                yield test.input
                continue
            path = sample_path(test, test.file)
            if path not in decoded:
                decoded.add(path)
                yield from self._decoded(mapping, path)

    def _decoded(self, mapping: CompiledMapping, path: str) -> list[Any]:
        """The tree of a file; nothing if it is not there or cannot be read: its test says so, or expects it."""
        try:
            return [read_sample(mapping, path, self._files[path])] if path in self._files else []
        except RejectedMessage:
            return []
