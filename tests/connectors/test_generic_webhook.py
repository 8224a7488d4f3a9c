"""Webhooks of any sender: what is verified and how, what names a webhook and its type, what is answered."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.generic.webhook.connector import WebhookConnector
from connectors.generic.webhook.settings import WebhookConfig
from connectors.generic.webhook.simulator import Simulator
from hub.contract.clock import FrozenClock, SystemClock, to_micros
from hub.contract.connector import Item, Reception, Request
from hub.contract.errors import ReceptionRefused, SignatureRefused
from hub.contract.format import Tree
from hub.contract.registry import payload_format
from hub.contract.simulator import SandboxContext
from hub.contract.testkit import fake_context
from hub.contract.testkit.fakes import MORNING
from tests.connectors.webhook_hub import Hub, eventually, listening

NOW = to_micros(MORNING) // 1_000_000
SECRET = "geheim-4711"
BODY = b'{"id": 820982911946154508, "event": {"type": "Order Paid"}, "items": [{"sku": "A"}]}'
HMAC = {"scheme": "hmac", "header": "X-Signature", "secret": SECRET}


def connector(signature: Mapping[str, Any], *, wall_clock: bool = False, **settings: Any) -> WebhookConnector:
    keys = {"payload_type": "acme.order", "signature": signature, **settings}
    clock = SystemClock() if wall_clock else FrozenClock(MORNING)
    return WebhookConnector(WebhookConfig.model_validate(keys), fake_context("acme-app", clock=clock))


def request(headers: Mapping[str, str] | None = None, body: bytes = BODY, **changes: Any) -> Request:
    plain = {name.lower(): value for name, value in (headers or {}).items()}
    return replace(Request("POST", "/in/acme-app", {}, plain, body), **changes)


def digest(content: bytes = BODY, secret: str = SECRET, algorithm: str = "sha256") -> bytes:
    return hmac.digest(secret.encode(), content, algorithm)


def item(reception: Reception) -> Item:
    (one,) = reception.items
    return one


def open_(**settings: Any) -> WebhookConnector:
    """A connector that takes anything."""
    return connector({"scheme": "none"}, **settings)


class TestHmac:
    def test_a_known_signature(self) -> None:
        # printf '{}' | openssl dgst -sha256 -hmac geheim-4711
        known = "a9fae2c6cb88465b5213a615bcb12f1a37a75df7b4e258fc20aebc55c6b1182b"
        assert connector(HMAC).receive(request({"X-Signature": known}, b"{}")).items

    @pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512"])
    @pytest.mark.parametrize("prefix", ["", "sha256=", "v0="])
    def test_algorithms_encodings_and_prefixes(self, algorithm: str, prefix: str) -> None:
        signed = digest(algorithm=algorithm)
        for encoding, text in (("hex", signed.hex()), ("hex", signed.hex().upper()), ("base64", b64encode(signed))):
            settings = {**HMAC, "algorithm": algorithm, "encoding": encoding, "prefix": prefix}
            value = prefix + (text if isinstance(text, str) else text.decode())
            assert connector(settings).receive(request({"X-Signature": value})).items
            with pytest.raises(SignatureRefused):
                connector(settings).receive(request({"X-Signature": f"x{value}"}))

    def test_both_secrets_of_a_rotation_are_taken(self) -> None:
        settings = {**HMAC, "secret": "new", "previous_secret": SECRET}
        assert connector(settings).receive(request({"X-Signature": digest().hex()})).items
        assert connector(settings).receive(request({"X-Signature": digest(secret="new").hex()})).items

    @pytest.mark.parametrize("between", [", ", ",", " "])
    def test_one_of_several_signatures_is_enough(self, between: str) -> None:
        value = between.join(["0" * 64, digest().hex(), "1" * 64])
        assert connector(HMAC).receive(request({"X-Signature": value})).items

    def test_headers_may_be_signed_with_the_body(self) -> None:
        settings = {**HMAC, "signed": "v0:{X-Time}:{body}", "timestamp": "X-Time", "prefix": "v0="}
        good = request({"X-Time": str(NOW), "X-Signature": f"v0={digest(f'v0:{NOW}:'.encode() + BODY).hex()}"})
        assert connector(settings).receive(good).items
        with pytest.raises(SignatureRefused, match="x-signature"):
            connector(settings).receive(replace(good, headers={**good.headers, "x-time": str(NOW + 1)}))

    @pytest.mark.parametrize(
        ("at", "fine"),
        [
            (NOW, True),
            (NOW - 300, True),
            (NOW + 300, True),
            (NOW * 1000, True),
            (NOW - 301, False),
            (NOW + 301, False),
            (NOW * 1000 - 301_000, False),
            ("", False),
            ("soon", False),
            ("-1", False),
            ("٣", False),
            ("9" * 5000, False),
        ],
    )
    def test_an_old_webhook_is_refused_though_well_signed(self, at: int | str, fine: bool) -> None:
        settings = {**HMAC, "signed": "{x-time}.{body}", "timestamp": "X-Time"}
        signed = digest(f"{at}.".encode("latin-1", errors="replace") + BODY).hex()
        sent = request({"X-Time": str(at), "X-Signature": signed})
        if fine:
            assert connector(settings).receive(sent).items
        else:
            with pytest.raises(SignatureRefused, match="x-time"):
                connector(settings).receive(sent)

    @given(data=st.data(), body=st.binary(min_size=1, max_size=100))
    def test_any_changed_byte_is_refused(self, data: st.DataObject, body: bytes) -> None:
        place = data.draw(st.integers(0, len(body) - 1))
        changed = body[:place] + bytes([body[place] ^ data.draw(st.integers(1, 255))]) + body[place + 1 :]
        with pytest.raises(SignatureRefused):
            connector(HMAC).receive(request({"X-Signature": digest(body).hex()}, changed))


class TestStandardWebhooks:
    KEY = b"0123456789abcdef0123456789abcdef"
    SETTINGS: Mapping[str, Any] = {"scheme": "standard-webhooks", "secret": f"whsec_{b64encode(KEY).decode()}"}

    def signed(self, webhook: str = "msg_1", at: int = NOW, key: bytes = KEY) -> str:
        content = f"{webhook}.{at}.".encode() + BODY
        return f"v1,{b64encode(hmac.digest(key, content, 'sha256')).decode()}"

    def sent(self, signature: str, webhook: str = "msg_1", at: int = NOW) -> Request:
        return request({"webhook-id": webhook, "webhook-timestamp": str(at), "webhook-signature": signature})

    def test_the_example_of_the_specification(self) -> None:
        secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        body = b'{"test": 2432232314}'
        headers = {
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        }
        settings = {"scheme": "standard-webhooks", "secret": secret}
        clock = FrozenClock(MORNING)
        clock.advance(1614265330 - NOW)
        config = WebhookConfig.model_validate({"payload_type": "acme.test", "signature": settings})
        assert WebhookConnector(config, fake_context(clock=clock)).receive(request(headers, body)).items

    def test_the_id_names_the_webhook(self) -> None:
        assert item(connector(self.SETTINGS).receive(self.sent(self.signed()))).key == "id:msg_1"

    def test_one_of_several_signatures_is_enough(self) -> None:
        several = f"v1,AAAA v1a,xyz {self.signed()} v1,BBBB"
        assert connector(self.SETTINGS).receive(self.sent(several)).items

    def test_the_secret_before_is_taken(self) -> None:
        settings = {**self.SETTINGS, "secret": "whsec_AAAA", "previous_secret": self.SETTINGS["secret"]}
        assert connector(settings).receive(self.sent(self.signed())).items

    @pytest.mark.parametrize("at", [NOW - 301, NOW + 301, 0])
    def test_another_time_is_refused(self, at: int) -> None:
        with pytest.raises(SignatureRefused, match="webhook-timestamp"):
            connector(self.SETTINGS).receive(self.sent(self.signed(at=at), at=at))

    @pytest.mark.parametrize(
        "changes", [{"webhook-id": "msg_2"}, {"webhook-id": ""}, {"webhook-timestamp": str(NOW + 1)}]
    )
    def test_id_and_time_are_signed(self, changes: dict[str, str]) -> None:
        sent = self.sent(self.signed())
        with pytest.raises(SignatureRefused):
            connector(self.SETTINGS).receive(replace(sent, headers={**sent.headers, **changes}))

    @pytest.mark.parametrize("signature", ["", "v1", "v1,", "v2,AAAA", "AAAA", "\u00e9\ud800", " " * 10_000])
    def test_a_bad_signature_is_refused(self, signature: str) -> None:
        with pytest.raises(SignatureRefused, match="webhook-signature"):
            connector(self.SETTINGS).receive(self.sent(signature))


def basic(text: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(text.encode()).decode()}"}


SIMPLE: list[tuple[dict[str, Any], Request, list[Request]]] = [
    (
        {"scheme": "basic", "user": "acme", "password": SECRET},
        request(basic(f"acme:{SECRET}")),
        [request(), request(basic("acme:x")), request({"Authorization": "Basic é"}), request(basic(f"x:{SECRET}"))],
    ),
    (
        {"scheme": "bearer", "token": SECRET},
        request({"Authorization": f"Bearer {SECRET}"}),
        [request(), request({"Authorization": SECRET}), request({"Authorization": f"Bearer {SECRET} "})],
    ),
    (
        {"scheme": "bearer", "token": SECRET, "header": "X-Api-Key", "prefix": ""},
        request({"X-Api-Key": SECRET}),
        [request(), request({"X-Api-Key": f"Bearer {SECRET}"}), request({"X-Api-Key": "\u00e9\ud800"})],
    ),
    (
        {"scheme": "query", "secret": SECRET, "parameter": "key"},
        request(query={"key": SECRET}),
        [request(), request(query={"key": ""}), request(query={"token": SECRET})],
    ),
]


@pytest.mark.parametrize(("settings", "good", "bad"), SIMPLE, ids=["basic", "bearer", "header", "query"])
def test_simple_proofs(settings: dict[str, Any], good: Request, bad: list[Request]) -> None:
    assert connector(settings).receive(good).items
    for one in bad:
        with pytest.raises(SignatureRefused) as refused:
            connector(settings).receive(one)
        assert SECRET not in f"{refused.value.message}{refused.value.detail}{refused.value.where}"


def test_a_webhook_is_kept_as_it_is() -> None:
    taken = item(open_(keep_headers=["X-Shop", "X-Absent"]).receive(request({"X-Shop": "acme", "X-Other": "x"})))
    assert (taken.body, taken.type, taken.content_type) == (BODY, "acme.order", "application/json")
    assert taken.headers == {"x-shop": "acme"}


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ({"header": "X-Delivery"}, "id:d-1"),
        ({"pointer": "/id"}, "id:820982911946154508"),
        ({"pointer": "/items/0/sku"}, "id:A"),
    ],
)
def test_a_key_is_read_where_it_stands(key: dict[str, str], expected: str) -> None:
    taken = item(open_(key=key).receive(request({"X-Delivery": "d-1"})))
    assert (taken.key, taken.content_in_key) == (expected, False)


def test_without_a_key_the_content_is_it_and_nothing_is_parsed() -> None:
    taken = item(open_().receive(request(body=b"\xff not json")))
    assert (taken.key, taken.content_in_key) == ("content", True)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"pointer": "/event/type", "prefix": "acme."}, ("Order Paid", "acme.order.paid")),
        ({"header": "X-Topic", "prefix": "acme."}, ("Orders/Create", "acme.orders.create")),
    ],
)
def test_a_topic_makes_the_payload_type(source: dict[str, str], expected: tuple[str, str]) -> None:
    made = open_(payload_type=source)
    taken = item(made.receive(request({"X-Topic": "Orders/Create"})))
    assert (taken.name, taken.type) == expected
    formats = made.formats(made.config)
    format_ = payload_format(made.emits, taken.type, lambda: formats)
    assert format_ is not None
    (tree,) = format_.decode([BODY])
    assert isinstance(tree, Tree)
    assert tree.data["event"] == {"type": "Order Paid"}


@pytest.mark.parametrize(
    ("settings", "sent"),
    [
        ({"key": {"header": "X-Delivery"}}, request()),
        ({"key": {"header": "X-Delivery"}}, request({"X-Delivery": "a\nb"})),
        ({"key": {"header": "X-Delivery"}}, request({"X-Delivery": "x" * 201})),
        ({"key": {"pointer": "/missing"}}, request()),
        ({"key": {"pointer": "/items"}}, request()),
        ({"key": {"pointer": "/items/1/sku"}}, request()),
        ({"key": {"pointer": "/id"}}, request(body=b"not json")),
        ({"key": {"pointer": "/id"}}, request(body=b'{"id": true}')),
        ({"key": {"pointer": "/id"}}, request(body=b'{"id": " "}')),
        ({"payload_type": {"header": "X-Topic", "prefix": "acme."}}, request({"X-Topic": "***"})),
        ({}, request(method="GET")),
    ],
)
def test_what_cannot_be_named_is_refused(settings: dict[str, Any], sent: Request) -> None:
    with pytest.raises(ReceptionRefused) as refused:
        open_(**settings).receive(sent)
    assert refused.value.status == 400


def test_the_answer_is_as_set() -> None:
    reception = open_(answer={"status": 202, "body": '{"ok":true}', "content_type": "application/json"}).receive(
        request()
    )
    assert (reception.status, reception.body, reception.content_type) == (202, b'{"ok":true}', "application/json")


@given(st.binary(max_size=200), st.dictionaries(st.sampled_from(["x-signature", "x-topic"]), st.text(max_size=50)))
def test_no_request_does_worse_than_be_refused(body: bytes, headers: dict[str, str]) -> None:
    for signature in ({"scheme": "none"}, HMAC, {**HMAC, "encoding": "base64", "prefix": "v1="}):
        made = connector(signature, payload_type={"header": "x-topic", "prefix": "acme."}, key={"pointer": "/id"})
        with suppress(ReceptionRefused):
            made.receive(request(headers, body))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"signature": None}, "signature"),
        ({"signature": {"scheme": "rsa"}}, "none"),
        ({"signature": {**HMAC, "signed": "{X-Time}"}}, "must name {body}"),
        ({"signature": {**HMAC, "timestamp": "X-Time"}}, "must name the timestamp's header"),
        ({"signature": {"scheme": "standard-webhooks", "secret": "whsec_#"}}, "is base64, mostly after whsec_"),
        ({"payload_type": "Acme Order"}, "write a payload type as"),
        ({"payload_type": {"header": "X-Topic"}}, "prefix"),
        ({"key": {}}, "give either header or pointer"),
        ({"key": {"header": "a", "pointer": "/b"}}, "give either header or pointer"),
        ({"key": {"pointer": "id"}}, "pointer"),
        ({"format": "jsn"}, "did you mean 'json'"),
        ({"answer": {"status": 500}}, "less than or equal to 299"),
    ],
)
def test_wrong_settings_are_refused_without_showing_secrets(changes: dict[str, Any], reason: str) -> None:
    right = {"payload_type": "acme.order", "signature": HMAC}
    with pytest.raises(ValidationError, match=reason) as refused:
        WebhookConfig.model_validate({**right, **changes})
    assert SECRET not in str(refused.value)


SENDERS: dict[str, dict[str, Any]] = {
    "hmac": {"header": "X-Signature", "prefix": "sha256=", "signed": "{X-Time}.{body}", "timestamp": "X-Time"},
    "standard-webhooks": {},
    "basic": {"user": "acme"},
    "bearer": {},
}


class TestSimulator:
    @pytest.fixture
    async def hub(self) -> AsyncIterator[Hub]:
        async with listening() as made:
            yield made

    @pytest.mark.parametrize("scheme", SENDERS)
    async def test_what_it_sends_is_taken_and_a_wrong_signature_is_not(
        self, hub: Hub, tmp_path: Path, scheme: str
    ) -> None:
        simulator = Simulator(SandboxContext("acme-app", hub.url, tmp_path), {"scheme": scheme})
        secret = (await simulator.start())["secret"]
        name = {"basic": "password", "bearer": "token"}.get(scheme, "secret")
        made = connector({"scheme": scheme, name: secret, **SENDERS[scheme]}, wall_clock=True)
        await simulator.act("send", {"body": {"number": "1001"}, "id": "w-1"})
        simulator.misbehave("wrong_signature", 1)
        await simulator.act("resend", {"id": "w-1"})
        await simulator.stop()
        good, bad = hub.requests
        assert made.receive(good).items
        assert hub.bodies() == [{"number": "1001"}] * 2
        with pytest.raises(SignatureRefused):
            made.receive(bad)

    async def test_it_sends_again_until_it_is_taken(self, hub: Hub, tmp_path: Path) -> None:
        simulator = Simulator(SandboxContext("acme-app", hub.url, tmp_path), {})
        await simulator.start()
        hub.statuses = [500, 503]
        simulator.misbehave("late", 1)
        await simulator.act("send", {"body": "text", "topic": "t", "id": "w-1"})
        await eventually(lambda: simulator.state()["webhooks"][0]["status"] == "delivered")
        await simulator.stop()
        (webhook,) = simulator.state()["webhooks"]
        assert webhook == {"id": "w-1", "topic": "t", "status": "delivered", "answers": [500, 503, 200]}
        assert len({one.headers["x-time"] for one in hub.requests}) > 1
        assert {one.body for one in hub.requests} == {b"text"}
