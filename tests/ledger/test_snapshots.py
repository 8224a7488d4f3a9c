"""Orders as their source says them, again and again: new, changed, the same, too late."""

from __future__ import annotations

import re
from typing import Any

import pytest

from hub.contract.clock import from_micros
from hub.store import tables
from tests.ledger import shop
from tests.ledger.book import Book
from tests.store.rows import NOW


def test_the_first_order_opens_its_subject_with_all_its_rows(book: Book) -> None:
    order = book.order(
        about={"references": {"number": "#1001", "po": "PO-7"}},
        po_number="PO-7",
        ordered_at=from_micros(NOW),
        lines=[shop.line("1", "MUG", "2"), shop.line("2", None, "0.5")],
    )
    book.apply(order)
    subject = book.subject_of("1001")
    assert book.kinds(subject) == [
        "references.added",
        "order.captured",
        "delivery.planned",
        "references.added",
        "delivery.planned",
    ]
    numbers = {(row["system"], row["kind"], row["value"]) for row in book.rows(tables.reference)}
    assert numbers == {
        ("shop", "order", "1001"),
        ("shop", "number", "#1001"),
        ("shop", "po", "PO-7"),
        ("erp", "po", "PO-7"),
    }
    (head,) = book.rows(tables.order_head)
    assert head == {
        "subject": subject,
        "number": "#1001",
        "source": "shop",
        "status": "captured",
        "currency": "EUR",
        "total": 19_900_000,
        "ordered_at": NOW,
        "changed_at": NOW,
        "progress": None,
    }
    lines = [(row["line"], row["sku"], row["quantity"], row["status"]) for row in book.rows(tables.order_line)]
    assert lines == [("1", "MUG", 2_000_000, "open"), ("2", None, 500_000, "open")]
    systems = {row["system"]: (row["number"], row["expected"], row["actual"]) for row in book.rows(tables.order_system)}
    assert systems == {
        "shop": ("#1001", "captured", "captured"),
        "erp": (None, "created", "-"),
        "crm": (None, "created", "-"),
    }
    (document,) = book.rows(tables.document)
    assert (document["state"], document["effect"], document["subject"]) == ("applied", "created", subject)
    assert {row["connection"] for row in book.rows(tables.delivery)} == {"erp", "crm"}
    book.require_folded()


def test_a_newer_revision_changes_the_order_and_goes_where_changes_go(book: Book) -> None:
    first = book.order(version="1")
    second = book.order(version="2", lines=[shop.line("2", "TEA", "1"), shop.line("1", "MUG", "3")])
    book.apply(first)
    book.now += 5
    book.apply(second)
    assert book.states(first, second) == ["applied", "applied"]
    lines = sorted(book.rows(tables.order_line), key=lambda row: row["ordinal"])
    assert [(row["line"], row["sku"], row["quantity"]) for row in lines] == [
        ("2", "TEA", 1_000_000),
        ("1", "MUG", 3_000_000),
    ]
    assert [row["effect"] for row in book.rows(tables.document)] == ["created", "changed"]
    assert [row["connection"] for row in book.rows(tables.delivery, effect="changed")] == ["erp"]
    assert book.rows(tables.order_head)[0]["changed_at"] == book.now
    book.require_folded()


def test_the_same_content_again_is_a_duplicate_whatever_its_revision(book: Book) -> None:
    once, again, later = (book.order(version=version) for version in ("1", "1", "2"))
    book.apply(once)
    book.apply(again)
    book.apply(later)
    assert book.states(once, again, later) == ["applied", "duplicate", "duplicate"]
    assert len(book.rows(tables.delivery)) == 2
    late = book.order(version="1", number="#1001-old")
    book.apply(late)
    assert book.states(late) == ["superseded"], "the duplicate was the newest revision heard of"


def test_an_older_revision_is_superseded(book: Book) -> None:
    newer, older = book.order(version="9"), book.order(version="8", number="#old")
    book.apply(newer)
    book.apply(older)
    assert book.states(newer, older) == ["applied", "superseded"]
    assert book.rows(tables.order_head)[0]["number"] == "#1001"


