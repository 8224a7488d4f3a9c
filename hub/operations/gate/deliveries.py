"""What differs between the deliveries that two configurations plan for one document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from hub.operations.gate.context import Context, field_of, line_of, locating
from hub.operations.gate.findings import Difference
from hub.operations.gate.report import Kind, Place
from hub.operations.gate.side import Planned
from hub.operations.gate.trees import Path, name_of
from hub.pipelines import ReplyRoute, Route
from hub.source import Location

_BYTES = "(bytes)"
"""Stands for a field where trees are the same and what is written of them is not."""

Pair = tuple[Planned | None, Planned | None]


def pairs(before: Sequence[Planned], after: Sequence[Planned]) -> list[Pair]:
    """Which delivery would become which: to the same target, by the same mapping if there is one, else in order."""
    left, right = list(before), list(after)
    found: list[Pair] = []
    for same in (_same_mapping, _same_target):
        for old in list(left):
            new = next((one for one in right if same(old, one)), None)
            if new is not None:
                found.append((old, new))
                left.remove(old)
                right.remove(new)
    return [*found, *((old, None) for old in left), *((None, new) for new in right)]


def _same_mapping(old: Planned, new: Planned) -> bool:
    return _same_target(old, new) and old.route.mapping_name == new.route.mapping_name


def _same_target(old: Planned, new: Planned) -> bool:
    return old.route.to == new.route.to


def compare_deliveries(context: Context, before: Planned | None, after: Planned | None) -> list[Difference]:
    """What would be otherwise about one delivery."""
    if after is None:
        assert before is not None
        return [
            context.words(Kind.DROPPED, _place(before), f"The route {before.route.name} is gone, or would not want it.")
        ]
    if before is None:
        return [
            context.words(Kind.ADDED, _place(after), f"The route {after.route.name} would want it."),
            *([] if after.failure is None else [context.failure(Kind.FAILS, _failed(after), after.failure)]),
        ]
    if after.failure is not None:
        kind = Kind.FAILS if before.failure is None else Kind.AS_BEFORE
        return [context.failure(kind, _failed(after), after.failure)]
    if before.failure is not None:
        return [context.failure(Kind.SUCCEEDS, _place(after), before.failure)]
    return [*_terms(context, before, after), *_payloads(context, before, after)]


def _terms(context: Context, before: Planned, after: Planned) -> Iterator[Difference]:
    """What is not in the bytes: the mapping, what the route waits for, the numbers that the target will name."""
    place = _place(after)

    def at(path: Path) -> Place:
        return Place(place.connection, place.pipeline, place.mapping, f"({name_of(path)})", place.line)

    yield from context.values(_of_route(before), _of_route(after), at)


def _of_route(planned: Planned) -> dict[str, Any]:
    return {
        "mapping": planned.route.mapping_name,
        "needs": [str(need) for need in planned.route.needs],
        "references": {
            kind: value if isinstance(value, str) else list(value) for kind, value in planned.references.items()
        },
    }


def _payloads(context: Context, before: Planned, after: Planned) -> Iterator[Difference]:
    old, new = before.written, after.written
    if old is None or new is None or (old.type, old.body) == (new.type, new.body):
        return
    place = _place(after)
    locate = locating(one.route.mapping if isinstance(one.route, Route) else None for one in (after, before))

    def at(path: Path) -> Place:
        return Place(place.connection, place.pipeline, place.mapping, name_of(path, places=False), locate(path))

    if old.type != new.type:
        yield from context.values({"(type)": old.type}, {"(type)": new.type}, at)
        return
    found = list(context.values(old.tree, new.tree, at))
    yield from found or _bytes(context, before, after, partial(at, (_BYTES,))())


def _bytes(context: Context, before: Planned, after: Planned, place: Place) -> Iterator[Difference]:
    """Trees are the same, bytes are not: the format's settings differ, or a minute began in between."""
    assert before.write is not None
    assert after.write is not None
    old, new = before.write().body, after.write().body
    if old != new:
        where = next((number for number, (left, right) in enumerate(zip(old, new, strict=False)) if left != right), -1)
        begin = min(len(old), len(new)) if where < 0 else where
        said = f"The same fields are written otherwise, from byte {begin + 1} on: {len(old)} bytes, then {len(new)}."
        yield context.words(Kind.CHANGES, place, said)


def _place(planned: Planned, field: str = "") -> Place:
    route = planned.route
    if isinstance(route, ReplyRoute):
        return Place(route.to, route.name)
    return Place(route.to, route.pipeline, route.mapping_name, field, _line(route.location))


def _failed(planned: Planned) -> Place:
    assert planned.failure is not None
    place = _place(planned, field_of(planned.failure))
    return Place(place.connection, place.pipeline, place.mapping, place.field, line_of(planned.failure) or place.line)


def _line(location: Location) -> str:
    return f"{location.file}:{location.line}"
