"""Stock: the last count of an article at a node."""

from __future__ import annotations

from typing import Any

from hub.contract.documents import InventoryAdvice
from hub.ledger.incoming import Incoming
from hub.store import tables
from tests.ledger import shop
from tests.ledger.book import Book


def counted(book: Book, sku: str, available: str, version: str, **said: Any) -> Incoming:
    about = shop.identity(sku, subject_kind="stock", system="wms", reference_kind="sku", version=version)
    content = {"node": "east", "sku": sku, "available": {"value": available}, **said}
    one = book.said(InventoryAdvice, "wms", about, **content)
    book.apply(one)
    return one


def test_the_last_count_stands(book: Book):
    counted(book, "MUG", "12", "2026-03-02T10:00:00Z", on_hand={"value": "14"})
    counted(book, "MUG", "9", "2026-03-03T10:00:00Z")
    (row,) = book.rows(tables.stock_level)
    assert (row["node"], row["sku"], row["available"], row["on_hand"]) == ("east", "MUG", 9_000_000, None)


def test_an_older_count_that_comes_late_changes_nothing(book: Book):
    counted(book, "MUG", "9", "2026-03-03T10:00:00Z")
    late = counted(book, "MUG", "12", "2026-03-02T10:00:00Z")
    assert book.states(late) == ["superseded"]
    assert book.rows(tables.stock_level)[0]["available"] == 9_000_000


def test_quantities_in_two_units_are_refused(book: Book):
    counted(book, "MUG", "9", "", on_hand={"value": "1", "unit": "CS"})
    (failure,) = book.rows(tables.failure)
    assert "on_hand is in CS, available in EA" in failure["text"]