def test_the_same_revision_with_other_content_is_applied(book: Book) -> None:
    """Shops tell changes of one second under one time: the later one to arrive stands."""
    first, second = book.order(version="9"), book.order(version="9", number="#other")
    book.apply(first)
    book.apply(second)
    assert book.states(first, second) == ["applied", "applied"]
    assert book.rows(tables.order_head)[0]["number"] == "#other"


def test_without_revisions_the_last_to_arrive_stands(book: Book) -> None:
    for number in ("#a", "#b", "#a"):
        book.apply(book.order(number=number))
    assert [row["state"] for row in book.rows(tables.document)] == ["applied"] * 3
    assert book.rows(tables.order_head)[0]["number"] == "#a"


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("2026-03-02T12:00:00+02:00", "2026-03-02T11:00:00Z"),
        ("2026-03-02T10:00:00Z", "2026-03-02T10:00:00.000001+00:00"),
        ("2026-03-02T23:30:00-05:00", "2026-03-03T10:00:00+05:00"),
        ("9", "10"),
        ("1767225599.9", "1767225600"),
        ("0099", "100"),
        ("9" * 45, "1" + "0" * 45),
        ("0001-01-01T00:00:00Z", "1969-12-31T00:00:00Z"),
        ("a", "b"),
    ],
)
def test_revisions_are_compared_by_what_they_mean(book: Book, older: str, newer: str) -> None:
    book.apply(book.order("1", newer), book.order("2", older))
    late, change = book.order("1", older, number="#late"), book.order("2", newer, number="#new")
    book.apply(late, change)
    assert book.states(late, change) == ["superseded", "applied"]


def test_a_revision_of_another_sort_cannot_be_told_to_be_older(book: Book) -> None:
    """The pipeline's `version` was changed from a time to a number: what comes now is taken."""
    book.apply(book.order(version="2026-03-02T12:00:00Z"))
    change = book.order(version="5", number="#new")
    book.apply(change)
    assert book.states(change) == ["applied"]


def test_sources_are_told_apart(book: Book) -> None:
    """What the ERP says of an order has revisions of its own."""
    book.apply(book.order(version="9"))
    answer = book.acknowledgement(version="1")
    book.apply(answer)
    assert book.states(answer) == ["applied"]


def test_what_fails_to_map_keeps_its_subject_and_place(book: Book) -> None:
    broken = book.failed(shop.identity("1001", version="1"))
    book.apply(broken)
    subject = book.subject_of("1001")
    (document,) = book.rows(tables.document)
    assert (document["state"], document["subject"], document["seq"]) == ("dead", subject, 2)
    (failure,) = book.rows(tables.failure)
    assert (failure["target_kind"], failure["target"], failure["subject"]) == ("document", broken.id, subject)
    assert failure["text"] == "lines[0].sku: nothing found."
    assert book.kinds(subject) == ["references.added", "document.dead"]
    assert book.rows(tables.order_head) == []


def test_a_repaired_document_is_applied_in_its_place_and_its_failure_closed(book: Book) -> None:
    broken = book.failed(shop.identity("1001", version="1"))
    book.apply(broken)
    mended = book.order(version="1")
    book.apply(book.again(broken, document=mended.document, content=mended.content, digest=mended.digest))
    (document,) = book.rows(tables.document)
    assert (document["state"], document["seq"]) == ("applied", 2)
    assert book.open_failures() == []
    book.require_folded()


def test_a_repair_that_fails_again_has_one_open_failure(book: Book) -> None:
    broken = book.failed(shop.identity("1001"))
    book.apply(broken)
    book.apply(book.again(broken, failure=broken.failure))
    assert book.states(broken) == ["dead"]
    assert book.open_failures() == [broken.id]
    assert len(book.rows(tables.failure)) == 2


