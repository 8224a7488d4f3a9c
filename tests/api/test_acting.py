"""Everything that can be done, and that what is done bears the token's name."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from hub.store import tables
from hub.store.connections import PAUSED_KEY, write_state
from tests.api.served import Api, served
from tests.operations.hub_process import Hub
from tests.runtime.hubs import rows
from tests.runtime.workspaces import prepare
from tests.transports.sftp_server import PASSWORD, FaultyServer


async def failure_of(api: Api, order: str) -> Any:
    """The open failure of an order."""
    return next(one for one in await api.get("/failures") if one["order"] == order)


async def test_what_failed_is_mended_and_sent_again(busy_hub: Hub, api: Api) -> None:
    failure = await failure_of(api, "#1002")
    added = await api.post("/crosswalks/materials", 201, value="CAP", target="100-300")
    assert added["row"]["origin"] == "added by writer"
    message = (await api.get("/messages", find="#1002"))["messages"][0]["id"]
    plan = await api.post(f"/messages/{message}/replay", 201)
    assert [item["failure"] for item in plan["items"]] == [failure["id"]]
    assert plan["actor"] == "writer"
    done = await api.post(f"/replays/{plan['id']}/run")
    assert done["counts"] == {"resubmitted": 1}
    await busy_hub.settle()
    shown = await api.get("/orders/%231002")
    assert {one["state"] for one in shown["deliveries"]} == {"delivered"}
    assert "writer" in {one["actor"] for one in shown["timeline"] if one["kind"] == "delivery.resumed"}
    again = await api.client.post(f"/replays/{plan['id']}/run")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "operation_refused")


async def test_an_added_row_is_removed(busy_hub: Hub, api: Api) -> None:
    await api.post("/crosswalks/materials", 201, value="MUG", target="100-300")
    removed = await api.client.delete("/crosswalks/materials", params={"value": "MUG"})
    assert removed.status_code == 200
    assert (removed.json()["rows"][0]["target"], removed.json()["now"]) == ("100-300", "100-201")
    again = await api.client.delete("/crosswalks/materials", params={"value": "MUG"})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "operation_refused")
    kept = await api.reader.delete("/crosswalks/materials", params={"value": "MUG"})
    assert kept.status_code == 403


async def test_a_plan_can_be_looked_at_and_cancelled(busy_hub: Hub, api: Api) -> None:
    plan = await api.post("/replays", 201, everything=True, mode="resend")
    assert [one["id"] for one in await api.get("/replays")] == [plan["id"]]
    assert (await api.post(f"/replays/{plan['id']}/cancel"))["state"] == "cancelled"
    assert (await api.get(f"/replays/{plan['id']}"))["state"] == "cancelled"
    nothing = await api.client.post("/replays", json={"everything": True, "order": "#1002"})
    assert (nothing.status_code, nothing.json()["error"]["code"]) == (400, "bad_input")


async def test_a_doubt_is_settled(busy_hub: Hub, api: Api) -> None:
    failure = await failure_of(api, "#1003")
    settled = await api.post(f"/failures/{failure['id']}/settle", decision="delivered", numbers={"id": "4711"})
    assert settled["state"] == "delivered"
    shown = await api.get("/orders/4711")
    assert shown["number"] == "#1003"
    assert [one["actor"] for one in shown["timeline"] if one["kind"] == "delivery.delivered"][-1] == "writer"
    twice = await api.client.post(f"/failures/{failure['id']}/settle", json={"decision": "drop"})
    assert twice.status_code == 409


async def test_a_connection_is_paused_tested_and_resumed(hub: Hub, api: Api) -> None:
    paused = await api.post("/connections/erp/pause", reason="upgrade")
    assert paused["reason"] == "writer paused it: upgrade"
    assert (await api.post("/connections/erp/test"))["ok"]
    assert (await api.post("/connections/erp/resume"))["was_paused"] == paused["reason"]
    erp = next(one for one in await api.get("/connections") if one["name"] == "erp")
    assert [(act["did"], act["actor"]) for act in erp["acts"]] == [("resumed", "writer"), ("paused", "writer")]
    assert (await api.post("/connections/erp/host-keys"))["keys"] == []
    untrusted = await api.client.post("/connections/erp/host-keys/trust", json={"fingerprint": "SHA256:abc"})
    assert (untrusted.status_code, untrusted.json()["error"]["where"]) == (409, {"connection": "erp"})
    assert (await api.post("/connections/erp/resend", everything=True))["deliveries"] == []
    assert (await api.client.post("/connections/erp/resend", json={})).status_code == 400


async def test_the_ledger_is_rebuilt(busy_hub: Hub, api: Api) -> None:
    assert await api.post("/ledger/rebuild") == {"orders": 3, "stocks": 0, "differences": []}
    with busy_hub.store.write() as connection:
        connection.execute(tables.order_head.update().values(currency="USD"))
    rebuilt = await api.post("/ledger/rebuild", orders=["#1001"])
    assert [one["number"] for one in rebuilt["differences"]] == ["#1001"]
    assert [row["currency"] for row in rows(busy_hub.store, tables.order_head, number="#1001")] == ["EUR"]


async def test_who_waits_for_the_database_holds_up_nobody_else(hub: Hub, api: Api) -> None:
    with hub.store.write() as connection:
        write_state(connection, "erp", PAUSED_KEY, "somebody is about to", at=hub.clock.now())
        waiting = [asyncio.create_task(api.post("/connections/erp/pause")) for _ in range(3)]
        for path in ("/connections", "/orders", f"http://127.0.0.1:{api.port}/health/ready"):
            assert (await api.client.get(path)).status_code == 200
        assert not any(one.done() for one in waiting)
    assert {one["name"] for one in await asyncio.gather(*waiting)} == {"erp"}


async def test_a_host_key_is_trusted_by_its_fingerprint(database_url: str, tmp_path: Path) -> None:
    for name in ("in", "out"):
        (tmp_path / "root" / name).mkdir(parents=True)
    with FaultyServer(tmp_path / "root").running() as server:
        store, _ = prepare(database_url, sftp_connection(server.port))
        async with served(store) as api:
            [key] = (await api.post("/connections/erp/host-keys"))["keys"]
            other = await api.client.post("/connections/erp/host-keys/trust", json={"fingerprint": "SHA256:abc"})
            assert (other.status_code, key["fingerprint"] in other.text) == (409, True)
            early = await api.client.post("/connections/erp/reconcile")
            assert (early.status_code, early.json()["error"]["code"]) == (502, "auth")
            trusted = await api.post("/connections/erp/host-keys/trust", fingerprint=key["fingerprint"])
            assert trusted["ok"], trusted
            assert (await api.post("/connections/erp/reconcile"))["stored"] == 0
            [erp] = await api.get("/connections")
            assert [(act["did"], act["actor"]) for act in erp["acts"]] == [("trusted", "writer")]
        store.close()


def sftp_connection(port: int) -> dict[str, str]:
    """A workspace with an ERP behind an SFTP server whose key nobody confirmed yet."""
    return {
        "config/hub.yaml": "environment: test\n",
        "config/connections/erp.yaml": "connection: erp\ntype: sap_idoc\n"
        f"sftp:\n  host: 127.0.0.1\n  port: {port}\n  user: acme\n  password: {PASSWORD}\n  timeout: 10\n"
        "inbox: {directory: out}\noutbox: {directory: in}\n",
    }


async def test_the_configuration_is_looked_at_and_rolled_back(hub: Hub, api: Api) -> None:
    """The web process follows, too: what it serves is what is active."""
    first = hub.workspace.version
    hub.rewrite("mappings/test/crm_order.yaml", "number: source.number", "order: source.number")
    [file] = (await api.get("/configuration/diff", after="active", before=first[:8]))["files"]
    assert "+  order: source.number\n" in file["text"]
    path = f"/configuration/versions/{first[:8]}/files/{file['path']}"
    assert b"  number: source.number" in (await api.reader.get(path)).content
    done = await api.post(f"/configuration/versions/{first[:8]}/rollback")
    assert (done["version"], done["files"]) == (first, [file["path"]])
    [version] = [one for one in await api.get("/configuration/versions") if one["active"]]
    assert [(one["purpose"], one["actor"]) for one in version["activations"]] == [
        ("rollback", "writer"),
        ("run", "test"),
    ]
    async with asyncio.timeout(30):
        while [one["version"] for one in await api.get("/configuration/processes")] != [first]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
