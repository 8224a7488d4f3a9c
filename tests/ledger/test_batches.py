"""How documents are divided into batches changes nothing, and the heads are what the events say.

The property that workers rely on: a drain takes one message or a hundred, and every order
comes out the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from hub.contract.documents import Intent, OrderAcknowledgement
from hub.ledger.incoming import Incoming
from hub.store import Store, tables
from hub.store.schema import migrate
from hub.store.statements import loads
from tests.ledger import shop
from tests.ledger.book import Book

EXAMPLES = settings(
    max_examples=25,
    deadline=None,
    # The database is shared by all examples: each has orders of its own.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)
RUN = count(1)

TABLES = (
    tables.document,
    tables.awaited,
    tables.reference,
    tables.subject_source,
    tables.event,
    tables.order_head,
    tables.order_line,
    tables.order_system,
    tables.delivery,
    tables.failure,
    tables.seen,
)


@dataclass(frozen=True)
class Said:
    """One thing that arrives: of which order, of what kind, in which revision, how it was."""

    order: int
    kind: str
    version: int
    variant: int

    def incoming(self, book: Book, run: str) -> Incoming:
        value = f"{run}-{self.order}"
        return _MAKERS[self.kind](book, value, str(self.version or ""), self.variant)


def _order(book: Book, value: str, version: str, variant: int) -> Incoming:
    lines = [shop.line(str(number), "MUG", str(number + 1)) for number in range(1 + variant % 3)]
    about = {"references": {"po": f"PO-{value[: len(value) - variant % 2]}"}}
    return book.order(value, version, lines=lines, cancelled=variant == 5, about=about)


def _broken_order(book: Book, value: str, version: str, variant: int) -> Incoming:
    return book.failed(shop.identity(value, version=version))


def _filtered_order(book: Book, value: str, version: str, variant: int) -> Incoming:
    return replace(_order(book, value, version, variant), document=None, filtered="Not taken.")


def _answer(book: Book, value: str, version: str, variant: int) -> Incoming:
    status = ("accepted", "rejected", "backordered")[variant % 3]
    about = {"references": {"order": f"ERP-{value}"}} if variant == 4 else {}
    return book.acknowledgement(value, version, lines=[{"line_id": "0", "status": status}], about=about)


def _delta(book: Book, value: str, version: str, variant: int) -> Incoming:
    said = {"intent": Intent.DELTA, "references": {"order": f"ERP-{value}"} if variant == 4 else {}}
    return book.acknowledgement(value, version, about=said, seller_number=f"N{variant}")


def _broken_delta(book: Book, value: str, version: str, variant: int) -> Incoming:
    return book.failed(shop.identity(value, version=version, intent=Intent.DELTA), OrderAcknowledgement)


def _delta_by_erp_number(book: Book, value: str, version: str, variant: int) -> Incoming:
    about = {"intent": Intent.DELTA, "system": "erp"}
    return book.acknowledgement(f"ERP-{value}", version, about=about, seller_number=f"E{variant}")


_MAKERS: dict[str, Callable[[Book, str, str, int], Incoming]] = {
    "order": _order,
    "broken order": _broken_order,
    "filtered order": _filtered_order,
    "answer": _answer,
    "delta": _delta,
    "broken delta": _broken_delta,
    "delta by ERP number": _delta_by_erp_number,
}
SAID = st.builds(Said, st.integers(1, 2), st.sampled_from(list(_MAKERS)), st.integers(0, 3), st.integers(0, 5))
SEQUENCES = st.lists(SAID, min_size=1, max_size=12)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    """A database for all examples."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('batches') / 'crossdock.db'}"
    else:
        postgresql = request.getfixturevalue("postgresql")
        url = postgresql.create()
    store = Store(url)
    migrate(store)
    yield Book(store)
    store.close()
    if request.param == "postgresql":
        postgresql.drop(url)


def fresh_run() -> str:
    return f"R{next(RUN):06}R"


