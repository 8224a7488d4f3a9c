"""What left, where its parcels are, and in which order that is told."""

from __future__ import annotations

from typing import Any

import pytest

from hub.contract.documents import FulfilmentStatus, FunctionalAcknowledgement, Shipment, ShipmentStatus
from hub.ledger.policy import Policy, Rule
from hub.store import tables
from hub.store.statements import loads
from tests.ledger import shop
from tests.ledger.book import Book

AT = "2026-03-02T10:00:00Z"


@pytest.fixture
def book(book: Book) -> Book:
    """An order of two lines that was released at once."""
    book.policy = Policy(release=Rule(), release_when_captured=True, nodes=(("east", Rule()),))
    book.apply(book.order(lines=[shop.line("1", "MUG", "2"), shop.line("2", "HAT", "1")], routes=[]))
    return book


def shipment(book: Book, number: str, **content: Any) -> None:
    about = book.about_request("1001-F1", number)
    said = {"number": number, "request_number": "1001-F1", "shipped_at": AT, **content}
    book.apply(book.said(Shipment, "wms", about, **said))


def tracked(book: Book, tracking: str, stage: str, at: str, version: str) -> None:
    about = shop.identity("1001", version=version, intent="delta")
    book.apply(book.said(ShipmentStatus, "tms", about, tracking=tracking, stage=stage, happened_at=at))


def head(book: Book) -> dict[str, Any]:
    (row,) = book.rows(tables.order_head)
    return {**row, "progress": loads(row["progress"])}


def item(sku: str, value: str, **said: Any) -> dict[str, Any]:
    return {"sku": sku, "quantity": {"value": value}, **said}


def test_goods_in_nested_packages_count_for_their_lines(book: Book):
    carton = {"sscc": "0" * 18, "tracking": "1Z1", "items": [item("MUG", "2", lot="L1")]}
    shipment(book, "S1", packages=[{"type": "PLT", "packages": [carton, {"items": [item("HAT", "1")]}]}])
    assert head(book)["status"] == "shipped"
    assert head(book)["progress"]["parcels"]["1Z1"]["shipment"] == "S1"
    assert [row["shipped"] for row in book.rows(tables.order_line)] == [2_000_000, 1_000_000]


def test_a_shipment_of_what_nobody_ordered_is_a_dead_letter_that_names_it(book: Book):
    shipment(book, "S1", items=[item("SOCK", "1")])
    (failure,) = book.rows(tables.failure)
    assert "the SKU SOCK, which the order #1001 has not" in failure["text"]


def test_a_request_that_is_complete_though_short_leaves_the_order_shipped(book: Book):
    shipment(book, "S1", items=[item("MUG", "1"), item("HAT", "1")], complete=True)
    assert head(book)["status"] == "shipped"


def test_the_order_is_delivered_when_all_its_parcels_are(book: Book):
    shipment(book, "S1", items=[item("MUG", "2"), item("HAT", "1")], tracking=["1Z1", "1Z2"])
    tracked(book, "1Z1", "delivered", "2026-03-04T10:00:00Z", "a")
    assert head(book)["status"] == "shipped"
    tracked(book, "1Z2", "delivered", "2026-03-05T10:00:00Z", "b")
    assert head(book)["status"] == "delivered"


def test_what_a_carrier_says_late_does_not_undo_what_happened_later(book: Book):
    shipment(book, "S1", items=[item("MUG", "2"), item("HAT", "1")], tracking=["1Z1"])
    tracked(book, "1Z1", "delivered", "2026-03-05T10:00:00Z", "b")
    tracked(book, "1Z1", "in_transit", "2026-03-04T10:00:00Z", "a")
    assert head(book)["status"] == "delivered"


def test_a_shipment_told_again_replaces_what_was_told(book: Book):
    shipment(book, "S1", items=[item("MUG", "1")])
    about = book.about_request("1001-F1", "S1 corrected")
    said = {"number": "S1", "request_number": "1001-F1", "shipped_at": AT, "items": [item("MUG", "2")]}
    book.apply(book.said(Shipment, "wms", about, **said))
    assert [row["shipped"] for row in book.rows(tables.order_line)] == [2_000_000, 0]


def test_what_was_told_before_does_not_make_its_request_complete(book: Book):
    for version in ("a", "b", "c"):
        about = book.about_request("1001-F1", version)
        said = {"number": "S1", "request_number": "1001-F1", "shipped_at": AT, "items": [item("MUG", "1")]}
        book.apply(book.said(Shipment, "wms", about, **said, carrier=version))
    assert head(book)["progress"]["requests"]["1001-F1"]["stage"] == "partly_shipped"
    assert head(book)["progress"]["requests"]["1001-F1"]["shipped"] == {"1": 1_000_000}


def test_how_far_a_warehouse_is_shows_in_its_row(book: Book):
    about = book.about_request("1001-F1", "1")
    book.apply(book.said(FulfilmentStatus, "wms", about, request_number="1001-F1", stage="short", reason="3 left"))
    (row,) = book.rows(tables.order_system, system="wms")
    assert (row["actual"], row["note"]) == ("short", "3 left")
    assert head(book)["progress"]["requests"]["1001-F1"]["stage"] == "short"


def test_a_partner_that_could_not_read_what_it_got_is_not_as_expected(book: Book):
    about = shop.identity("1001", version="g12", intent="delta")
    fault = {"place": "PRF01", "code": "1"}
    content = {"group_number": "12", "of_type": "856", "accepted": False, "code": "R", "faults": [fault]}
    book.apply(book.said(FunctionalAcknowledgement, "shop", about, **content))
    (row,) = book.rows(tables.order_system, system="shop")
    assert row["actual"] == "rejected"
    assert "rejected the 856 of group 12: PRF01: 1" in row["note"]


def test_the_heads_are_what_the_events_fold_into(book: Book):
    shipment(book, "S1", items=[item("MUG", "2"), item("HAT", "1")], tracking=["1Z1"])
    tracked(book, "1Z1", "exception", "2026-03-05T10:00:00Z", "b")
    book.require_folded()
