"""What people do by the command line has its effect, and is told."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
from sqlalchemy import update

from hub.store import tables
from hub.store.connections import PAUSED_KEY, write_state
from tests.cli.command import crossdock
from tests.operations.hub_process import Hub


async def failure(code: str) -> dict[str, Any]:
    flat = (await crossdock("failures", "list", "--flat", "--format", "json")).json
    found: dict[str, Any] = next(one for one in flat if one["code"] == code)
    return found


async def test_a_missing_row_is_added_and_the_order_replayed(busy_hub: Hub) -> None:
    added = await crossdock("crosswalk", "add", "materials", "CAP", "300-1")
    assert added.out == "In materials, CAP is 300-1.\n"
    again = await crossdock("crosswalk", "add", "materials", "CAP", "300-2", "--from", "2020-01-01")
    assert again.out == "In materials, CAP is 300-2, instead of 300-1.\n"
    done = await crossdock("replay", "run", "--order", "#1002", "--yes")
    assert done.status == 0
    assert "1 resubmitted" in done.out
    await busy_hub.deliver()
    bodies = busy_hub.counterparts["erp"].state()["bodies"]
    assert '"material":"300-2"' in bodies[-1]["body"]
    shown = (await crossdock("orders", "show", "#1002", "--format", "json")).json
    assert all(row["agrees"] for row in shown["systems"])


async def test_a_row_is_taken_back(hub: Hub) -> None:
    for code in ("300-1", "300-2", "300-3"):
        await crossdock("crosswalk", "add", "materials", "CAP", code)
    removed = await crossdock("crosswalk", "remove", "materials", "CAP")
    assert removed.out == "Removed from materials: 300-3. Today CAP is 300-2.\n"
    removed = await crossdock("crosswalk", "remove", "materials", "CAP", "--all")
    assert removed.out == "Removed from materials: 300-2, 300-1. Today CAP has no entry.\n"


async def test_a_plan_is_made_shown_run_and_listed(busy_hub: Hub) -> None:
    one = await failure("rejected")
    planned = await crossdock("replay", "plan", one["id"][-8:], "--mode", "resend", "--format", "json")
    id_ = planned.json["id"]
    assert planned.json["counts"] == {"would-resubmit": 1}
    text = await crossdock("replay", "show", id_[-8:])
    assert "The same bytes are sent to crm." in text.out
    assert f"Nothing was done yet: crossdock replay run {id_[-8:]}" in text.out
    before = busy_hub.effect_count("crm")
    done = await crossdock("replay", "run", id_[-8:])
    assert "resubmitted" in done.out
    await busy_hub.deliver()
    assert busy_hub.effect_count("crm") == before + 1
    listed = await crossdock("replay", "list")
    assert id_[-8:] in listed.out
    assert "1 resubmitted" in listed.out


async def test_a_plan_that_was_cancelled_is_refused(busy_hub: Hub) -> None:
    id_ = (await crossdock("replay", "plan", "--all", "--format", "json")).json["id"]
    assert "cancelled" in (await crossdock("replay", "cancel", id_[-8:])).out
    refused = await crossdock("replay", "run", id_[-8:])
    assert (refused.status, refused.out) == (4, "")
    assert "cancelled" in refused.err


async def test_nothing_is_replayed_at_once_without_being_asked(busy_hub: Hub) -> None:
    refused = await crossdock("replay", "run", "--all")
    assert refused.status == 4
    assert "--yes" in refused.err
    assert (await crossdock("replay", "list", "--format", "json")).json == []


async def test_what_fails_again_ends_as_a_finding(hub: Hub) -> None:
    await hub.receive(number=1, lines=[{"id": 1, "sku": "MUG", "quantity": "many"}])
    hub.drain()
    done = await crossdock("replay", "run", "--connection", "shop", "--yes")
    assert done.status == 1
    assert "1 error" in done.out


async def test_in_doubt_is_settled_with_the_counterparts_number(busy_hub: Hub) -> None:
    one = await failure("in_doubt")
    settled = await crossdock("failures", "settle", one["id"][-8:], "delivered", "--number", "id=4711")
    assert settled.out == f"The delivery {one['target'][-8:]} to erp is delivered\n"
    await busy_hub.deliver()
    shown = (await crossdock("orders", "show", "4711", "--format", "json")).json
    assert shown["number"] == "#1003"
    assert {one["state"] for one in shown["deliveries"]} == {"delivered"}


async def test_what_did_not_arrive_is_sent_again(busy_hub: Hub) -> None:
    one = await failure("in_doubt")
    assert "planned" in (await crossdock("failures", "settle", one["target"][-8:], "not-delivered")).out
    await busy_hub.deliver()
    assert busy_hub.effects("erp")[f"test:{one['target']}:1"] == 1


async def test_a_connection_is_tested_and_resumed(busy_hub: Hub) -> None:
    with busy_hub.store.write() as connection:
        for name in ("erp", "crm"):
            write_state(connection, name, PAUSED_KEY, "The key was refused.", at=1)
    listed = (await crossdock("connections", "list")).out
    assert re.search(r"paused since 19(69|70)-\S+ \S+: The key was refused\.", listed)
    well = await crossdock("connections", "test", "erp")
    assert well.status == 0
    assert "erp is well" in well.out
    assert "It was paused, and runs again." in well.out
    resumed = await crossdock("connections", "resume", "crm")
    assert resumed.out == "crm runs again. It was paused: The key was refused.\n"
    assert (await crossdock("connections", "resume", "crm")).out == "crm was not paused.\n"
    unwell = await crossdock("connections", "test", "shop")
    assert unwell.status == 1
    assert "could not be reached" in unwell.out


async def test_the_heads_are_rebuilt(busy_hub: Hub) -> None:
    with busy_hub.store.write() as connection:
        connection.execute(update(tables.order_head).where(tables.order_head.c.number == "#1001").values(status="gone"))
    rebuilt = await crossdock("ledger", "rebuild", "#1001", "#1002")
    assert "2 orders and 0 stocks folded from their events; 1 differed." in rebuilt.out
    assert (await crossdock("ledger", "rebuild", "--format", "json")).json == {
        "orders": 4,
        "stocks": 0,
        "differences": [],
    }


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        ("orders show '#9999'", 1, "No order has the number '#9999'"),
        ("messages show abcdef", 1, "There is no message 'abcdef'"),
        ("messages show abc", 2, "6 characters"),
        ("messages list --state broken", 2, "in_doubt"),
        ("messages list --since yesterday", 2, "2026-03-31"),
        ("failures show mapping:erp:nothing", 1, "No open failure is of the group"),
        ("failures settle abcdef drop", 1, "abcdef"),
        ("failures settle abcdef drop --number 4711", 2, "kind=value"),
        ("replay plan", 2, "in one way"),
        ("replay plan --order '#1' --all", 2, "in one way"),
        ("replay run", 2, "Name a plan"),
        ("replay run abcdef", 1, "There is no replay"),
        ("crosswalk add material CAP 1", 4, "did you mean 'materials'"),
        ("crosswalk add materials CAP 1 --to soon", 2, "is no day"),
        ("crosswalk list colours", 1, "There is no crosswalk"),
        ("crosswalk remove colours red", 1, "There is no crosswalk"),
        ("crosswalk remove materials MUG", 4, "config/crosswalks/materials.csv:2"),
        ("connections resume crn", 1, "did you mean 'crm'"),
        ("connections pause crn", 1, "did you mean 'crm'"),
        ("connections trust crn", 1, "did you mean 'crm'"),
        ("connections resend crn --all", 1, "did you mean 'crm'"),
        ("connections resend crm", 2, "--all"),
        ("connections resend crm abcdef --all", 2, "--all"),
        ("connections resend crm abcdef", 1, "There is no delivery"),
        ("connectors describe htpt", 1, "did you mean 'http'"),
        ("deliveries show abcdef", 1, "There is no delivery"),
        ("ledger rebuild '#9999'", 1, "No order has the number"),
    ],
)
async def test_what_cannot_be_done_is_told_in_a_sentence(hub: Hub, words: str, status: int, says: str) -> None:
    ended = await crossdock(*shlex.split(words))
    assert (ended.status, ended.out) == (status, "")
    assert says in ended.err
    assert "Traceback" not in ended.err


COMMANDS = [
    ["orders", "list"],
    ["orders", "show", "#1001"],
    ["messages", "list"],
    ["failures", "list"],
    ["failures", "list", "--flat"],
    ["replay", "plan", "--all"],
    ["replay", "list"],
    ["crosswalk", "list"],
    ["crosswalk", "list", "materials"],
    ["crosswalk", "add", "materials", "CAP", "1"],
    ["crosswalk", "remove", "materials", "CAP"],
    ["connections", "list"],
    ["connections", "test", "erp"],
    ["connections", "pause", "erp"],
    ["connections", "resume", "erp"],
    ["connections", "resend", "erp", "--all"],
    ["connections", "trust", "erp"],
    ["connectors", "list"],
    ["connectors", "describe", "http"],
    ["ledger", "rebuild"],
    ["check"],
    ["test"],
]


async def test_json_is_one_document_and_nothing_else(busy_hub: Hub) -> None:
    for words in COMMANDS:
        ended = await crossdock(*words, "--format", "json")
        assert (ended.status, ended.err) == (0, ""), words
        assert isinstance(ended.json, dict | list), words
