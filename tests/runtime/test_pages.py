"""Storing what a pull found: a large file is staged in parts, and never stored with a part missing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.contract.clock import SystemClock
from hub.contract.connector import Item, Page
from hub.contract.errors import TransientError
from hub.runtime.pages import PageStore
from hub.store import Store, tables
from hub.store.bodies import read_whole
from hub.store.schema import migrate
from tests.runtime.hubs import rows

PART = b"x" * (1024 * 1024)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    made = Store(database_url)
    migrate(made)
    yield made
    made.close()


def page(body: Iterator[bytes]) -> Page:
    return Page([Item(key="out/large.csv:1:1", type="acme.stock", name="large.csv", body=body, content_in_key=True)])


def parts(number: int) -> Iterator[bytes]:
    return iter([PART] * number)


def test_a_large_file_is_stored_whole_and_once(store: Store) -> None:
    pages = PageStore(store, SystemClock(), "erp")
    [(_, first)] = pages.store(page(parts(10)))
    [(_, again)] = pages.store(page(parts(10)))
    assert (first.duplicate, again.duplicate, again.message) == (False, True, first.message)
    with store.read() as connection:
        assert read_whole(connection, first.message) == PART * 10
    assert {row["owner"] for row in rows(store, tables.body)} == {first.message}


def test_a_file_whose_parts_another_worker_took_for_leftovers_is_not_stored(store: Store) -> None:
    def overtaken() -> Iterator[bytes]:
        yield from parts(9)
        PageStore(store, SystemClock(), "erp").store(page(parts(1)))
        yield from parts(1)

    with pytest.raises(TransientError, match=r"large\.csv"):
        PageStore(store, SystemClock(), "erp").store(page(overtaken()))
    [message] = rows(store, tables.message)
    assert message["size"] == len(PART)
    pages = PageStore(store, SystemClock(), "erp")
    [(_, stored)] = pages.store(page(parts(10)))
    with store.read() as connection:
        assert read_whole(connection, stored.message) == PART * 10
    assert {row["owner"] for row in rows(store, tables.body)} == {message["id"], stored.message}