def test_a_newer_revision_supersedes_the_parked_one_and_closes_its_failure(book: Book) -> None:
    broken, newer = book.failed(shop.identity("1001", version="1")), book.order(version="2")
    book.apply(broken)
    book.apply(newer)
    assert book.states(broken, newer) == ["superseded", "applied"]
    assert book.open_failures() == []
    subject = book.subject_of("1001")
    assert ("document.superseded", {"document": broken.id}) in book.events(subject)


def test_an_older_revision_does_not_supersede_a_parked_newer_one(book: Book) -> None:
    broken, older = book.failed(shop.identity("1001", version="2")), book.order(version="1")
    book.apply(broken)
    book.apply(older)
    assert book.states(broken, older) == ["dead", "applied"]
    assert book.open_failures() == [broken.id]


def test_a_revision_that_takes_a_change_back_supersedes_the_parked_change(book: Book) -> None:
    broken, back = book.failed(shop.identity("1001", version="2")), book.order(version="3")
    book.apply(book.order(version="1"))
    book.apply(broken)
    book.apply(back)
    assert book.states(broken, back) == ["superseded", "duplicate"]
    assert book.open_failures() == []


def test_what_is_parked_of_another_source_stays(book: Book) -> None:
    book.apply(book.order(version="1"))
    broken = book.failed(shop.identity("1001", version="1"), shop.OrderAcknowledgement)
    book.apply(broken)
    book.apply(book.order(version="2", number="#new"))
    assert book.states(broken) == ["dead"]


def test_a_repaired_old_revision_is_superseded_by_what_was_applied_meanwhile(book: Book) -> None:
    broken = book.failed(shop.identity("1001", version="1"), shop.OrderAcknowledgement)
    book.apply(book.order())
    book.apply(broken)
    answer = book.acknowledgement(version="1")
    mended = {"document": answer.document, "content": answer.content, "digest": answer.digest}
    parked = book.again(broken, **mended)
    book.apply(book.acknowledgement(version="2", seller_number="4711"))
    assert book.states(broken) == ["superseded"]
    book.apply(parked)
    assert book.states(broken) == ["superseded"]
    assert book.open_failures() == []


def test_filtered_says_why(book: Book) -> None:
    order = book.order()
    order.document, order.filtered = None, "Not taken: not document.test does not hold (pipelines/orders.yaml:5:13)."
    book.apply(order)
    (document,) = book.rows(tables.document)
    assert (document["state"], document["reason"]) == ("filtered", order.filtered)
    assert book.rows(tables.order_head) == []
    assert book.rows(tables.delivery) == []
    book.require_folded()


def test_what_does_not_say_what_it_is_about_is_a_dead_letter_without_a_subject(book: Book) -> None:
    broken = book.failed(None)
    book.apply(broken)
    (document,) = book.rows(tables.document)
    assert (document["state"], document["subject"], document["seq"]) == ("dead", None, None)
    assert book.open_failures() == [broken.id]


def test_a_parked_one_that_no_longer_says_what_it_is_about_keeps_its_place(book: Book) -> None:
    """Its pipeline was broken meanwhile: what is behind it still waits."""
    broken = book.failed(shop.identity("1001", version="1"))
    book.apply(broken)
    book.apply(book.again(broken, identity=None, kind=None, failure=broken.failure))
    (document,) = book.rows(tables.document)
    assert (document["state"], document["subject"], document["seq"]) == ("dead", book.subject_of("1001"), 2)
    assert document["kind"] == "Order"
    assert book.open_failures() == [broken.id]


def test_a_number_that_belongs_to_another_order_stays_there_and_an_event_says_so(book: Book) -> None:
    book.apply(book.order("1001", about={"references": {"po": "PO-7"}}))
    book.apply(book.order("1002", about={"references": {"po": "PO-7"}}))
    first, second = book.subject_of("1001"), book.subject_of("1002")
    assert book.subject_of("PO-7", kind="po") == first
    refused = {"reference": ["shop", "po", "", "PO-7"], "subject": first}
    assert ("references.refused", refused) in book.events(second)


