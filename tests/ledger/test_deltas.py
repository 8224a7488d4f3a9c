"""Deltas and commands: each once, each in its place."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from hub.contract.documents import Intent
from hub.ledger.incoming import Incoming
from hub.store import tables
from tests.ledger import shop
from tests.ledger.book import Book
from tests.store.noting import noting

COUNTED = pytest.mark.parametrize("intent", [Intent.DELTA, Intent.COMMAND])


def change(book: Book, version: str, *, value: str = "1001", intent: Intent = Intent.DELTA, **said: Any) -> Incoming:
    """What the ERP says to an order, one thing after the other."""
    said.setdefault("seller_number", f"ERP-{version}")
    return book.acknowledgement(value, version, about={"intent": intent}, **said)


def erp_number(book: Book) -> str | None:
    found: str | None = book.rows(tables.order_system, system="erp")[0]["number"]
    return found


@COUNTED
def test_each_revision_is_applied_once(book: Book, intent: Intent) -> None:
    book.apply(book.order())
    first, again, other = (change(book, version, intent=intent) for version in ("1", "1", "2"))
    book.apply(first)
    book.apply(again)
    book.apply(other)
    assert book.states(first, again, other) == ["applied", "duplicate", "applied"]
    assert erp_number(book) == "ERP-2"
    (duplicate,) = book.rows(tables.document, id=again.id)
    assert duplicate["reason"] == "Revision 1 was applied before."


@COUNTED
def test_an_older_revision_is_not_superseded(book: Book, intent: Intent) -> None:
    book.apply(book.order())
    later, earlier = change(book, "2", intent=intent), change(book, "1", intent=intent)
    book.apply(later)
    book.apply(earlier)
    assert book.states(later, earlier) == ["applied", "applied"]


def test_without_a_revision_each_part_of_a_message_is_one_of_its_own(book: Book) -> None:
    """Two lines of a file about one order, neither of them with a version, are two things."""
    book.apply(book.order())
    one, two = change(book, ""), change(book, "", note="another line")
    book.apply(one, two)
    assert book.states(one, two) == ["applied", "applied"]


def test_a_revision_of_another_order_is_another_revision(book: Book) -> None:
    """Also where two shops number their orders alike, and where numbers and versions have colons in them."""
    book.apply(book.order("1001"))
    book.apply(book.order("1001", about={"system": "outlet"}, number="#O1"))
    book.apply(book.order("a"), book.order("a:b"))
    deltas = [
        change(book, "1"),
        book.acknowledgement("1001", "1", about={"intent": Intent.DELTA, "system": "outlet"}),
        change(book, "b:c", value="a"),
        change(book, "c", value="a:b"),
    ]
    for delta in deltas:
        book.apply(delta)
    assert book.states(*deltas) == ["applied"] * 4


@COUNTED
def test_it_waits_behind_a_dead_document_and_is_applied_after_it(book: Book, intent: Intent) -> None:
    book.apply(book.order())
    broken = book.failed(shop.identity("1001", version="1", intent=intent), shop.OrderAcknowledgement)
    behind, last = change(book, "2", intent=intent), change(book, "3", intent=intent)
    book.apply(broken)
    book.apply(behind)
    book.apply(last)
    assert book.states(broken, behind, last) == ["dead", "waiting", "waiting"]
    assert book.sweep() == []
    mended = change(book, "1", intent=intent)
    book.apply(book.again(broken, document=mended.document, content=mended.content))
    while book.sweep():
        pass
    assert book.states(broken, behind, last) == ["applied"] * 3
    assert erp_number(book) == "ERP-3"
    assert book.open_failures() == []
    book.require_folded()


def test_a_dead_snapshot_holds_it_up_too_until_a_newer_one_comes(book: Book) -> None:
    book.apply(book.order(version="1"))
    broken = book.failed(shop.identity("1001", version="2"))
    delta = change(book, "1")
    book.apply(broken)
    book.apply(delta)
    assert book.states(delta) == ["waiting"]
    book.apply(book.order(version="3", number="#new"))
    assert book.sweep() == [delta.id]
    assert book.states(broken, delta) == ["superseded", "applied"]


def test_another_order_is_not_held_up(book: Book) -> None:
    book.apply(book.order("1001"), book.order("1002"))
    book.apply(book.failed(shop.identity("1001", intent=Intent.DELTA), shop.OrderAcknowledgement))
    delta = change(book, "1", value="1002")
    book.apply(delta)
    assert book.states(delta) == ["applied"]


def test_a_revision_that_arrives_twice_while_it_is_parked_is_applied_once(book: Book) -> None:
    book.apply(book.order())
    broken = book.failed(shop.identity("1001", intent=Intent.DELTA), shop.OrderAcknowledgement)
    once, again = change(book, "1"), change(book, "1")
    book.apply(broken)
    book.apply(once)
    book.apply(again)
    assert book.states(once, again) == ["waiting", "waiting"]
    book.apply(book.again(broken, filtered="Not taken."))
    while book.sweep():
        pass
    assert book.states(broken, once, again) == ["filtered", "applied", "duplicate"]
    assert book.kinds(book.subject_of("1001")).count("order.acknowledged") == 1


def test_one_that_may_be_applied_but_cannot_be_is_dead_and_not_counted(book: Book) -> None:
    book.apply(book.order())
    line = {"line_id": "1", "status": "accepted", "quantity": {"value": "0.0000001"}}
    bad = change(book, "1", lines=[line])
    book.apply(bad)
    assert book.states(bad) == ["dead"]
    assert book.rows(tables.seen) == []
    good = change(book, "1")
    book.apply(book.again(bad, document=good.document, content=good.content))
    assert book.states(bad) == ["applied"]


def test_what_is_known_of_revisions_goes_by_the_key_of_its_table(book: Book) -> None:
    """The table outlives messages: it is never read from one end to the other."""
    book.apply(book.order())
    with noting(book.store) as noted:
        book.apply(change(book, "1"))
    asked = [(text, given) for text, given in noted if "FROM seen" in text]
    assert len(asked) == 1
    if book.store.is_sqlite:
        with book.store.read() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked[0][0]}", asked[0][1]).all()
        assert any("(scope=? AND key=?)" in step[3] for step in plan), plan
    with book.store.read() as connection:
        assert connection.execute(select(tables.seen.c.first)).scalars().all()
