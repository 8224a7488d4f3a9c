"""What each failure of the wire means: nothing sent, or in doubt, and never twice."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connectors.transports.http import MAX_ANSWER, Effect, HttpClient, HttpSettings
from hub.contract.errors import ConfigError, InDoubt, RejectedMessage, TransientError
from tests.servers.held import free_port
from tests.transports.raw_server import RawServer, answer, dripping, raw, running, silence, then_close

ORDER = b'{"order": "4711"}'


@pytest.fixture
async def client(raw_server: RawServer) -> AsyncIterator[HttpClient]:
    opened = HttpClient(raw_server.url, HttpSettings(read_timeout=5))
    yield opened
    await opened.close()


async def post(client: HttpClient) -> None:
    await client.request("POST", "/orders", content=ORDER, effect=Effect.ONCE)


async def test_an_answer_comes_back_whole(raw_server: RawServer, client: HttpClient) -> None:
    raw_server.plan = [answer(201, b'{"id": 12}', content_type="application/json")]
    response = await client.request("POST", "/orders", content=ORDER, effect=Effect.ONCE)
    assert (response.status_code, response.json()) == (201, {"id": 12})
    assert raw_server.requests[0].startswith(b"POST /orders HTTP/1.1\r\n")
    assert raw_server.requests[0].endswith(ORDER)


async def test_a_disconnect_after_the_body_is_in_doubt(raw_server: RawServer, client: HttpClient) -> None:
    raw_server.plan = [then_close()]
    with pytest.raises(InDoubt, match=r"127\.0\.0\.1 may have acted on POST /orders"):
        await post(client)
    assert len(raw_server.requests) == 1


async def test_a_disconnect_of_a_read_can_be_tried_again(raw_server: RawServer, client: HttpClient) -> None:
    raw_server.plan = [then_close()]
    with pytest.raises(TransientError, match="gave no whole answer"):
        await client.request("GET", "/orders", effect=Effect.SAFE)
    assert len(raw_server.requests) == 1


@pytest.mark.parametrize("method", ["PUT", "DELETE", "GET", "POST"])
async def test_a_dropped_kept_connection_is_never_sent_again(
    raw_server: RawServer, client: HttpClient, method: str
) -> None:
    raw_server.plan = [answer(), then_close()]
    await post(client)
    with pytest.raises(InDoubt):
        await client.request(method, "/orders/1", content=ORDER, effect=Effect.ONCE)
    assert len(raw_server.requests) == 2
    assert raw_server.connections == 1


async def test_a_connection_closed_while_idle_costs_no_second_effect(raw_server: RawServer, client: HttpClient) -> None:
    raw_server.plan = [then_close(answer())]
    sent, arrived = 0, 0
    for _ in range(20):
        before = len(raw_server.requests)
        try:
            await post(client)
        except TransientError:
            assert len(raw_server.requests) == before
        except InDoubt:
            sent += 1
        else:
            arrived += 1
    assert arrived <= len(raw_server.requests) <= arrived + sent
    assert arrived > 0


async def test_a_refused_connection_sent_nothing() -> None:
    client = HttpClient(f"http://127.0.0.1:{free_port()}", HttpSettings())
    with pytest.raises(TransientError, match="Nothing was sent") as caught:
        await post(client)
    assert caught.value.where == {"method": "POST", "host": "127.0.0.1", "path": "/orders"}
    await client.close()


async def test_silence_after_the_body_is_in_doubt(raw_server: RawServer) -> None:
    raw_server.plan = [silence]
    client = HttpClient(raw_server.url, HttpSettings(read_timeout=0.1))
    with pytest.raises(InDoubt, match="silent"):
        await post(client)
    await client.close()


async def test_waiting_for_a_free_connection_sends_nothing(raw_server: RawServer) -> None:
    raw_server.plan = [silence]
    client = HttpClient(raw_server.url, HttpSettings(max_connections=1, connect_timeout=0.2, read_timeout=1))
    results = await asyncio.gather(post(client), post(client), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["InDoubt", "TransientError"]
    assert len(raw_server.requests) == 1
    await client.close()


async def test_an_endless_answer_ends(raw_server: RawServer) -> None:
    raw_server.plan = [dripping]
    client = HttpClient(raw_server.url, HttpSettings(total_timeout=0.3))
    with pytest.raises(InDoubt):
        await post(client)
    await client.close()


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", id="another protocol"),
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{", id="cut in the body"),
        pytest.param(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", id="broken chunk"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nnope", id="not what it says"
        ),
    ],
)
async def test_an_unreadable_answer_is_in_doubt(raw_server: RawServer, client: HttpClient, broken: bytes) -> None:
    raw_server.plan = [then_close(raw(broken))]
    with pytest.raises(InDoubt):
        await post(client)


async def test_a_compressed_answer_is_read(raw_server: RawServer, client: HttpClient) -> None:
    raw_server.plan = [answer(200, gzip.compress(b'{"id": 1}'), content_encoding="gzip")]
    response = await client.request("GET", "/orders", effect=Effect.SAFE)
    assert response.json() == {"id": 1}


async def test_a_compressed_flood_is_cut_off(raw_server: RawServer, client: HttpClient) -> None:
    flood = gzip.compress(bytes(MAX_ANSWER + 1))
    raw_server.plan = [answer(200, flood, content_encoding="gzip")]
    with pytest.raises(TransientError, match="larger than 32 MiB"):
        await client.request("GET", "/orders", effect=Effect.SAFE)


async def test_many_requests_share_few_connections(raw_server: RawServer) -> None:
    client = HttpClient(raw_server.url, HttpSettings(max_connections=4))
    await asyncio.gather(*(post(client) for _ in range(50)))
    assert len(raw_server.requests) == 50
    assert raw_server.connections <= 4
    await client.close()


async def test_paths_are_appended_to_the_base(raw_server: RawServer) -> None:
    client = HttpClient(f"{raw_server.url}/api/v2?tenant=a", HttpSettings())
    await client.request("POST", "", content=ORDER, effect=Effect.ONCE)
    await client.request("POST", "cancel", content=ORDER, effect=Effect.ONCE)
    await client.close()
    client = HttpClient(f"{raw_server.url}/api/v2/", HttpSettings(), headers={"x-tenant": "a"})
    await client.request("GET", "/orders", params={"page": "2"}, effect=Effect.SAFE)
    await client.request("GET", f"{raw_server.url}/next?cursor=b", effect=Effect.SAFE)
    await client.close()
    lines = [request.partition(b" HTTP/")[0] for request in raw_server.requests]
    assert lines == [
        b"POST /api/v2?tenant=a",
        b"POST /api/v2/cancel",
        b"GET /api/v2/orders?page=2",
        b"GET /next?cursor=b",
    ]
    assert b"x-tenant: a" in raw_server.requests[2].lower()


@pytest.mark.parametrize("path", ["http://evil.example/x", "https://127.0.0.1/x", "http://127.0.0.1:1/x"])
async def test_credentials_do_not_follow_a_link_to_another_server(client: HttpClient, path: str) -> None:
    with pytest.raises(RejectedMessage, match="another server"):
        await client.request("GET", path, effect=Effect.SAFE)


async def test_a_header_cannot_bring_another(raw_server: RawServer, client: HttpClient) -> None:
    with pytest.raises(RejectedMessage, match="cannot be written"):
        await client.request("POST", "/", headers={"idempotency-key": "a\r\nx-evil: 1"}, effect=Effect.ONCE)
    assert raw_server.requests == []


@pytest.mark.parametrize("path", ["/orders/\n1", "/\0", "https://[::1/x", "/orders/http://shop/1"])
async def test_an_odd_path_never_leads_elsewhere(raw_server: RawServer, client: HttpClient, path: str) -> None:
    try:
        await client.request("GET", path, effect=Effect.SAFE)
    except RejectedMessage:
        assert raw_server.requests == []
    else:
        assert raw_server.requests[0].startswith(b"GET /")


async def test_credentials_are_sent_and_their_echo_is_blanked_out(raw_server: RawServer) -> None:
    raw_server.plan = [answer(400, b"acme:s3cret-pass is not welcome")]
    client = HttpClient(raw_server.url, HttpSettings(), auth=("acme", "s3cret-pass"))
    with pytest.raises(RejectedMessage) as caught:
        await post(client)
    assert b"authorization: basic " in raw_server.requests[0].lower()
    assert "s3cret-pass" not in f"{caught.value.message}{caught.value.detail}{caught.value.where}"
    await client.close()


async def test_no_url_with_its_query_is_logged(
    raw_server: RawServer, client: HttpClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    await client.request("GET", "/orders", params={"api_key": "key-4711"}, effect=Effect.SAFE)
    assert "key-4711" not in caplog.text


@pytest.mark.parametrize(
    "url", ["ftp://example.com", "example.com", "", "https://", "https://u:p@example.com", "http://a:b:c"]
)
def test_a_base_that_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        HttpClient(url, HttpSettings())


def _certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 4711, now - timedelta(1), now + timedelta(1))
    addresses = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    certificate = (
        builder.add_extension(addresses, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / "ca.pem", folder / "key.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, private)
    return context, pem


async def test_an_unknown_certificate_sent_nothing_and_a_known_one_works(tmp_path: Path) -> None:
    context, pem = _certificate(tmp_path)
    async with running(context) as server:
        url = server.url.replace("127.0.0.1", "localhost")
        stranger, friend = HttpClient(url, HttpSettings()), HttpClient(url, HttpSettings(ca_file=pem))
        with pytest.raises(TransientError, match=r"certificate.*Nothing was sent"):
            await post(stranger)
        assert server.requests == []
        await post(friend)
        assert len(server.requests) == 1
        await stranger.close()
        await friend.close()


async def test_a_server_mute_at_the_handshake_was_sent_nothing(raw_server: RawServer) -> None:
    client = HttpClient(raw_server.url.replace("http:", "https:"), HttpSettings(connect_timeout=0.2))
    with pytest.raises(TransientError, match="Nothing was sent"):
        await post(client)
    await client.close()


def test_a_missing_ca_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"ca\.pem"):
        HttpClient("https://localhost", HttpSettings(ca_file=tmp_path / "ca.pem"))
