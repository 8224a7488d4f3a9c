"""What comes before the order it is about waits, says for what, and goes on in its place."""

from __future__ import annotations

import pytest

from hub.contract.documents import Intent
from hub.ledger.apply import WAIT_MICROSECONDS
from hub.store import tables
from tests.ledger import shop
from tests.ledger.book import Book
from tests.store import rows

DELTA = {"intent": Intent.DELTA}


def test_it_waits_for_its_number_with_a_deadline(book: Book) -> None:
    early = book.acknowledgement("1001")
    book.apply(early)
    (document,) = book.rows(tables.document)
    assert (document["state"], document["reason"]) == ("waiting", "No order 1001 of shop is known yet.")
    assert document["waiting_until"] == book.now + WAIT_MICROSECONDS
    (awaited,) = book.rows(tables.awaited)
    assert awaited == {"document": early.id, "system": "shop", "kind": "order", "scope": "", "value": "1001"}
    assert book.rows(tables.subject) == []


def test_it_goes_on_once_the_order_is_there(book: Book) -> None:
    early = book.acknowledgement("1001", seller_number="4711")
    book.apply(early)
    assert book.sweep() == []
    book.apply(book.order("1001"))
    (document,) = book.rows(tables.document, id=early.id)
    assert (document["state"], document["subject"]) == ("waiting", book.subject_of("1001"))
    assert document["reason"] == "What it is about is known by now; it is taken up in its turn."
    assert document["waiting_until"] is None, "from now on it waits for the hub alone"
    assert book.rows(tables.awaited) == []
    assert book.sweep() == [early.id]
    assert book.states(early) == ["applied"]
    assert book.rows(tables.order_head)[0]["status"] == "acknowledged"
    assert book.sweep() == []
    book.require_folded()


def test_a_number_that_a_target_gives_lets_it_go_on(book: Book) -> None:
    early = book.acknowledgement("4711", about={"system": "erp"})
    book.apply(early)
    book.apply(book.order("1001"))
    (delivery,) = book.rows(tables.delivery, connection="erp")
    book.settle(delivery["id"], {"order": "4711"})
    assert book.sweep() == [early.id]
    assert book.states(early) == ["applied"]


def test_what_waited_too_long_waits_again_when_it_is_replayed_and_its_failure_is_closed(book: Book) -> None:
    early = book.acknowledgement("1001")
    book.apply(early)
    dead = book.failed(shop.identity("1001"), shop.OrderAcknowledgement)
    book.apply(dead)
    assert book.open_failures() == [dead.id]
    mended = book.acknowledgement("1001")
    book.now += 1
    book.apply(book.again(dead, document=mended.document, content=mended.content, digest=mended.digest))
    assert book.states(early, dead) == ["waiting", "waiting"]
    assert book.open_failures() == []
    assert len(book.rows(tables.awaited)) == 2


@pytest.mark.parametrize("in_one_batch", [True, False])
def test_a_later_delta_does_not_overtake_one_that_waits_for_the_order(book: Book, in_one_batch: bool) -> None:
    first = book.acknowledgement("1001", "1", about=DELTA, seller_number="one")
    order = book.order("1001")
    second = book.acknowledgement("1001", "2", about=DELTA, seller_number="two")
    if in_one_batch:
        book.apply(first, order, second)
    else:
        book.apply(first)
        book.apply(order)
        book.apply(second)
    assert book.states(first, order, second) == ["waiting", "applied", "waiting"]
    while book.sweep():
        pass
    assert book.states(first, second) == ["applied", "applied"]
    data = [data["number"] for kind, data in book.events(book.subject_of("1001")) if kind == "order.acknowledged"]
    assert data == ["one", "two"]


def test_neither_does_one_that_knows_the_order_by_another_number(book: Book) -> None:
    first = book.acknowledgement("PO-7", "1", about={**DELTA, "reference_kind": "po"}, seller_number="one")
    book.apply(first)
    order = book.order("1001", about={"references": {"po": "PO-7"}})
    second = book.acknowledgement("1001", "2", about=DELTA, seller_number="two")
    book.apply(order)
    book.apply(second)
    assert book.states(first, second) == ["waiting", "waiting"]
    while book.sweep():
        pass
    assert book.states(first, second) == ["applied", "applied"]


