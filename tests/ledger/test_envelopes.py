"""Interchanges that come again: the same is a duplicate, another under its number is quarantined."""

from __future__ import annotations

from dataclasses import replace

from hub.contract.documents import Intent, Reply
from hub.contract.format import Envelope
from hub.ledger.incoming import Incoming
from hub.pipelines import ReplyRoute
from hub.store import tables
from tests.ledger import shop
from tests.ledger.book import Book

ONE = Envelope("ZZ:ACME/ZZ:US/000000905", "a" * 64)
OTHER = Envelope(ONE.key, "b" * 64)


def order(book: Book, value: str, envelope: Envelope) -> Incoming:
    return replace(book.order(value), envelope=envelope)


def reply(book: Book, envelope: Envelope) -> Incoming:
    about = shop.identity("000000905", subject_kind="interchange", reference_kind="interchange", intent=Intent.COMMAND)
    said = book.said(Reply, "shop", about, payload_type="x12.997", payload={"AK1": {"AK101": "PO"}})
    return replace(said, envelope=envelope, routes=[ReplyRoute("shop")])


def test_an_interchange_that_comes_again_is_replied_to_again_and_has_no_second_effect(book: Book):
    book.apply(order(book, "1", ONE), order(book, "2", ONE), reply(book, ONE))
    book.begin_message()
    again = [order(book, "1", ONE), order(book, "2", ONE), reply(book, ONE)]
    book.apply(*again)
    assert book.states(*again) == ["duplicate", "duplicate", "applied"]
    assert len(book.rows(tables.delivery, connection="shop")) == 2
    assert len(book.rows(tables.order_head)) == 2


def test_another_interchange_under_a_number_that_was_taken_is_quarantined_with_its_reply(book: Book):
    book.apply(order(book, "1", ONE), reply(book, ONE))
    book.begin_message()
    strange = [order(book, "3", OTHER), reply(book, OTHER)]
    book.apply(*strange)
    assert book.states(*strange) == ["quarantined", "quarantined"]
    assert len(book.rows(tables.delivery, connection="shop")) == 1
    assert sorted(book.open_failures()) == sorted(one.id for one in strange)


def test_a_person_may_let_it_through(book: Book):
    book.apply(order(book, "1", ONE))
    book.begin_message()
    strange = order(book, "3", OTHER)
    book.apply(strange)
    book.apply(book.again(strange))
    assert book.states(strange) == ["applied"]
    assert book.open_failures() == []


def test_the_parts_of_one_interchange_may_come_in_pieces(book: Book):
    pieces = [order(book, "1", ONE), order(book, "2", ONE)]
    for piece in pieces:
        book.apply(piece)
    assert book.states(*pieces) == ["applied", "applied"]


def test_numbers_of_different_partners_do_not_meet(book: Book):
    mine = replace(order(book, "1", ONE))
    theirs = replace(order(book, "2", OTHER), system="erp")
    book.apply(mine, theirs)
    assert book.states(mine, theirs) == ["applied", "applied"]


def test_what_is_quarantined_holds_up_nothing(book: Book):
    book.apply(order(book, "1", ONE))
    book.begin_message()
    book.apply(order(book, "1", OTHER))
    answer = book.acknowledgement("1", about={"intent": Intent.COMMAND})
    book.apply(answer)
    assert book.states(answer) == ["applied"]
