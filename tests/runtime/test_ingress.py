"""The door for webhooks, over real sockets: what it takes, what it turns away, and what it says."""

from __future__ import annotations

import asyncio
import gzip
import resource
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

import pytest
from sqlalchemy import text

from hub.store import tables
from tests.runtime.hubs import LocalHub, local_hub, until
from tests.runtime.processes import processes
from tests.runtime.webhooks import Webhook, post, read_answer, webhook
from tests.runtime.workspaces import BODY_LIMIT, http_target, shop_to_targets

_END_OTHERS = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name AND pid <> pg_backend_pid()"
)


@dataclass
class Door:
    """A running web process."""

    hub: LocalHub
    port: int
    pid: int

    def stored(self) -> int:
        """How many messages there are."""
        return len(self.hub.rows(tables.message))


@pytest.fixture
async def door(database_url: str) -> AsyncIterator[Door]:
    files = shop_to_targets({"erp": http_target("erp", "http://127.0.0.1:9/")})
    with local_hub(database_url, files) as hub, processes(database_url) as started:
        web, port = await started.web()
        yield Door(hub, port, web.pid)


async def test_what_it_takes_and_what_it_turns_away(door: Door) -> None:
    """One process for all of these, since starting it is what takes time."""
    await takes_an_order_once(door)
    await turns_away_a_wrong_signature(door)
    await turns_away_what_is_too_large(door)
    await knows_no_other_paths(door)
    await stores_nothing_of_a_body_that_was_cut(door)
    await stores_what_is_no_json(door)


async def takes_an_order_once(door: Door) -> None:
    for _ in range(3):
        status, _ = await post(door.port, webhook(1).request())
        assert status == 200
    status, _ = await post(door.port, webhook(2).request(chunked=True))
    assert status == 200
    assert door.stored() == 2
    door.hub.drain()
    assert door.hub.states(tables.document) == {"applied": 2}


async def turns_away_a_wrong_signature(door: Door) -> None:
    for signature in ("AAAA", "\xff\xfe", "x" * 5000):
        status, answer = await post(door.port, webhook(3).request(signature=signature))
        assert status == 401
        assert_plain(answer)
    assert door.stored() == 2
    await until(lambda: refused(door, "signature") == 3, "refusals are counted")


def refused(door: Door, code: str) -> int:
    """How often the connection turned somebody away for this."""
    noted = door.hub.rows(tables.connection_state, connection="shop", key=f"refused:{code}")
    return int(noted[0]["value"]) if noted else 0


async def turns_away_what_is_too_large(door: Door) -> None:
    large = Webhook("wh-large", b'{"x": "' + b"x" * BODY_LIMIT + b'"}', 4, 1)
    for chunked in (False, True):
        status, answer = await post(door.port, large.request(chunked=chunked))
        assert status == 413
        assert_plain(answer)
    bomb = gzip.compress(b"\0" * 10_000_000)
    status, _ = await post(door.port, Webhook("wh-bomb", bomb, 4, 1).request())
    assert status == 200  # it is kept as it came, and never unpacked at the door
    assert door.stored() == 3
    await until(lambda: refused(door, "too_large") == 2, "refusals are counted")


async def knows_no_other_paths(door: Door) -> None:
    for path in ("/", "/in/", "/in/nobody", "/in/erp", "/in/../config/hub.yaml", "/in/%00", "/in/<script>"):
        status, answer = await post(
            door.port, f"POST {path} HTTP/1.1\r\nhost: hub\r\ncontent-length: 0\r\n\r\n".encode()
        )
        assert status == 404, path
        assert_plain(answer)
        assert b"<script>" not in answer or b"content-type: text/plain" in answer.lower()


async def stores_nothing_of_a_body_that_was_cut(door: Door) -> None:
    before = door.stored()
    request = webhook(5).request()
    _, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(request[:-10])
    await writer.drain()
    writer.transport.abort()
    status, _ = await post(door.port, webhook(6).request())
    assert status == 200
    assert door.stored() == before + 1


