"""The gate from the command line: its statuses, and what it says to people, programs and pages."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.command import crossdock
from tests.operations.hub_process import Hub

ORDER = "mappings/test/order.yaml"
HOSTILE = "<b>#1003</b>\x1b[31m[red]"


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite alone: what the gate reads of each kind of database is tested where it is read."""
    return f"sqlite:///{tmp_path / 'crossdock.db'}"


@pytest.fixture
async def new(hub: Hub, tmp_path: Path) -> Path:
    """A copy of the files of a hub that got three orders, one of them hostile."""
    await hub.receive(number=1)
    await hub.receive(number=2, lines=[{"id": 1, "sku": "CAP", "quantity": 1}])
    await hub.receive(number=3, name=HOSTILE)
    hub.drain()
    shutil.copytree(hub.root, tmp_path / "new")
    return tmp_path / "new"


def change(root: Path, name: str, before: str, after: str) -> None:
    text = (root / name).read_text()
    assert before in text
    (root / name).write_text(text.replace(before, after))


async def test_a_gate_is_passed_refused_or_wrong(new: Path) -> None:
    passed = await crossdock("gate", str(new))
    assert passed.status == 0
    assert passed.out.startswith("3 messages, 3 documents, 6 deliveries: 1 fail under both.\n")

    page = new.parent / "gate.html"
    change(new, ORDER, "number: source.name", "number: \"'N' ~ source.name\"")
    refused = await crossdock("gate", str(new), "--last", "500", "--html", str(page))
    assert refused.status == 1
    assert refused.out.splitlines()[0] == "3 messages, 3 documents, 6 deliveries: 8 would change, 1 fail under both."
    assert "Values that would change" in refused.out
    assert "shop, orders, test/order: number (mappings/test/order.yaml:5)  3 times" in refused.out
    assert '"#1001" → "N#1001"; #1001, ' in refused.out
    assert "\x1b" not in refused.out
    assert "Fail under both configurations" in refused.out
    assert "N#1001" in page.read_text()
    assert "<b>" not in page.read_text()

    said = await crossdock("gate", str(new), "--since", "7d", "--connection", "shop", "--format", "json")
    assert said.status == 1
    assert said.json["counts"] == {"would change": 8, "fail under both": 1}
    [first, *_] = said.json["groups"]
    assert (first["kind"], first["place"]["connection"], first["place"]["field"]) == ("changes", "crm", "number")
    assert {json.loads(example["after"]) for example in first["examples"]} >= {"N#1001"}

    change(new, "pipelines/orders.yaml", "map: test/erp_order", "map: test/erp_sale")
    wrong = await crossdock("gate", str(new))
    assert wrong.status == 4
    assert "pipelines/orders.yaml:8:20: unknown-mapping: there is no mapping 'test/erp_sale'" in wrong.err
    assert wrong.out == ""


async def test_what_cannot_be_done_is_said(new: Path) -> None:
    both = await crossdock("gate", str(new), "--last", "5", "--since", "7d")
    assert (both.status, both.err) == (2, "Say either --last or --since.\n")
    nowhere = await crossdock("gate", str(new / "nowhere"))
    assert nowhere.status == 4
    assert "is no workspace" in nowhere.err
    unwritten = await crossdock("gate", str(new), "--html", str(new / "no" / "such.html"))
    assert unwritten.status == 4
    assert "cannot be written: No such file or directory." in unwritten.err
    assert unwritten.out.startswith("3 messages"), "what took its time is told all the same"
