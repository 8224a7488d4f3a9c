"""A hub that has something to show, and its API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.served import Api, served
from tests.operations.hub_process import Hub, running_hub


@pytest.fixture
async def hub(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hub]:
    """A hub on an empty database of each kind, with an ERP and a CRM."""
    async with running_hub(tmp_path / "workspace", database_url, monkeypatch) as running:
        yield running


@pytest.fixture
async def busy_hub(hub: Hub) -> Hub:
    """#1001 went well; of #1002 the ERP does not know an article; of #1003 nobody knows whether the ERP has it."""
    await hub.receive(number=1, key="webhook-1", name="orders/first.json")
    await hub.receive(number=2, lines=[{"id": 1, "sku": "CAP", "quantity": 1}])
    await hub.settle()
    hub.misbehave("erp", "read_and_close")
    await hub.receive(number=3)
    await hub.settle()
    return hub


@pytest.fixture
async def api(hub: Hub) -> AsyncIterator[Api]:
    """The API of the hub."""
    async with served(hub.store) as running:
        yield running
