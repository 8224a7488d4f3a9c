"""Errors: one shape, the status that fits, words that help, and never more than that."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tests.api.served import Api
from tests.operations.hub_process import Hub


async def test_what_is_wrong_is_said(hub: Hub, api: Api) -> None:
    await says_what_it_does_not_know(api)
    await says_what_it_cannot_read(api)
    await takes_no_text_that_a_database_does_not_keep(api)
    await takes_no_large_body(api)


async def says_what_it_does_not_know(api: Api) -> None:
    for path in ("/messages/0123456789ab", "/orders/%239999", "/deliveries/0123456789ab", "/replays/0123456789ab"):
        error = await api.refused(path, 404)
        assert error["code"] == "not_found"
        assert error["message"].endswith((".", "`"))
    assert (await api.refused("/connectors/shopifi", 404))["message"].endswith("did you mean 'shopify'?.")
    assert (await api.refused("/connections/erp/pause", 405))["code"] == "method_not_allowed"
    assert "/api/v1/openapi.json" in (await api.refused("/parcels", 404))["message"]
    elsewhere = await api.nobody.get(f"http://127.0.0.1:{api.port}/")
    assert (elsewhere.status_code, elsewhere.json()["error"]["code"]) == (404, "not_found")


async def says_what_it_cannot_read(api: Api) -> None:
    assert (await api.refused("/messages", 400, state="lost"))["where"] == {"value": "lost"}
    assert (await api.refused("/messages/xyz", 400))["code"] == "bad_input"
    assert (await api.refused("/messages", 400, after="yesterday"))["code"] == "bad_input"
    for limit in ("0", "501", "many"):
        error = await api.refused("/orders", 422, limit=limit)
        assert (error["code"], error["where"]) == ("invalid", {"fields": ["query.limit"]})
    await refuses(api, "/failures/012345/settle", {"decision": "perhaps"}, ["body.decision"])
    await refuses(api, "/replays", {"evrything": True}, ["body.evrything"])
    cut = await api.client.post("/replays", content=b'{"order": ', headers={"content-type": "application/json"})
    assert (cut.status_code, cut.json()["error"]["code"]) == (422, "invalid")


async def takes_no_text_that_a_database_does_not_keep(api: Api) -> None:
    for path in ("/orders/a%00b", "/failures/%00", "/crosswalks/%00", "/messages?find=%00", "/orders?status=%00"):
        assert (await api.refused(path, 422))["code"] == "invalid", path
    await refuses(api, "/replays", {"group": "\0"}, ["body.group"])
    lone = await api.client.post("/replays", content=b'{"group": "\\ud800"}')
    assert lone.status_code == 422
    assert (await api.refused("/messages", 422, find="x" * 1101))["where"] == {"fields": ["query.find"]}


async def takes_no_large_body(api: Api) -> None:
    large = await api.client.post("/replays", json={"order": "x" * 1024 * 1024})
    assert (large.status_code, large.json()["error"]["code"]) == (413, "too_large")

    async def endless() -> Any:
        yield b"{"

    chunked = await api.client.post("/replays", content=endless())
    assert (chunked.status_code, chunked.json()["error"]["code"]) == (411, "length_required")


async def refuses(api: Api, path: str, body: dict[str, Any], fields: list[str]) -> None:
    """A POST whose fields are not as they should be."""
    answer: httpx.Response = await api.client.post(path, json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]["where"] == {"fields": fields}


async def test_a_number_of_several_orders_names_them(hub: Hub, api: Api) -> None:
    for number in (1, 2):
        await hub.receive(number=number)
    hub.drain()
    error = await api.refused("/orders/MUG", 409)
    assert len(error["where"]["orders"]) == 2
    assert (await api.get(f"/orders/{error['where']['orders'][0]}"))["number"] in ("#1001", "#1002")


@pytest.mark.parametrize("table", ["crosswalk_row", "setting"])
async def test_what_nobody_foresaw_is_told_as_no_more_than_that(hub: Hub, api: Api, table: str) -> None:
    await api.get("/crosswalks")
    with hub.store.write() as connection:
        connection.execute(text(f"DROP TABLE {table}"))
    for path in ("/crosswalks", f"http://127.0.0.1:{api.port}/metrics" if table == "setting" else "/crosswalks"):
        answer = await api.client.get(path)
        code = {500: "internal", 503: "database"}[answer.status_code]
        assert answer.json()["error"]["code"] == code
        assert "sql" not in answer.text.lower()
        assert table not in answer.text
    assert (await api.nobody.get(f"http://127.0.0.1:{api.port}/health/live")).status_code == 200
