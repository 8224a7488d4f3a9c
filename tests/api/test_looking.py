"""Everything that can be looked at, as a program sees it."""

from __future__ import annotations

import json

from hub.contract.connector import Item
from hub.runtime.intake import Intake
from tests.api.served import Api
from tests.operations.hub_process import Hub
from tests.operations.shop import body, order


async def test_what_can_be_looked_at(busy_hub: Hub, api: Api) -> None:
    """One process for all of these, since starting it is what takes time."""
    await looks_at_messages(api)
    await looks_at_orders_and_deliveries(api)
    await looks_at_failures(api)
    await looks_at_connections_and_connectors(api)
    await looks_at_crosswalks(api)
    await looks_at_the_configuration(busy_hub, api)


async def looks_at_messages(api: Api) -> None:
    page = await api.get("/messages", limit=2)
    assert [one["orders"] for one in page["messages"]] == [["#1003"], ["#1002"]]
    rest = await api.get("/messages", limit=2, after=page["next"])
    assert [one["orders"] for one in rest["messages"]] == [["#1001"]]
    assert rest["next"] is None
    [found] = (await api.get("/messages", find="webhook-1"))["messages"]
    assert found["id"] == rest["messages"][0]["id"]
    assert (await api.get("/messages", state="dead", connection="shop"))["messages"][0]["orders"] == ["#1002"]
    assert (await api.get("/messages", since="2099-01-01T00:00:00Z"))["messages"] == []
    shown = await api.get(f"/messages/{found['id'][-8:]}")
    assert shown["documents"][0]["order"] == "#1001"
    assert shown["received_at"].endswith("Z")
    await downloads_a_body(api, found["id"])
    await tells_where_a_field_came_from(api, found["id"], shown["documents"][0]["deliveries"])


async def tells_where_a_field_came_from(api: Api, message: str, deliveries: list[dict[str, str]]) -> None:
    told = await api.get(f"/messages/{message}/lineage", field="buyer.email")
    [field] = told["traced"][0]["fields"]
    assert (field["value"], field["reads"][0]["path"]) == ("ada@mail.example", "source.email")
    delivery = next(one["id"] for one in deliveries if one["connection"] == "erp")
    sent = await api.get(f"/messages/{message}/lineage", delivery=delivery, field="lines.material")
    assert sent["traced"][0]["fields"][-1]["answers"][0]["answer"] == "100-201"


async def downloads_a_body(api: Api, message: str) -> None:
    answer = await api.reader.get(f"/messages/{message}/body")
    assert answer.content == body(order(1))
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''first.json"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def looks_at_orders_and_deliveries(api: Api) -> None:
    listed = await api.get("/orders", number="#1001")
    assert [one["total"] for one in listed] == ["19.9"]
    assert len(await api.get("/orders", trouble=True)) == 2
    shown = await api.get("/orders/%231001")
    assert [item["quantity"] for item in shown["items"]] == ["2"]
    assert {one["state"] for one in shown["deliveries"]} == {"delivered"}
    to_erp = next(one for one in shown["deliveries"] if one["connection"] == "erp")
    sent = await api.get(f"/deliveries/{to_erp['id']}")
    assert json.loads(sent["body"]["text"])["number"] == "#1001"
    bytes_sent = await api.client.get(f"/deliveries/{to_erp['id']}/body")
    assert json.loads(bytes_sent.content)["number"] == "#1001"


async def looks_at_failures(api: Api) -> None:
    listed = await api.get("/failures", connection="erp")
    assert sorted(one["order"] for one in listed) == ["#1002", "#1003"]
    groups = await api.get("/failures/groups")
    assert [group["count"] for group in groups] == [1, 1]
    of_group = await api.get("/failures", group=groups[0]["key"])
    assert [one["id"] for one in of_group] == [groups[0]["example"]]
    shown = [await api.get(f"/failures/{one['id']}") for one in listed]
    assert all(one["remedies"] for one in shown)
    assert (await api.get(f"/failures/{groups[0]['key']}"))["group"] == groups[0]["key"]
    assert await api.get("/failures", closed=True) == []
    unmade = next(one["target"] for one in listed if one["order"] == "#1002")
    assert (await api.refused(f"/deliveries/{unmade}/body", 404))["message"] == "Its bytes are not made yet."


async def looks_at_connections_and_connectors(api: Api) -> None:
    assert [one["name"] for one in await api.get("/connections")] == ["crm", "erp", "shop"]
    assert {"shopify", "http"} <= {one["type"] for one in await api.get("/connectors")}
    described = await api.get("/connectors/shopify")
    assert "webhook_secret" in described["json_schema"]["properties"]


async def looks_at_crosswalks(api: Api) -> None:
    assert [one["name"] for one in await api.get("/crosswalks")] == ["materials"]
    assert [one["target"] for one in await api.get("/crosswalks/materials", value="MUG")] == ["100-201"]


async def looks_at_the_configuration(hub: Hub, api: Api) -> None:
    [version] = await api.get("/configuration/versions")
    assert (version["version"], version["active"]) == (hub.workspace.version, True)
    shown = await api.get(f"/configuration/versions/{version['version']}")
    sizes = {file["path"]: file["size"] for file in shown["files"]}
    assert sizes["config/hub.yaml"] == (hub.root / "config/hub.yaml").stat().st_size


async def test_a_new_version_is_seen_without_a_restart(hub: Hub, api: Api) -> None:
    assert [one["name"] for one in await api.get("/crosswalks")] == ["materials"]
    (hub.root / "config/crosswalks/carriers.csv").write_text("from,to,valid_from,valid_to\nUPS,1,,\n")
    hub.reload()
    assert [one["name"] for one in await api.get("/crosswalks")] == ["carriers", "materials"]


async def test_a_large_body_is_downloaded_whole(hub: Hub, api: Api) -> None:
    content = bytes(range(256)) * 8192
    intake = Intake(hub.store, hub.clock)
    [accepted] = await intake.accept("shop", [Item(key="large", type="shopify.order", body=content)])
    await intake.close()
    assert (await api.client.get(f"/messages/{accepted.message}/body")).content == content