def test_orders_of_one_batch_are_orders_of_their_own(book: Book) -> None:
    book.apply(*(book.order(str(number)) for number in range(5)))
    assert len({row["subject"] for row in book.rows(tables.order_head)}) == 5
    for row in book.rows(tables.subject):
        assert "order.captured" in book.kinds(row["id"])


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"lines": [shop.line(quantity="0.0000001")]}, r"lines\[0\].quantity is 1E-7: the ledger keeps six decimals"),
        ({"lines": [shop.line(), shop.line("2", quantity="9" * 20)]}, r"lines\[1\].quantity is 9{20}"),
        ({"totals": {"grand": {"amount": "-" + "1" * 80, "currency": "EUR"}}}, r"totals.grand.amount is -1{58}…"),
        ({"lines": [shop.line(), shop.line()]}, r"Two lines have the line_id 1"),
        ({"lines": [shop.line(sku="A\0B")]}, r"lines\[0\].sku contains the character U\+0000"),
        ({"lines": [shop.line(line_id="A\0B")]}, r"lines\[0\].line_id contains the character U\+0000"),
        ({"number": "A\0B"}, r"number contains the character U\+0000"),
    ],
)
def test_what_the_tables_cannot_hold_is_a_dead_letter_of_its_own(
    book: Book, said: dict[str, Any], complaint: str
) -> None:
    about = shop.identity("1002")
    # What is checked here is what the ledger does with it, not whether such content can be written as JSON.
    document = shop.order_of(about, **said)
    bad = book.order("1002")
    bad.document = document
    good, other = book.order("1001"), book.order("1003")
    book.apply(good, bad, other)
    assert book.states(good, bad, other) == ["applied", "dead", "applied"]
    (failure,) = book.rows(tables.failure)
    assert re.match(complaint, failure["text"])
    assert failure["subject"] == book.subject_of("1002")
    assert len(book.rows(tables.order_head)) == 2
    book.require_folded()


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"value": "x" * 300}, "The number of the order has 300 characters; at most 200 are kept"),
        ({"value": ""}, "The number of the order is empty"),
        ({"value": "10\x0001"}, "The number of the order contains the character U+0000"),
        ({"value": "10\ud80001"}, "The number of the order contains half of a surrogate pair"),
        ({"version": "x" * 300}, "The version of the order has 300 characters"),
        ({"version": "1\x00"}, "The version of the order contains the character U+0000"),
    ],
)
def test_a_number_or_version_that_cannot_be_kept_is_a_dead_letter(
    book: Book, said: dict[str, str], complaint: str
) -> None:
    good, bad = book.order("1001"), book.order("1002")
    bad.identity = shop.identity(**{"value": "1002", **said})
    book.apply(bad, good)
    assert book.states(bad, good) == ["dead", "applied"]
    (failure,) = book.rows(tables.failure)
    assert failure["text"].startswith(complaint)


@pytest.mark.parametrize("value", ["x" * 300, "", "PO\x007"])
def test_a_further_number_that_cannot_be_kept_is_left_out_and_an_event_says_so(book: Book, value: str) -> None:
    order = book.order(about={"references": {"po": value, "number": "#1001"}})
    book.apply(order)
    assert book.states(order) == ["applied"]
    assert {row["kind"] for row in book.rows(tables.reference)} == {"order", "number"}
    assert "references.unfit" in book.kinds(book.subject_of("1001"))


def test_long_and_strange_texts_for_people_are_kept(book: Book) -> None:
    broken = book.failed(shop.identity("1001"))
    assert broken.failure is not None
    broken.failure = type(broken.failure)("mapping_failed", "bad\0 " + "x" * 10_000, "g" * 500, "\ud800", {"v": "\0"})
    broken.position = "line \0" + "9" * 500
    book.apply(broken)
    (document,) = book.rows(tables.document)
    assert document["reason"] == "bad\ufffd " + "x" * 10_000
    assert len(document["position"]) == 200
