"""Migrated databases of both kinds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.store import Store
from hub.store.schema import migrate


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    opened = Store(database_url)
    migrate(opened)
    yield opened
    opened.close()
