"""What differs between the documents that two configurations make of one part of a message."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from hub.contract.connector import each_reference
from hub.ledger.incoming import Incoming
from hub.operations.gate.context import Context, Locate, field_of, line_of, locating
from hub.operations.gate.findings import Difference
from hub.operations.gate.report import Kind, Place
from hub.operations.gate.side import Said
from hub.operations.gate.trees import Path, name_of
from hub.pipelines import Identity, tree_of

_HEADER = "header"


def compare_parts(context: Context, before: Said, after: Said) -> list[Difference]:
    """What would become of one part, and what it would be about."""
    place = _place(before, after)
    found = [] if after.untaken else list(_identities(context, before, after, place))
    return [*found, *_outcomes(context, before, after, place)]


def part_alone(context: Context, kind: Kind, said: Said) -> Difference:
    """A part that only one of both has."""
    what = said.incoming.kind or said.part.type
    where = said.incoming.position
    return context.words(kind, _place(said, said), f"{what} of {where}" if where else what)


def _place(before: Said, after: Said) -> Place:
    """By the new configuration's names, or by those of the active one where the new one has none."""
    pipeline = after.incoming.pipeline or before.incoming.pipeline or ""
    mapping = after.incoming.mapping or before.incoming.mapping or ""
    return Place(after.incoming.connection, pipeline, mapping)


def _identities(context: Context, before: Said, after: Said, place: Place) -> Iterator[Difference]:
    old, new = before.incoming.identity, after.incoming.identity
    if old is None or new is None:
        return
    left, right = _identity(old), _identity(new)
    pipeline = after.part.pipeline
    line = "" if pipeline is None else f"{pipeline.location.file}:{pipeline.location.line}"

    def at(path: Path) -> Place:
        return Place(place.connection, place.pipeline, "", name_of(path, places=False), line)

    for one in context.values(left, right, at):
        yield Difference(Kind.IDENTITY, one.place, one.said, one.example)


def _identity(identity: Identity) -> dict[str, Any]:
    subject = f"{identity.subject_kind} of the {identity.reference_kind} {identity.value} of {identity.system}"
    references: dict[str, list[str]] = {}
    for kind, value in each_reference(identity.references):
        references.setdefault(kind, []).append(value)
    return {
        "subject": subject,
        "version": identity.version,
        "intent": str(identity.intent),
        "references": references,
    }


def _outcomes(context: Context, before: Said, after: Said, place: Place) -> list[Difference]:
    """From what became of it to what would."""
    old, new = before.incoming, after.incoming
    if new.failure is not None:
        kind = Kind.UNTAKEN if after.untaken else Kind.FAILS
        as_before = old.failure is not None and before.untaken == after.untaken
        return [context.failure(Kind.AS_BEFORE if as_before else kind, _failed(after, place), new.failure)]
    if new.filtered is not None:
        return [] if old.filtered is not None else [context.words(Kind.FILTERED, place, new.filtered)]
    if old.failure is not None:
        return [context.failure(Kind.SUCCEEDS, place, old.failure)]
    if old.filtered is not None:
        return [context.words(Kind.UNFILTERED, place, old.filtered)]
    return list(_contents(context, before, after, place))


def _failed(after: Said, place: Place) -> Place:
    """What fails stands at its field; what nobody takes, at its type."""
    note = after.incoming.failure
    assert note is not None
    if after.untaken:
        return Place(place.connection, place.pipeline, "", after.part.type)
    return Place(place.connection, place.pipeline, place.mapping, field_of(note), line_of(note))


def _contents(context: Context, before: Said, after: Said, place: Place) -> Iterator[Difference]:
    left, right = _content(before.incoming), _content(after.incoming)
    locate = locating(
        None if said.part.pipeline is None or said.part.pipeline.recipe is None else said.part.pipeline.recipe.mapping
        for said in (after, before)
    )
    yield from context.values(left, right, partial(_field, place, locate))


def _field(place: Place, locate: Locate, path: Path) -> Place:
    return Place(place.connection, place.pipeline, place.mapping, name_of(path, places=False), locate(path))


def _content(incoming: Incoming) -> dict[str, Any]:
    """What a document says, without what its identity says; when it happened is told beside it."""
    assert incoming.document is not None
    tree = incoming.tree or tree_of(incoming.document)
    happened = tree[_HEADER].get("occurred_at")
    content = {key: value for key, value in tree.items() if key != _HEADER}
    return {"(kind)": incoming.kind, **content, **({} if happened is None else {"occurred_at": happened})}
