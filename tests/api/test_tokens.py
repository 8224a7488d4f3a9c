"""Tokens: made and removed on the command line, asked for at the door."""

from __future__ import annotations

import json

import pytest

from hub.operations.errors import BadInput, OperationRefused
from hub.operations.tokens import add_token, find_token, list_tokens
from hub.store import tables
from tests.api.served import Api, client
from tests.cli.command import crossdock
from tests.operations.hub_process import Hub
from tests.runtime.hubs import rows


async def test_a_token_lives_from_its_making_to_its_removal(
    hub: Hub, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(hub.root)
    secret = (await crossdock("token", "add", "nightly-report")).out.splitlines()[0]
    async with client(api.port, secret) as nightly:
        assert (await nightly.get("/orders")).status_code == 200
        assert "nightly-report" in (await crossdock("token", "list")).out
        assert (await crossdock("token", "remove", "nightly-report")).status == 0
        assert (await nightly.get("/orders")).status_code == 401
    listed = (await crossdock("token", "list", "--format", "json")).json
    assert [(one["name"], one["read_only"]) for one in listed] == [("reader", True), ("writer", False)]
    missing = await crossdock("token", "remove", "nightly-reports")
    assert (missing.status, missing.err) == (1, "There is no token 'nightly-reports'.\n")


async def test_the_first_token_is_made_where_there_is_none(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(hub.root)
    assert "crossdock token add NAME" in (await crossdock("token", "list")).out
    made = (await crossdock("token", "add", "prometheus", "--read-only", "--format", "json")).json
    assert made["token"]["read_only"]
    assert find_token(hub.store, made["secret"]) == list_tokens(hub.store)[0]


async def test_who_is_let_in(hub: Hub, api: Api) -> None:
    for headers in ({}, {"authorization": "Bearer crossdock_wrong"}, {"authorization": "Basic d3JpdGVyOng="}):
        answer = await api.nobody.get("/orders", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "`crossdock token add NAME`" in answer.json()["error"]["message"]
    assert (await api.nobody.get("/openapi.json")).status_code == 401
    assert (await api.nobody.post("/no/such/route")).status_code == 401
    assert (await api.nobody.get("http://127.0.0.1:" + str(api.port) + "/metrics")).status_code == 401


async def test_a_token_that_may_look_changes_nothing(hub: Hub, api: Api) -> None:
    assert (await api.reader.get("/connections")).status_code == 200
    answer = await api.reader.post("/connections/erp/pause", json={"reason": "because"})
    assert (answer.status_code, answer.json()["error"]["where"]) == (403, {"token": "reader"})
    assert all(one["paused"] is None for one in await api.get("/connections"))


def test_nothing_that_is_kept_lets_anybody_in(hub: Hub) -> None:
    made = add_token(hub.store, "ci", read_only=False, actor="ada", clock=hub.clock)
    [kept] = rows(hub.store, tables.setting, key="token:ci")
    assert made.secret not in kept["value"]
    for secret in (json.loads(kept["value"])["sha256"], "", made.secret[:-1], f"{made.secret} "):
        assert find_token(hub.store, secret) is None
    assert find_token(hub.store, made.secret) == made.token


def test_names_are_the_actor_of_what_is_done(hub: Hub) -> None:
    for name in ("", "hub", "a b", "a:b", "-a", "x" * 101, "naïve"):
        with pytest.raises(BadInput):
            add_token(hub.store, name, read_only=True, actor="ada", clock=hub.clock)
    first = add_token(hub.store, "ci@acme.example", read_only=True, actor="ada", clock=hub.clock)
    with pytest.raises(OperationRefused):
        add_token(hub.store, "ci@acme.example", read_only=False, actor="bob", clock=hub.clock)
    assert find_token(hub.store, first.secret) == first.token
