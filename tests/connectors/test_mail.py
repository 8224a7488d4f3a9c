"""The mail connector against its simulator, over encrypted sockets."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.generic.mail.connector import MailConfig, MailConnector
from connectors.generic.mail.message import compose, message_id, read_message
from connectors.generic.mail.simulator import Simulator
from hub.contract.connector import Outbound
from hub.contract.errors import AuthError, CrossdockError, DecodeError, InDoubt, RejectedMessage, TransientError
from hub.contract.simulator import SandboxContext
from hub.contract.testkit import FakePush, fake_context

SENDER = "Acme Orders <orders@acme.example>"
NOTICE = {"to": "ada@example.com", "subject": "Order 1001", "text": "On its way."}
TRANSMISSION = "01980c7e-5f2a-7cc3-98c4-dc0c0c07398f"
MESSAGE_ID = f"<{TRANSMISSION}@acme.example>"
AT = datetime(2026, 3, 2, 8, tzinfo=UTC)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Any]:
    simulator: Any = Simulator(SandboxContext("notices", "http://127.0.0.1:9", tmp_path), {"slow_seconds": 1.0})
    simulator.endpoint = await simulator.start()
    yield simulator
    await simulator.stop()


@pytest.fixture
async def connector(server: Any) -> AsyncIterator[MailConnector]:
    async with opened(server.endpoint) as connector:
        yield connector


@asynccontextmanager
async def opened(endpoint: dict[str, str], **settings: Any) -> AsyncIterator[MailConnector]:
    given = {**endpoint, "port": int(endpoint["port"]), "sender": SENDER, "timeout": 5.0, "data_timeout": 5.0}
    connector = MailConnector(MailConfig.model_validate(given | settings), fake_context())
    await connector.open()
    try:
        yield connector
    finally:
        await connector.close()


def outbound(change: dict[str, Any] | None = None, transmission: str = TRANSMISSION) -> Outbound:
    body = json.dumps(NOTICE | (change or {})).encode()
    return Outbound(transmission, f"test/{transmission}", "mail.message", "1001", "application/json", body)


def composed(change: dict[str, Any], sender: str = SENDER) -> Any:
    mail = compose(read_message(NOTICE | change), sender, MESSAGE_ID, AT)
    return message_from_bytes(mail, policy=policy.SMTP)


class TestSending:
    async def test_a_mail_arrives_as_it_was_written(self, server: Any, connector: Any) -> None:
        attachment = {"filename": "Rechnung für Ada.pdf", "content_type": "application/pdf", "base64": "JVBERi0="}
        change = {
            "to": ["Ada Köning <ada@example.com>", "bob@example.com"],
            "cc": "sales@acme.example",
            "bcc": "audit@acme.example",
            "reply_to": '"King, Ada" <king@example.com>',
            "subject": "Bestellung 1001 unterwegs ✓",
            "text": "Grüße\n.\nFrom Acme",
            "html": "<p>Grüße</p>",
            "attachments": [attachment],
        }
        receipt = await connector.push(outbound(change), FakePush())
        [mail] = server.state()["mails"]
        assert mail["recipients"] == ["ada@example.com", "bob@example.com", "sales@acme.example", "audit@acme.example"]
        headers = mail["headers"]
        assert headers["To"] == "Ada Köning <ada@example.com>, bob@example.com"
        assert (headers["From"], headers["Cc"]) == (SENDER, "sales@acme.example")
        assert (headers["Reply-To"], headers["Subject"]) == (change["reply_to"], change["subject"])
        assert headers["Auto-Submitted"] == "auto-generated"
        assert "Bcc" not in headers
        assert "audit" not in json.dumps(headers)
        assert (mail["text"], mail["html"]) == ("Grüße\n.\nFrom Acme\n", "<p>Grüße</p>\n")
        assert mail["attachments"] == ["Rechnung für Ada.pdf"]
        assert receipt.references == {"message_id": MESSAGE_ID}
        assert receipt.note == "taken for 4 recipients: OK queued as 1"

    async def test_the_message_id_is_the_same_at_every_attempt(self, server: Any, connector: Any) -> None:
        for _ in range(2):
            await connector.push(outbound(), FakePush())
        assert server.state()["received"] == {MESSAGE_ID: 2}

    @pytest.mark.parametrize("change", [{"text": None, "html": "<p>x</p>"}, {"html": "<p>x</p>"}, {}])
    async def test_text_and_html_are_each_enough(self, server: Any, connector: Any, change: dict[str, Any]) -> None:
        await connector.push(outbound(change), FakePush())
        [mail] = server.state()["mails"]
        wanted = NOTICE | change
        assert [mail[kind] and mail[kind].strip() for kind in ("text", "html")] == [wanted["text"], wanted.get("html")]

    async def test_check_signs_in_and_sends_nothing(self, server: Any, connector: Any) -> None:
        health = await connector.check()
        assert health.findings == ["127.0.0.1 answers, encryption: starttls, signed in as hub"]
        assert server.state()["received"] == {}


class TestFailures:
    @pytest.mark.parametrize(
        ("fault", "expected", "taken"),
        [
            ("read_and_close", InDoubt, 0),
            ("apply_and_close", InDoubt, 1),
            ("close_before_text", TransientError, 0),
            ("try_later", TransientError, 0),
            ("refuse_mail", RejectedMessage, 0),
            ("refuse_recipient", RejectedMessage, 0),
        ],
    )
    async def test_a_fault_is_told_as_it_was_and_the_mail_sent_once(
        self, server: Any, connector: Any, fault: str, expected: type[CrossdockError], taken: int
    ) -> None:
        server.misbehave(fault, 1)
        with pytest.raises(CrossdockError) as error:
            await connector.push(outbound(), FakePush())
        assert type(error.value) is expected
        assert sum(server.state()["received"].values()) == taken

    async def test_a_server_too_slow_is_in_doubt(self, server: Any) -> None:
        server.misbehave("slow", 1)
        async with opened(server.endpoint, data_timeout=0.2) as connector:
            with pytest.raises(InDoubt):
                await connector.push(outbound(), FakePush())
        assert server.state()["received"] == {MESSAGE_ID: 1}

    async def test_a_wrong_password_stops_the_connection_and_is_not_shown(self, server: Any) -> None:
        async with opened(server.endpoint, password="very-wrong") as connector:
            with pytest.raises(AuthError, match="535") as error:
                await connector.push(outbound(), FakePush())
        assert "very-wrong" not in f"{error.value.message}{error.value.detail}{error.value.where}"
        assert server.state()["received"] == {}

    async def test_who_does_not_sign_in_is_told_so(self, server: Any) -> None:
        async with opened(server.endpoint, user=None, password=None) as connector:
            with pytest.raises(AuthError, match="530"):
                await connector.push(outbound(), FakePush())

    async def test_a_certificate_nobody_trusts_is_sent_nothing(self, server: Any) -> None:
        async with opened(server.endpoint, ca_file=None) as connector:
            with pytest.raises(TransientError, match="certificate verify failed"):
                await connector.push(outbound(), FakePush())
        assert server.state()["received"] == {}

    @pytest.mark.parametrize("idempotent", [True, False])
    async def test_doubt_is_repeated_only_where_the_receiver_heeds_the_message_id(
        self, server: Any, idempotent: bool
    ) -> None:
        async with opened(server.endpoint, idempotent=idempotent) as connector:
            assert connector.repeatable is idempotent
            with pytest.raises(InDoubt, match="no look-up"):
                await connector.find(outbound())

    async def test_a_closed_port_is_nothing_sent_and_all_is_well_after(self, server: Any, connector: Any) -> None:
        server.misbehave("refuse", 1)
        with pytest.raises(TransientError):
            await connector.push(outbound(), FakePush())
        await server.act("listen", {})
        await connector.push(outbound(), FakePush())
        assert server.state()["effects"] == {MESSAGE_ID: 1}


class TestMessages:
    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"subject": "x\r\nBcc: eve@example.com"}, "subject"),
            ({"subject": "x\nTo: eve@example.com"}, "subject"),
            ({"subject": None}, "subject"),
            ({"to": []}, "to"),
            ({"to": "ada@example.com\r\nBcc: eve@example.com"}, "to.0"),
            ({"to": "ada@example.com, eve@example.com"}, "to.0"),
            ({"to": "ada@example.com> BODY=8BITMIME"}, "to.0"),
            ({"to": ["ada@example.com", "Ada"]}, "to.1"),
            ({"to": "@example.com"}, "to.0"),
            ({"to": "ada@"}, "to.0"),
            ({"to": "ädä@example.com"}, "to.0"),
            ({"to": ""}, "to.0"),
            ({"cc": "Ada\x00 <ada@example.com>"}, "cc.0"),
            ({"reply_to": "nobody"}, "reply_to"),
            ({"text": None}, "body"),
            ({"to": [f"a{n}@example.com" for n in range(60)], "cc": [f"b{n}@example.com" for n in range(60)]}, "body"),
            ({"attachments": [{"filename": "a\r\nb", "text": "x"}]}, "attachments.0.filename"),
            ({"attachments": [{"filename": "a"}]}, "attachments.0"),
            ({"attachments": [{"filename": "a", "base64": "%%%"}]}, "attachments.0"),
            (
                {"attachments": [{"filename": "a", "text": "x", "content_type": "text/plain\r\nX: y"}]},
                "attachments.0.content_type",
            ),
            ({"from": "eve@example.com"}, "from"),
        ],
    )
    async def test_a_wrong_message_names_its_field_and_sends_nothing(
        self, server: Any, connector: Any, change: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(RejectedMessage) as error:
            await connector.push(outbound(change), FakePush())
        assert error.value.where["field"] == field
        assert server.state()["received"] == {}

    async def test_a_mail_that_is_too_large_is_not_sent(self, server: Any) -> None:
        async with opened(server.endpoint, max_bytes=2000) as connector:
            with pytest.raises(RejectedMessage, match=r"max_bytes is 2,000"):
                await connector.push(outbound({"text": "x" * 3000}), FakePush())

    async def test_what_is_no_json_is_refused(self, connector: Any) -> None:
        with pytest.raises(DecodeError):
            await connector.push(
                Outbound("t-1", "k", "mail.message", "1", "application/json", b"To: ada@example.com"), FakePush()
            )

    def test_each_recipient_is_there_once(self) -> None:
        mail = read_message(NOTICE | {"cc": ["Ada <ada@example.com>", "bob@example.com"], "bcc": "bob@example.com"})
        assert mail.recipients() == ["ada@example.com", "bob@example.com"]

    @pytest.mark.parametrize("transmission", ["a b", "", "x>\r\nBcc: y", "é" * 70, "a@b"])
    def test_any_transmission_has_a_message_id_of_its_own(self, transmission: str) -> None:
        made = message_id(transmission, SENDER)
        assert made == message_id(transmission, SENDER) != message_id(transmission + "x", SENDER)
        assert made.endswith("@acme.example>")
        assert " " not in made
        assert made.isascii()
        assert made.isprintable()

    @given(
        subject=st.text(max_size=200),
        name=st.text(max_size=80),
        text=st.text(st.characters(codec="utf-8"), max_size=300),
        filename=st.text(min_size=1, max_size=60),
    )
    def test_whatever_is_taken_is_one_mail_with_no_further_header(
        self, subject: str, name: str, text: str, filename: str
    ) -> None:
        change = {"subject": subject, "to": f"{name} <ada@example.com>", "text": text}
        change |= {"attachments": [{"filename": filename, "text": text}]}  # type: ignore[dict-item]
        try:
            mail = composed(change)
        except RejectedMessage:
            return
        names = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]
        assert sorted(mail.keys()) == sorted(names)
        assert [box.addr_spec for box in mail["To"].addresses] == ["ada@example.com"]
        body = mail.get_body(("plain",)).get_content()
        assert re.sub("\r\n|\r", "\n", body).rstrip("\n") == re.sub("\r\n|\r", "\n", text).rstrip("\n")

    @given(st.dictionaries(st.sampled_from(["to", "cc", "subject", "text", "attachments", "x"]), st.text(max_size=20)))
    def test_whatever_shape_a_message_has_it_is_read_or_refused(self, tree: dict[str, str]) -> None:
        try:
            assert read_message(tree).recipients()
        except RejectedMessage as error:
            assert error.where["field"]  # noqa: PT017 - both ends are good ones

    @pytest.mark.parametrize("sender", ["", "orders", "a@b\r\nBcc: c@d", "a@b, c@d"])
    def test_a_sender_that_is_none_is_refused(self, sender: str) -> None:
        with pytest.raises(ValidationError, match="sender"):
            MailConfig.model_validate({"host": "h", "sender": sender})

    def test_the_password_is_not_printed(self) -> None:
        config = MailConfig.model_validate({"host": "h", "sender": SENDER, "user": "hub", "password": "hush"})
        assert "hush" not in repr(config)
