"""The HTTP connector against its simulator and against servers that look at what they are sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pydantic import ValidationError

from connectors.generic.http.connector import HttpConfig, HttpConnector
from connectors.generic.http.simulator import Simulator
from hub.contract.connector import Outbound
from hub.contract.errors import AuthError, CrossdockError, InDoubt, RejectedMessage, TransientError
from hub.contract.simulator import SandboxContext
from hub.contract.testkit import FakePush, capturing_log, fake_context

BODY = b'{"number": "#1001",  "total": 1.10, "id": 123456789012345678901}'


def outbound(key: str = "test:d-1:1", body: bytes = BODY) -> Outbound:
    return Outbound("t-1", key, "acme.order", "#1001", "application/json", body)


@asynccontextmanager
async def opened(url: str, **settings: Any) -> AsyncIterator[HttpConnector]:
    log, entries = capturing_log()
    connector = HttpConnector(HttpConfig.model_validate({"url": url, **settings}), fake_context(log=log))
    connector.entries = entries  # type: ignore[attr-defined]
    await connector.open()
    try:
        yield connector
    finally:
        await connector.close()


@asynccontextmanager
async def serving(answer: Callable[[web.Request, bytes], web.Response]) -> AsyncIterator[str]:
    """A server that answers whatever comes; yields its URL."""

    async def handle(request: web.Request) -> web.Response:
        return answer(request, await request.read())

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def simulated(**settings: Any) -> AsyncIterator[tuple[Simulator, str]]:
    simulator = Simulator(SandboxContext("acme-crm", "http://127.0.0.1:9", Path()), settings)
    endpoint = await simulator.start()
    try:
        yield simulator, endpoint["url"]
    finally:
        await simulator.stop()


class TestRequest:
    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
    async def test_the_bytes_go_out_as_they_are_with_key_and_credentials(self, method: str) -> None:
        seen: list[tuple[web.Request, bytes]] = []

        def answer(request: web.Request, body: bytes) -> web.Response:
            seen.append((request, body))
            return web.Response(status=202)

        settings = {"method": method, "headers": {"X-Team": "orders"}, "bearer_token": "tkn-1"}
        async with serving(answer) as url, opened(f"{url}/in/orders?lane=a", **settings) as connector:
            receipt = await connector.push(outbound(), FakePush())
        [(request, body)] = seen
        assert (request.method, request.path_qs, body) == (method, "/in/orders?lane=a", BODY)
        assert request.headers["Idempotency-Key"] == "test:d-1:1"
        assert request.headers["Content-Type"] == "application/json"
        assert request.headers["Authorization"] == "Bearer tkn-1"
        assert request.headers["X-Team"] == "orders"
        assert receipt.note == "HTTP 202"

    async def test_basic_authentication_and_another_header_for_the_key(self) -> None:
        seen: list[web.Request] = []

        def answer(request: web.Request, body: bytes) -> web.Response:
            seen.append(request)
            return web.Response()

        settings = {"user": "hub", "password": "pass word", "idempotency_header": "X-Request-Id"}
        async with serving(answer) as url, opened(url, **settings) as connector:
            await connector.push(outbound(), FakePush())
        assert seen[0].headers["Authorization"] == "Basic aHViOnBhc3Mgd29yZA=="
        assert seen[0].headers["X-Request-Id"] == "test:d-1:1"
        assert "Idempotency-Key" not in seen[0].headers


class TestAnswer:
    @pytest.mark.parametrize(
        ("pointer", "body", "references"),
        [
            ("/id", b'{"id": "A-7"}', {"id": "A-7"}),
            ("/id", b'{"id": 123456789012345678901}', {"id": "123456789012345678901"}),
            ("/data/1/no", b'{"data": [{}, {"no": 5}]}', {"id": "5"}),
            ("/a~1b/c~0d", b'{"a/b": {"c~d": "x"}}', {"id": "x"}),
        ],
    )
    async def test_the_number_it_gives_is_kept(self, pointer: str, body: bytes, references: dict[str, str]) -> None:
        async with (
            serving(lambda *_: web.Response(body=body)) as url,
            opened(url, reference=pointer) as connector,
        ):
            receipt = await connector.push(outbound(), FakePush())
        assert receipt.references == references
        assert receipt.response == body

    @pytest.mark.parametrize(
        "body",
        [b"", b"OK", b"{}", b"[]", b'{"id": null}', b'{"id": true}', b'{"id": ""}', b'{"id": {"x": 1}}', b'"id"'],
    )
    async def test_without_the_number_it_was_delivered_all_the_same(self, body: bytes) -> None:
        async with serving(lambda *_: web.Response(body=body)) as url, opened(url, reference="/id") as connector:
            receipt = await connector.push(outbound(), FakePush())
            assert receipt.references == {}
            assert [entry["event"] for entry in connector.entries] == ["reference_missing"]  # type: ignore[attr-defined]

    async def test_a_long_answer_is_kept_from_its_start(self) -> None:
        body = bytes(range(256)) * 100
        async with serving(lambda *_: web.Response(body=body)) as url, opened(url) as connector:
            receipt = await connector.push(outbound(), FakePush())
        assert receipt.response == body[:4096]

    async def test_a_refusal_that_repeats_the_token_does_not_show_it(self) -> None:
        def answer(request: web.Request, body: bytes) -> web.Response:
            return web.Response(status=400, text=f"bad credentials {request.headers['Authorization']}")

        async with serving(answer) as url, opened(url, bearer_token="tkn-very-secret") as connector:
            with pytest.raises(RejectedMessage, match="bad credentials") as error:
                await connector.push(outbound(), FakePush())
        assert "tkn-very-secret" not in f"{error.value.message}{error.value.detail}{error.value.where}"

    @pytest.mark.parametrize(
        ("status", "expected"),
        [(401, AuthError), (403, AuthError), (409, RejectedMessage), (302, RejectedMessage), (503, TransientError)],
    )
    async def test_a_status_leads_to_what_is_to_be_done(self, status: int, expected: type[CrossdockError]) -> None:
        async with serving(lambda *_: web.Response(status=status)) as url, opened(url) as connector:
            with pytest.raises(CrossdockError) as error:
                await connector.push(outbound(), FakePush())
        assert type(error.value) is expected


class TestFaults:
    @pytest.mark.parametrize(
        ("fault", "expected", "effects"),
        [
            ("read_and_close", InDoubt, 0),
            ("apply_and_close", InDoubt, 1),
            ("error_500", InDoubt, 0),
            ("error_400", RejectedMessage, 0),
            ("rate_limit", TransientError, 0),
            ("slow", InDoubt, 1),
        ],
    )
    async def test_a_fault_is_told_as_it_was_and_the_request_sent_once(
        self, fault: str, expected: type[CrossdockError], effects: int
    ) -> None:
        async with simulated(slow_seconds=5.0) as (simulator, url), opened(url, read_timeout=0.2) as connector:
            simulator.misbehave(fault, 1)
            with pytest.raises(CrossdockError) as error:
                await connector.push(outbound(), FakePush())
        assert type(error.value) is expected
        assert (simulator.state()["requests"], simulator.state()["total_effects"]) == (1, effects)

    async def test_a_rate_limit_says_how_long(self) -> None:
        async with simulated() as (simulator, url), opened(url) as connector:
            simulator.misbehave("rate_limit", 1)
            with pytest.raises(TransientError) as error:
                await connector.push(outbound(), FakePush())
            await connector.push(outbound(), FakePush())
        assert error.value.retry_after == 1.0

    async def test_nothing_is_sent_to_a_closed_port_and_all_is_well_after(self) -> None:
        async with simulated() as (simulator, url), opened(url) as connector:
            await connector.push(outbound("first"), FakePush())
            simulator.misbehave("refuse", 1)
            await _until_refused(connector)
            await simulator.act("listen", {})
            await connector.push(outbound("second"), FakePush())
        assert simulator.state()["effects"] == {"first": 1, "second": 1}

    @pytest.mark.parametrize("idempotent", [True, False])
    async def test_an_idempotent_target_acts_once_on_a_key(self, idempotent: bool) -> None:
        async with (
            simulated(idempotent=idempotent) as (simulator, url),
            opened(url, idempotent=idempotent) as connector,
        ):
            for _ in range(3):
                await connector.push(outbound(), FakePush())
            assert connector.repeatable is idempotent
        state = simulator.state()
        assert state["received"] == {"test:d-1:1": 3}
        assert state["effects"] == {"test:d-1:1": 1 if idempotent else 3}

    async def test_what_is_in_doubt_stays_so_without_a_look_up(self) -> None:
        async with simulated() as (_, url), opened(url) as connector:
            with pytest.raises(InDoubt, match="no look-up"):
                await connector.find(outbound())

    async def test_many_at_once_have_one_effect_each(self) -> None:
        bodies = {f"key-{number}": b"x" * (number * 700) for number in range(100)}
        async with simulated() as (simulator, url), opened(url, max_connections=16) as connector:
            await asyncio.gather(*(connector.push(outbound(key, body), FakePush()) for key, body in bodies.items()))
        state = simulator.state()
        assert state["effects"] == dict.fromkeys(bodies, 1)
        assert {entry["key"]: entry["body"].encode() for entry in state["bodies"]} == bodies

    @pytest.mark.parametrize(
        "noise", [b"\x16\x03\x01 not HTTP\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"POST / HTTP/1.1\r\nA"]
    )
    async def test_noise_does_not_stop_the_simulator(self, noise: bytes) -> None:
        async with simulated() as (simulator, url), opened(url) as connector:
            _, writer = await asyncio.open_connection("127.0.0.1", int(url.rstrip("/").rpartition(":")[2]))
            writer.write(noise)
            await writer.drain()
            writer.close()
            await connector.push(outbound(), FakePush())
        assert simulator.state()["requests"] == 1


async def _until_refused(connector: HttpConnector) -> None:
    """Push until the port is found closed; what still went over an open connection may be in doubt."""
    for _ in range(10):
        try:
            await connector.push(outbound("refused"), FakePush())
        except InDoubt:
            continue
        except TransientError as error:
            if "Nothing was sent" in error.message:
                return
            raise
    raise AssertionError("the port was never found closed")


class TestConfig:
    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"url": "crm.acme.example"}, "url"),
            ({"user": "hub"}, "user and password belong together"),
            ({"password": "x"}, "user and password belong together"),
            ({"user": "hub", "password": "x", "bearer_token": "y"}, "not both"),
            ({"reference": "id"}, "reference"),
            ({"idempotency_header": "Bad Header"}, "idempotency_header"),
            ({"method": "DELETE"}, "method"),
            ({"retries": 3}, "retries"),
        ],
    )
    def test_what_cannot_be_meant_is_refused(self, settings: dict[str, str], message: str) -> None:
        with pytest.raises(ValidationError, match=message):
            HttpConfig.model_validate({"url": "https://crm.acme.example", **settings})

    def test_secrets_are_not_printed(self) -> None:
        config = HttpConfig.model_validate(
            {"url": "https://crm.acme.example", "bearer_token": "tkn-1", "headers": {"X-Key": "key-1"}}
        )
        assert "tkn-1" not in repr(config)
        assert "key-1" not in repr(config)

    async def test_check_tells_that_the_server_answers(self) -> None:
        async with simulated() as (simulator, url), opened(url) as connector:
            health = await connector.check()
            assert health.ok
            assert "127.0.0.1 answers (200" in health.findings[0]
            assert simulator.state()["requests"] == 0
