"""The command line, run as a person would, on a hub that has something to show."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.operations.hub_process import Hub, running_hub


@pytest.fixture
async def hub(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hub]:
    """A hub whose workspace is the current directory."""
    async with running_hub(tmp_path / "workspace", database_url, monkeypatch) as running:
        monkeypatch.chdir(running.root)
        yield running


@pytest.fixture
async def busy_hub(hub: Hub) -> Hub:
    """A hub that has seen it all.

    #1001 went well and was changed; #1002 has an article that the ERP does not know; of #1003
    nobody knows whether the ERP has it, and a change waits behind; the CRM refused #1004; one
    message is no JSON.
    """
    await hub.receive(number=1, key="webhook-1", name="first.json")
    await hub.settle()
    await hub.receive(number=1, updated_at="2026-03-02T10:16:02Z", total="25.00")
    await hub.receive(number=2, lines=[{"id": 1, "sku": "CAP", "quantity": 1}])
    await hub.receive_bytes(b'{"id": ', name="[bold]broken\x1b[31m.json")
    await hub.settle()
    hub.misbehave("erp", "read_and_close")
    await hub.receive(number=3)
    await hub.settle()
    await hub.receive(number=3, updated_at="2026-03-02T10:16:02Z", total="25.00")
    hub.misbehave("crm", "error_400")
    await hub.receive(number=4)
    await hub.settle()
    return hub
