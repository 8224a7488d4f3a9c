"""A hub for the tests of what people do with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.operations.hub_process import Hub, running_hub


@pytest.fixture
async def hub(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hub]:
    """A hub on an empty database of each kind, with an ERP and a CRM."""
    async with running_hub(tmp_path / "workspace", database_url, monkeypatch) as running:
        yield running