def outcome(book: Book, made: Sequence[Incoming], run: str) -> dict[str, list[Any]]:
    """Every row that has to do with these documents, with neutral names for ids and for the run."""
    ids = {one.id: f"document {number}" for number, one in enumerate(made)}
    with book.store.read() as connection:
        references = connection.execute(select(tables.reference).where(tables.reference.c.value.contains(run)))
        ids.update(
            {row.subject: f"subject {row.value.replace(run, '')}" for row in references if row[:2] == ("shop", "order")}
        )
        found = {table.name: [dict(row) for row in connection.execute(select(table)).mappings()] for table in TABLES}
    for row in found["delivery"]:
        if row["document"] in ids:
            ids[row["id"]] = f"delivery {row['route']} of {ids[row['document']]}"
    chance = (run, made[0].message)
    return {name: _neutral(rows, ids, chance) for name, rows in found.items()}


def _neutral(rows: list[dict[str, Any]], ids: dict[str, str], chance: tuple[str, ...]) -> list[Any]:
    kept = [row for row in rows if any(value in ids for value in row.values() if isinstance(value, str))]
    return sorted((_renamed(_without_own_id(row, ids), ids, chance) for row in kept), key=repr)


def _without_own_id(row: dict[str, Any], ids: dict[str, str]) -> dict[str, Any]:
    """A row as far as it is not by chance; a failure is told by what it is about."""
    left_out = {"content", "digest", "message"}
    if row.get("id") not in ids:
        left_out.add("id")
    said = {name: value for name, value in row.items() if name not in left_out}
    return {**said, "data": loads(said["data"])} if "data" in said else said


def _renamed(value: Any, ids: dict[str, str], chance: tuple[str, ...]) -> Any:
    """A value with neutral names for ids, and without the texts that are by chance."""
    if isinstance(value, dict):
        return {name: _renamed(inner, ids, chance) for name, inner in value.items()}
    if isinstance(value, list):
        return [_renamed(inner, ids, chance) for inner in value]
    if not isinstance(value, str) or value in ids:
        return ids[value] if isinstance(value, str) else value
    for text in chance:
        value = value.replace(text, "")
    return value


def apply_in_batches(book: Book, said: Sequence[Said], ends: set[int]) -> dict[str, list[Any]]:
    """What comes of a sequence that is cut after the places in `ends`."""
    run = fresh_run()
    book.begin_message()
    made = [one.incoming(book, run) for one in said]
    batch: list[Incoming] = []
    for place, one in enumerate(made):
        batch.append(one)
        if place in ends or place == len(made) - 1:
            book.apply(*batch)
            batch = []
    return outcome(book, made, run)


@EXAMPLES
@given(said=SEQUENCES, data=st.data())
def test_any_division_into_batches_gives_the_same_rows(shared: Book, said: list[Said], data: st.DataObject) -> None:
    ends = data.draw(st.sets(st.integers(0, len(said) - 1)), label="batches end after")
    one_by_one = apply_in_batches(shared, said, set(range(len(said))))
    assert apply_in_batches(shared, said, ends) == one_by_one


@EXAMPLES
@given(said=SEQUENCES, sweeps=st.sets(st.integers(0, 11)), size=st.integers(1, 4))
def test_heads_are_what_the_events_say_whatever_arrives(
    shared: Book, said: list[Said], sweeps: set[int], size: int
) -> None:
    run = fresh_run()
    made = [one.incoming(shared, run) for one in said]
    for start in range(0, len(made), size):
        shared.apply(*made[start : start + size])
        shared.now += 1
        if start in sweeps:
            shared.sweep()
    shared.require_folded(containing=run)
    while shared.sweep():
        pass
    shared.require_folded(containing=run)
    require_settled(shared, made)


def require_settled(book: Book, made: Sequence[Incoming]) -> None:
    """Nothing is silently nowhere: what waits, waits for something that is there to be seen."""
    rows = {row["id"]: row for row in book.rows(tables.document)}
    awaited = {row["document"] for row in book.rows(tables.awaited)}
    failures = set(book.open_failures())
    for one in made:
        row = rows[one.id]
        assert (row["state"] == "dead") == (one.id in failures)
        if row["state"] == "waiting" and row["subject"] is None:
            assert one.id in awaited
        elif row["state"] == "waiting":
            before = [other for other in rows.values() if other["subject"] == row["subject"]]
            assert any(other["state"] == "dead" and other["seq"] < row["seq"] for other in before)