def test_what_waited_for_the_order_keeps_its_place_behind_what_is_dead(book: Book) -> None:
    """It was there before the second delta, and stays before it when the dead one is mended."""
    first = book.acknowledgement("4711", "1", about={**DELTA, "system": "erp"}, seller_number="one")
    book.apply(first)
    book.apply(book.order("1001"))
    dead = book.failed(shop.identity("1001", version="0", intent=Intent.DELTA), shop.OrderAcknowledgement)
    book.apply(dead)
    book.settle(book.rows(tables.delivery, connection="erp")[0]["id"], {"order": "4711"})
    second = book.acknowledgement("1001", "2", about=DELTA, seller_number="two")
    book.apply(second)
    assert book.sweep() == []
    assert book.states(first, dead, second) == ["waiting", "dead", "waiting"]
    book.apply(book.again(dead, filtered="Not taken."))
    assert book.sweep() == [first.id, second.id]
    assert book.states(first, second) == ["applied", "applied"]
    said = [data["number"] for kind, data in book.events(book.subject_of("1001")) if kind == "order.acknowledged"]
    assert said == ["one", "two"]


def test_one_that_began_to_wait_while_its_order_was_being_opened_goes_on_too(book: Book) -> None:
    """Two workers on PostgreSQL: neither sees what the other has not committed yet."""
    order = book.order("1001")
    book.apply(order)
    early = book.acknowledgement("1001", "1", about=DELTA)
    with book.store.write() as connection:
        unknown = rows.document(
            connection, message=book.message, state="waiting", kind="OrderAcknowledgement", source="erp", id=early.id
        )
        rows.awaited(connection, unknown, "1001")
    book.taken[early.id] = early
    assert book.sweep() == [early.id]
    assert book.states(early) == ["applied"]
    assert book.rows(tables.awaited) == []


def test_what_is_replayed_is_not_held_up_by_what_came_after_it(book: Book) -> None:
    book.apply(book.order("1001"))
    parked = book.failed(shop.identity("1001", version="1", intent=Intent.DELTA), shop.OrderAcknowledgement)
    book.apply(parked)
    book.now += 5
    later = book.acknowledgement("4711", "2", about={**DELTA, "system": "erp"})
    book.apply(later)
    book.apply(book.order("1001", "9", number="#new"))
    (delivery,) = book.rows(tables.delivery, connection="erp", effect="created")
    book.settle(delivery["id"], {"order": "4711"})
    mended = book.acknowledgement("1001", "1", about=DELTA)
    book.apply(book.again(parked, document=mended.document, content=mended.content))
    assert book.states(parked, later) == ["applied", "waiting"]
    assert book.sweep() == [later.id]
    assert book.states(later) == ["applied"]


@pytest.mark.parametrize("intent", list(Intent))
def test_an_answer_to_an_order_that_could_not_be_mapped_waits_for_it(book: Book, intent: Intent) -> None:
    broken = book.failed(shop.identity("1001", version="1"))
    answer = book.acknowledgement("1001", "1", about={"intent": intent})
    book.apply(broken)
    book.apply(answer)
    assert book.states(answer) == ["waiting"]
    assert book.sweep() == []
    mended = book.order("1001", "1")
    book.apply(book.again(broken, document=mended.document, content=mended.content, digest=mended.digest))
    assert book.sweep() == [answer.id]
    assert book.states(broken, answer) == ["applied", "applied"]
    assert book.rows(tables.order_head)[0]["status"] == "acknowledged"
    book.require_folded()


def test_an_answer_to_an_order_that_was_filtered_out_is_filtered_too(book: Book) -> None:
    order = book.order("1001")
    order.document, order.filtered = None, "Not taken: it is a test."
    answer = book.acknowledgement("1001")
    book.apply(order)
    book.apply(answer)
    (document,) = book.rows(tables.document, id=answer.id)
    assert (document["state"], document["reason"]) == ("filtered", "The order it is about was not taken.")
    book.require_folded()
