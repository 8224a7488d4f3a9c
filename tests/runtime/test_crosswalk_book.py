"""Code tables of a running hub: rows of files under rows that people added, read both ways."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from hub.mapping import ValueRefused
from hub.runtime.lookups import CrosswalkBook, RecordedLookups
from hub.source import Problems
from hub.store import Store
from hub.store.crosswalks import add_row
from hub.store.schema import migrate
from hub.workspace.crosswalks import read_crosswalk

TODAY = date(2026, 7, 1)
FILE = b"from,to,valid_from,valid_to\nMUG,1,,2026-06-30\nMUG,5,2026-07-01,\nTEA,2,,\n"


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A database with its tables."""
    opened = Store(database_url)
    migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def book(store: Store) -> CrosswalkBook:
    """The table of the file, with MUG called 7 since."""
    table = read_crosswalk("materials", FILE, "materials.csv", Problems())
    assert table is not None
    for value, target, first in (("MUG", "7", "2026-07-01"), ("CAP", "8", None)):
        with store.write() as connection:
            add_row(connection, "materials", value, target, valid_from=first, valid_to=None, actor="ada", at=1)
    book = CrosswalkBook({"materials": table})
    with store.read() as connection:
        book.refresh(connection)
    return book


def test_what_a_value_is_called_leads_back_to_it(book: CrosswalkBook) -> None:
    assert [book.reverse("materials", code, TODAY) for code in ("7", "8", "2")] == ["MUG", "CAP", "TEA"]
    assert book.reverse("materials", "1", date(2026, 6, 30)) == "MUG"


@pytest.mark.parametrize("code", ["1", "5", "9"])
def test_a_code_that_counts_no_more_leads_nowhere(book: CrosswalkBook, code: str) -> None:
    with pytest.raises(ValueRefused, match=f"no value whose code is '{code}'"):
        book.reverse("materials", code, TODAY)


def test_the_mapping_may_name_the_day_and_the_answer_is_kept_by_it(book: CrosswalkBook) -> None:
    lookups = RecordedLookups(book, TODAY, lambda _system, _kind: None)
    assert lookups.crosswalk("materials", "MUG") == "7"
    assert lookups.crosswalk("materials", "MUG", on=date(2026, 6, 1)) == "1"
    assert lookups.crosswalk("materials", "1", reverse=True, on=date(2026, 6, 1)) == "MUG"
    assert lookups.answers == {
        "crosswalk:materials:MUG": "7",
        "crosswalk@2026-06-01:materials:MUG": "1",
        "crosswalk-reverse@2026-06-01:materials:1": "MUG",
    }
