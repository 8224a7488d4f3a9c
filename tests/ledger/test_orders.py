"""An order's head as answers, changes and cancellations leave it."""

from __future__ import annotations

from typing import Any

import pytest

from hub.store import tables
from tests.ledger import shop
from tests.ledger.book import Book

TWO_LINES = [shop.line("1", "MUG", "2"), shop.line("2", "TEA", "1")]


def answer(line_id: str, status: str, **said: Any) -> dict[str, Any]:
    return {"line_id": line_id, "status": status, **said}


def lines(book: Book) -> dict[str, str]:
    return {row["line"]: row["status"] for row in book.rows(tables.order_line)}


def status(book: Book) -> str:
    found: str = book.rows(tables.order_head)[0]["status"]
    return found


@pytest.fixture
def with_order(book: Book) -> Book:
    book.apply(book.order(version="1", lines=TWO_LINES))
    return book


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([answer("1", "accepted"), answer("2", "accepted")], "acknowledged"),
        ([answer("1", "accepted")], "partly_acknowledged"),
        ([answer("1", "accepted"), answer("2", "backordered")], "partly_acknowledged"),
        ([answer("1", "accepted"), answer("2", "rejected")], "partly_acknowledged"),
        ([answer("1", "rejected"), answer("2", "rejected")], "rejected"),
    ],
)
def test_an_answer_sets_its_lines_and_the_order(with_order: Book, answers: list[dict[str, Any]], expected: str) -> None:
    with_order.apply(with_order.acknowledgement(lines=answers))
    assert status(with_order) == expected
    assert lines(with_order) == {"1": "open", "2": "open"} | {one["line_id"]: one["status"] for one in answers}
    with_order.require_folded()


def test_an_answer_keeps_what_was_confirmed_for_when_and_under_which_number(with_order: Book) -> None:
    confirmed = answer("1", "changed", quantity={"value": "1.5"}, promised_on="2026-04-01")
    with_order.apply(with_order.acknowledgement(lines=[confirmed], seller_number="4711"))
    line = with_order.rows(tables.order_line, line="1")[0]
    assert (line["confirmed"], line["promised_on"], line["quantity"]) == (1_500_000, "2026-04-01", 2_000_000)
    (system,) = with_order.rows(tables.order_system, system="erp")
    assert (system["number"], system["expected"], system["actual"]) == ("4711", "acknowledged", "acknowledged")
    with_order.apply(with_order.acknowledgement(version="2", lines=[answer("2", "accepted")]))
    assert with_order.rows(tables.order_system, system="erp")[0]["number"] == "4711", "it is still known"
    with_order.require_folded()


def test_an_answer_to_a_line_that_is_not_there_touches_no_line(with_order: Book) -> None:
    given = with_order.acknowledgement(lines=[answer("9", "accepted")])
    with_order.apply(given)
    assert with_order.states(given) == ["applied"]
    assert lines(with_order) == {"1": "open", "2": "open"}


def test_a_change_keeps_what_was_said_to_lines_that_stay_as_they_are(with_order: Book) -> None:
    both = [answer("1", "accepted", quantity={"value": "2"}), answer("2", "accepted")]
    with_order.apply(with_order.acknowledgement(lines=both))
    changed = [shop.line("1", "MUG", "2"), shop.line("2", "TEA", "7"), shop.line("3", "CAP", "1")]
    with_order.apply(with_order.order(version="2", lines=changed))
    assert lines(with_order) == {"1": "accepted", "2": "open", "3": "open"}
    assert with_order.rows(tables.order_line, line="1")[0]["confirmed"] == 2_000_000
    assert status(with_order) == "partly_acknowledged"
    with_order.require_folded()


def test_a_line_that_is_cancelled_or_left_out(with_order: Book) -> None:
    with_order.apply(with_order.order(version="2", lines=[shop.line("1", "MUG", "2", cancelled=True)]))
    assert lines(with_order) == {"1": "cancelled"}
    with_order.require_folded()


def test_a_cancelled_order(with_order: Book) -> None:
    cancellation = with_order.order(version="2", lines=TWO_LINES, cancelled=True)
    with_order.apply(cancellation)
    assert status(with_order) == "cancelled"
    assert lines(with_order) == {"1": "cancelled", "2": "cancelled"}
    (system,) = with_order.rows(tables.order_system, system="shop")
    assert (system["expected"], system["actual"]) == ("cancelled", "cancelled")
    assert [row["connection"] for row in with_order.rows(tables.delivery, effect="cancelled")] == ["crm"]
    with_order.require_folded()


def test_a_change_of_a_cancelled_order_leaves_it_cancelled(with_order: Book) -> None:
    with_order.apply(with_order.order(version="2", lines=TWO_LINES, cancelled=True))
    with_order.apply(with_order.order(version="3", lines=TWO_LINES, cancelled=True, note="A word on why."))
    assert status(with_order) == "cancelled"
    assert lines(with_order) == {"1": "cancelled", "2": "cancelled"}
    with_order.require_folded()


def test_an_order_that_is_no_longer_cancelled_is_open_again(with_order: Book) -> None:
    with_order.apply(with_order.order(version="2", lines=TWO_LINES, cancelled=True))
    with_order.apply(with_order.order(version="3", lines=TWO_LINES))
    assert status(with_order) == "captured"
    assert lines(with_order) == {"1": "open", "2": "open"}
    (system,) = with_order.rows(tables.order_system, system="shop")
    assert (system["expected"], system["actual"]) == ("captured", "captured")
    with_order.require_folded()


@pytest.mark.parametrize("answer_first", [True, False])
def test_an_answer_and_a_cancellation_come_to_the_same_either_way(with_order: Book, answer_first: bool) -> None:
    said = [answer("1", "accepted", quantity={"value": "2"}), answer("2", "rejected")]
    both = [
        with_order.acknowledgement(lines=said, seller_number="4711"),
        with_order.order(version="2", lines=TWO_LINES, cancelled=True),
    ]
    for one in both if answer_first else reversed(both):
        with_order.apply(one)
    assert status(with_order) == "cancelled"
    assert lines(with_order) == {"1": "cancelled", "2": "cancelled"}
    assert with_order.rows(tables.order_line, line="1")[0]["confirmed"] == 2_000_000
    assert with_order.rows(tables.order_system, system="erp")[0]["number"] == "4711"
    with_order.require_folded()


def test_an_order_first_heard_of_when_it_is_cancelled_is_created_nowhere(book: Book) -> None:
    order = book.order(cancelled=True)
    book.apply(order)
    assert status(book) == "cancelled"
    assert lines(book) == {"1": "cancelled"}
    assert [(row["connection"], row["effect"]) for row in book.rows(tables.delivery)] == [("crm", "cancelled")]
    book.require_folded()
