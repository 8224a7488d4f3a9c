"""A ledger in an empty database of each kind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.store import Store
from hub.store.schema import migrate
from tests.ledger.book import Book


@pytest.fixture
def book(database_url: str) -> Iterator[Book]:
    store = Store(database_url)
    migrate(store)
    yield Book(store)
    store.close()
