"""What each status means, how long to wait, and that no secret comes out."""

from __future__ import annotations

import base64

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.transports._http_errors import LONGEST_WAIT, failure, retry_after
from connectors.transports.http import Effect, HttpClient, HttpSettings
from hub.contract.errors import AuthError, CrossdockError, InDoubt, RejectedMessage, TransientError
from tests.transports.raw_server import RawServer, answer

MEANINGS = [
    (400, RejectedMessage, RejectedMessage),
    (401, AuthError, AuthError),
    (403, AuthError, AuthError),
    (404, RejectedMessage, RejectedMessage),
    (408, TransientError, TransientError),
    (409, RejectedMessage, RejectedMessage),
    (422, RejectedMessage, RejectedMessage),
    (425, TransientError, TransientError),
    (429, TransientError, TransientError),
    (500, InDoubt, TransientError),
    (502, InDoubt, TransientError),
    (503, TransientError, TransientError),
    (504, InDoubt, TransientError),
    (301, RejectedMessage, RejectedMessage),
    (303, InDoubt, RejectedMessage),
    (308, RejectedMessage, RejectedMessage),
]


@pytest.mark.parametrize(("status", "once", "safe"), MEANINGS)
async def test_each_status_has_its_meaning(
    raw_server: RawServer, status: int, once: type[CrossdockError], safe: type[CrossdockError]
) -> None:
    raw_server.plan = [answer(status, b"no such SKU", location="/elsewhere")]
    client = HttpClient(raw_server.url, HttpSettings())
    for effect, expected in ((Effect.ONCE, once), (Effect.SAFE, safe)):
        with pytest.raises(CrossdockError, match=f"answered {status} to POST /orders: no such SKU") as caught:
            await client.request("POST", "/orders?page=1", content=b"{}", effect=effect)
        assert type(caught.value) is expected
        assert caught.value.where == {"status": status, "method": "POST", "host": "127.0.0.1", "path": "/orders"}
    assert len(raw_server.requests) == 2
    await client.close()


async def test_a_wanted_status_is_handed_back(raw_server: RawServer) -> None:
    raw_server.plan = [answer(404)]
    client = HttpClient(raw_server.url, HttpSettings())
    response = await client.request("GET", "/orders/1", effect=Effect.SAFE, returned={404})
    assert response.status_code == 404
    await client.close()


async def test_a_limit_says_how_long_to_wait(raw_server: RawServer) -> None:
    raw_server.plan = [answer(429, retry_after="17")]
    client = HttpClient(raw_server.url, HttpSettings())
    with pytest.raises(TransientError) as caught:
        await client.request("POST", "/orders", content=b"{}", effect=Effect.ONCE)
    assert caught.value.retry_after == 17
    await client.close()


NOW = "Wed, 21 Oct 2015 07:28:00 GMT"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        (" 5 ", 5),
        ("Wed, 21 Oct 2015 07:29:30 GMT", 90),
        ("Wednesday, 21-Oct-15 07:29:30 GMT", 90),
        ("Wed Oct 21 07:29:30 2015", 90),
        ("Wed, 21 Oct 2015 07:00:00 GMT", 0),
        ("99999999999", LONGEST_WAIT),
        ("Wed, 21 Oct 2099 07:00:00 GMT", LONGEST_WAIT),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("Wed, 21 Oct 99999 07:00:00 GMT", None),
    ],
)
def test_retry_after_takes_seconds_and_dates(text: str, seconds: float | None) -> None:
    assert retry_after(httpx.Response(503, headers={"retry-after": text, "date": NOW})) == seconds


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_no_retry_after_can_stop_a_connection(text: bytes, date: bytes) -> None:
    seconds = retry_after(httpx.Response(503, headers=[(b"retry-after", text), (b"date", date)]))
    assert seconds is None or 0 <= seconds <= LONGEST_WAIT


SECRET = st.text(st.characters(codec="ascii", exclude_categories=["C", "Z"]), min_size=4, max_size=40)
GREEK = st.text(st.characters(min_codepoint=0x3B1, max_codepoint=0x3C9), min_size=1, max_size=600)


@given(SECRET, GREEK, st.integers(400, 599))
def test_a_secret_the_answer_repeats_does_not_come_out(secret: str, text: str, status: int) -> None:
    request = httpx.Request(
        "POST", "https://shop.example/x", headers={"X-Access-Token": secret}, params={"api_key": secret}
    )
    error = failure(httpx.Response(status, content=f"{text}{secret}{text}{secret}", request=request), once=True)
    assert error.detail is not None
    assert secret not in error.detail
    assert error.detail[:500].startswith(text[:500])


def test_every_spelling_of_credentials_is_blanked_out() -> None:
    basic = base64.b64encode(b"acme:s3cret-pass").decode()
    request = httpx.Request(
        "GET", "https://shop.example/x?api_key=key-4711", headers={"Authorization": f"Basic {basic}"}
    )
    body = f"Not for acme:s3cret-pass (s3cret-pass, Basic {basic}, {basic}) with key-4711"
    error = failure(httpx.Response(401, content=body, request=request), once=True)
    assert error.message.endswith(": Not for *** (***, ***, ***) with ***")
    assert "4711" not in str(error.where)


def test_an_answer_of_control_characters_stays_one_short_line() -> None:
    request = httpx.Request("GET", "https://shop.example/x")
    error = failure(httpx.Response(400, content=b"a\r\nb\x1b[31m\xff" + b"x" * 10_000, request=request), once=False)
    assert "\n" not in error.message
    assert "\x1b" not in error.message
    assert len(error.detail or "") <= 500