async def stores_what_is_no_json(door: Door) -> None:
    """It may be what a mapping is missing: it is acknowledged, and a dead letter that says where reading stopped."""
    broken = {
        "wh-cut": b'{"id": 6402100000007, "name": "#7", ',
        "wh-twice": b'{"id": 1}{"id": 2}',
        "wh-nan": b'{"id": NaN}',
        "wh-empty": b"",
        "wh-deep": b"[" * 30_000,
        "wh-bytes": b'{"id": "\xff\xfe"}',
    }
    for id_, body in broken.items():
        status, _ = await post(door.port, Webhook(id_, body, 7, 1).request())
        assert status == 200
    door.hub.drain()
    for id_ in broken:
        [message] = door.hub.rows(tables.message, transport_key=f"webhook:{id_}")
        [failure] = door.hub.rows(tables.failure, message=message["id"])
        assert (message["state"], failure["code"]) == ("dead", "decode"), id_
        assert "position" in failure["place"]
        assert "Traceback" not in failure["text"]


def assert_plain(answer: bytes) -> None:
    """One sentence, and nothing of what the program is made of."""
    assert b"Traceback" not in answer
    assert b".py" not in answer
    assert b"sqlalchemy" not in answer.lower()


async def test_health(door: Door) -> None:
    for path in ("live", "ready"):
        status, answer = await get(door.port, f"/health/{path}")
        assert (status, answer[-1:]) == (200, b"}")
    with door.hub.store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'other'"))
    status, answer = await get(door.port, "/health/ready")
    assert status == 503
    assert b"schema other" in answer
    status, _ = await get(door.port, "/health/live")
    assert status == 200


async def get(port: int, path: str) -> tuple[int, bytes]:
    """Ask for something."""
    return await post(port, f"GET {path} HTTP/1.1\r\nhost: hub\r\n\r\n".encode())


async def test_hostile_requests_leave_it_running(door: Door) -> None:
    for request in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # a TLS client at a plain port
        b"GET / HTTP/1.1\r\n" + b"x: " + b"y" * 200_000 + b"\r\n\r\n",
        b"POST /in/shop HTTP/1.1\r\nhost: hub\r\ncontent-length: -1\r\n\r\n",
        b"POST /in/shop HTTP/1.1\r\nhost: hub\r\ncontent-length: 99999999999999999999\r\n\r\n",
        b"POST /in/shop HTTP/1.1\r\nhost: hub\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"\0" * 1000,
    ):
        with suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
            writer.write(request)
            writer.write_eof()
            async with asyncio.timeout(5):
                assert_plain(await reader.read())
            writer.close()
    status, _ = await post(door.port, webhook(1).request())
    assert status == 200
    assert door.stored() == 1


async def test_requests_in_a_row_on_one_connection(door: Door) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    large = Webhook("wh-large", b"x" * (BODY_LIMIT + 1), 4, 1)
    writer.write(webhook(1).request() + webhook(2).request(signature="no") + large.request() + webhook(3).request())
    statuses = [(await read_answer(reader))[0] for _ in range(4)]
    assert statuses == [200, 401, 413, 200]
    writer.close()
    assert door.stored() == 2


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prlimit, which fills the disk here, is Linux's")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_full_disk_is_said_and_nothing_is_acknowledged(door: Door) -> None:
    status, _ = await post(door.port, webhook(1).request())
    assert status == 200
    limits = resource.prlimit(door.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(door.pid, resource.RLIMIT_FSIZE, (0, limits[1]))
    for _ in range(2):
        status, answer = await post(door.port, webhook(2).request())
        assert status == 503
        assert b"retry-after" in answer.lower()
        assert_plain(answer)
    resource.prlimit(door.pid, resource.RLIMIT_FSIZE, limits)
    status, _ = await post(door.port, webhook(2).request())
    assert status == 200
    assert door.stored() == 2


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_database_that_only_reads_is_said_and_nothing_is_acknowledged(door: Door) -> None:
    status, _ = await post(door.port, webhook(1).request())
    assert status == 200
    switch(door, "on")
    status, answer = await post(door.port, webhook(2).request())
    assert status == 503
    assert_plain(answer)
    switch(door, "off")
    await until_taken(door, webhook(2))
    assert door.stored() == 2


def switch(door: Door, read_only: str) -> None:
    """Let all sessions but this one begin anew, reading only or not."""
    with door.hub.store.write() as connection:
        name = connection.execute(text("SELECT current_database()")).scalar_one()
        connection.execute(text("SET LOCAL transaction_read_only = off"))
        connection.execute(text(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {read_only}'))
        connection.execute(_END_OTHERS, {"name": name})


async def until_taken(door: Door, one: Webhook) -> None:
    """Send a webhook as a shop does: again until it is acknowledged."""
    for _ in range(10):
        status, _ = await post(door.port, one.request())
        if status == 200:
            return
    raise AssertionError("it was never acknowledged")
