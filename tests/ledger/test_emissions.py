"""What the ledger makes by itself: answers, releases, invoices, authorizations, credits; each once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hub.contract.documents import (
    CreditNote,
    FulfilmentRequest,
    Invoice,
    OrderAcknowledgement,
    ReturnAuthorization,
    ReturnReceipt,
    Shipment,
)
from hub.ledger.policy import Policy, compile_policy
from hub.source import Problems, parse
from hub.store import tables
from tests.ledger import shop
from tests.ledger.book import Book

ALL = """\
acknowledge: {when: order.channel_class == 'B2B'}
release: {after: acknowledged}
nodes:
  - {node: east, when: order.ship_to.region == 'NY'}
  - {node: west}
invoice: {}
authorize_returns: {}
credit: {}
"""
PRICE = {"amount": "9.95", "currency": "EUR"}
LINES = [
    shop.line("1", "MUG", "2", price=PRICE, taxes=[{"amount": {"amount": "3.79", "currency": "EUR"}}]),
    shop.line("2", "HAT", "1", price={"amount": "20", "currency": "EUR"}),
]
ANSWERED = [{"line_id": "1", "status": "accepted"}, {"line_id": "2", "status": "accepted"}]


def policy(text: str = ALL) -> Policy:
    problems = Problems()
    node = parse(text, "config/fulfilment.yaml", problems)
    compiled = None if node is None else compile_policy(node, problems)
    assert compiled is not None, list(problems)
    return compiled


@pytest.fixture
def book(book: Book) -> Book:
    book.policy = policy()
    return book


def ordered(book: Book, **said: Any) -> None:
    book.apply(book.order(lines=LINES, channel_class="B2B", ship_to={"region": "NY"}, routes=[], **said))


def answered(book: Book, lines: list[dict[str, Any]] = ANSWERED, version: str = "1") -> None:
    book.apply(book.acknowledgement(version=version, lines=lines))


def shipped(book: Book, number: str, lines: dict[str, str], request: str = "1001-F1") -> None:
    items = [{"line_id": line, "quantity": {"value": value}} for line, value in lines.items()]
    about = book.about_request(request, number)
    at = "2026-03-02T10:00:00Z"
    book.apply(book.said(Shipment, "wms", about, number=number, request_number=request, shipped_at=at, items=items))


def status(book: Book) -> str:
    return str(book.rows(tables.order_head)[0]["status"])


def test_nothing_is_made_before_the_order_is_answered(book: Book):
    ordered(book)
    assert book.made(FulfilmentRequest) == []


def test_an_answered_order_is_released_to_the_first_node_that_fits_and_answered_to_its_buyer(book: Book):
    ordered(book)
    answered(book)
    (request,) = book.made(FulfilmentRequest)
    assert (request.number, request.node) == ("1001-F1", "east")
    assert {line.line_id: line.quantity.value for line in request.lines} == {"1": 2, "2": 1}
    (answer,) = book.made(OrderAcknowledgement)
    assert [line.status.value for line in answer.lines] == ["accepted", "accepted"]
    assert status(book) == "released"


def test_the_same_answer_again_makes_nothing_more(book: Book):
    ordered(book)
    answered(book)
    answered(book, version="2")
    answered(book, [*ANSWERED[:1], {**ANSWERED[1], "reason": "in stock"}], version="3")
    assert len(book.made(FulfilmentRequest)) == len(book.made(OrderAcknowledgement)) == 1


def test_one_answer_to_the_buyer_for_two_of_the_seller(book: Book):
    ordered(book)
    answered(book, ANSWERED[:1])
    assert book.made(OrderAcknowledgement) == []
    answered(book, ANSWERED[1:], version="2")
    assert len(book.made(OrderAcknowledgement)) == 1


def test_what_was_rejected_or_cut_is_not_released(book: Book):
    ordered(book)
    answered(
        book, [{"line_id": "1", "status": "changed", "quantity": {"value": "1"}}, {**ANSWERED[1], "status": "rejected"}]
    )
    (request,) = book.made(FulfilmentRequest)
    assert [(line.line_id, line.quantity.value) for line in request.lines] == [("1", 1)]


def test_lines_that_go_elsewhere_are_requests_of_their_own(book: Book):
    elsewhere = [{**LINES[0], "ship_to": {"name": "Store 7", "city": "Albany"}}, LINES[1]]
    book.apply(book.order(lines=elsewhere, ship_to={"region": "NY"}, routes=[]))
    answered(book)
    requests = book.made(FulfilmentRequest)
    assert [(one.number, one.ship_to.name, [line.line_id for line in one.lines]) for one in requests] == [
        ("1001-F1", "Store 7", ["1"]),
        ("1001-F2", None, ["2"]),
    ]


def test_an_order_that_is_cancelled_before_it_shipped_is_withdrawn_from_its_node_once(book: Book):
    ordered(book)
    answered(book)
    for version in ("2", "3"):
        book.apply(book.order(version=version, lines=LINES, cancelled=True, note=version, routes=[]))
    requests = book.made(FulfilmentRequest)
    assert [(one.number, one.cancelled) for one in requests] == [("1001-F1", False), ("1001-F1", True)]


def test_each_shipment_is_invoiced_once_with_its_share_of_the_taxes(book: Book):
    ordered(book, allowances=[{"amount": {"amount": "5", "currency": "EUR"}, "code": "FREIGHT"}])
    answered(book)
    shipped(book, "S1", {"1": "1"})
    assert status(book) == "partly_shipped"
    shipped(book, "S2", {"1": "1", "2": "1"})
    assert status(book) == "shipped"
    shipped(book, "S2", {"1": "1", "2": "1"})
    first, second = book.made(Invoice)
    assert (first.number, first.shipment_number, first.goods.amount) == ("1001-I1", "S1", Decimal("9.95"))
    assert first.lines[0].taxes[0].amount.amount == Decimal("1.90")
    assert first.total.amount == Decimal("16.85")
    assert (second.number, second.shipment_number, second.total.amount) == ("1001-I2", "S2", Decimal("31.85"))


def test_a_return_is_authorized_received_and_credited_once(book: Book):
    ordered(book)
    answered(book)
    shipped(book, "S1", {"1": "2", "2": "1"})
    back = [{"line_id": "1", "quantity": {"value": "1"}, "reason": "broken"}]
    asked = shop.identity("1001", version="r7", intent="delta")
    book.apply(book.said(ReturnAuthorization, "shop", asked, number="r7", stage="requested", lines=back))
    (authorized,) = book.made(ReturnAuthorization)
    assert (authorized.number, authorized.request_number, authorized.stage.value) == ("1001-R1", "r7", "authorized")
    about = shop.identity("1001-R1", system="ledger", reference_kind="return", version="1", intent="delta")
    lines = [{"line_id": "1", "quantity": {"value": "1"}}]
    for _ in range(2):
        book.apply(book.said(ReturnReceipt, "wms", about, return_number="1001-R1", lines=lines))
    (credit,) = book.made(CreditNote)
    assert (credit.number, credit.return_number, credit.total.amount) == ("1001-C1", "1001-R1", Decimal("11.85"))
    assert status(book) == "partly_returned"


def test_what_cannot_be_made_waits_as_a_dead_letter_and_is_made_once_that_is_mended(book: Book):
    book.policy = policy("release: {after: captured}\nnodes: [{node: east, when: order.ship_to.region == 'NY'}]\n")
    book.apply(book.order(lines=LINES, ship_to={"region": "CA"}, routes=[]))
    (failure,) = book.rows(tables.failure)
    assert "No node ships the order #1001" in failure["text"]
    assert book.made(FulfilmentRequest) == []
    book.policy = policy()
    answered(book)
    assert [one.node for one in book.made(FulfilmentRequest)] == ["west"]
    (failure,) = book.rows(tables.failure)
    assert failure["closed_at"] is not None


def test_two_orders_of_one_number_get_numbers_of_their_own(book: Book):
    book.policy = policy("release: {after: captured}\nnodes: [{node: east}]\n")
    book.apply(book.order("1", number="1001", routes=[]))
    book.apply(book.order("2", number="#1001", routes=[]))
    assert [one.number for one in book.made(FulfilmentRequest)] == ["1001-F1", "1001.2-F1"]


def test_the_heads_are_what_the_events_fold_into(book: Book):
    ordered(book)
    answered(book)
    shipped(book, "S1", {"1": "2", "2": "1"})
    book.require_folded()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("release: {}\n", "no node ships them"),
        ("release: {when: document.number}\nnodes: [{node: a}]\n", "document"),
        ("releases: {}\n", "unknown key 'releases'"),
    ],
)
def test_a_wrong_policy_is_refused_with_its_place(text: str, problem: str):
    problems = Problems()
    node = parse(text, "config/fulfilment.yaml", problems)
    assert node is not None
    assert compile_policy(node, problems) is None
    assert problem in str(next(iter(problems)))


def test_an_order_that_comes_as_a_command_is_known_to_what_is_made_of_it(book: Book):
    book.policy = policy("release: {after: captured}\nnodes: [{node: east}]\n")
    book.apply(book.order(version="1", about={"intent": "command"}, lines=LINES, routes=[]))
    answered(book)
    assert [one.number for one in book.made(FulfilmentRequest)] == ["1001-F1"]


def test_an_older_command_that_comes_again_is_not_what_the_source_said_last(book: Book):
    for version, note in (("1", "old"), ("2", "new"), ("1", "old")):
        book.apply(book.order(version=version, about={"intent": "command"}, lines=LINES, note=note, routes=[]))
    answered(book)
    assert [one.note for one in book.made(FulfilmentRequest)] == ["new"]


def test_a_line_that_was_dropped_after_it_was_shipped_is_not_charged_but_said(book: Book):
    ordered(book)
    answered(book)
    book.policy = Policy()
    shipped(book, "S1", {"1": "2", "2": "1"})
    book.policy = policy("invoice: {}\n")
    book.apply(book.order(version="2", lines=LINES[:1], ship_to={"region": "NY"}, routes=[]))
    assert book.made(Invoice) == []
    (failure,) = book.rows(tables.failure)
    assert "Line 2 of the order #1001 is not in it any more" in failure["text"]


def test_a_line_that_was_taken_back_to_nothing_after_it_was_shipped_is_not_charged_but_said(book: Book):
    ordered(book)
    answered(book)
    book.policy = Policy()
    shipped(book, "S1", {"1": "2"})
    book.policy = policy("invoice: {}\n")
    nothing = {**LINES[0], "quantity": {"value": "0"}, "cancelled": True}
    book.apply(book.order(version="2", lines=[nothing, LINES[1]], ship_to={"region": "NY"}, routes=[]))
    assert book.made(Invoice) == []
    (failure,) = book.rows(tables.failure)
    assert "Line 1 of the order #1001 is ordered 0 times" in failure["text"]


def test_a_cancellation_that_names_other_lines_withdraws_what_was_asked_for(book: Book):
    ordered(book)
    answered(book)
    book.apply(book.order(version="2", lines=[shop.line("9", "SOCK", "1")], cancelled=True, routes=[]))
    withdrawn = book.made(FulfilmentRequest)[-1]
    assert withdrawn.cancelled
    assert {line.line_id: line.quantity.value for line in withdrawn.lines} == {"1": 2, "2": 1}
