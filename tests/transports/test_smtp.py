"""SMTP: what each reply and each cut means, seen at a server that says it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.transports.smtp import SmtpClient, SmtpSettings
from hub.contract.errors import AuthError, ConfigError, CrossdockError, InDoubt, RejectedMessage, TransientError
from tests.transports.scripted_smtp import CLOSE, SILENCE, ScriptedSmtp, scripted

MAIL = b"Subject: x\r\n\r\nhello\r\n"
TO = ["ada@example.com", "bob@example.com"]


def client(port: int, **settings: Any) -> SmtpClient:
    given = {"host": "127.0.0.1", "port": port, "security": "none", "timeout": 0.3, "data_timeout": 0.3}
    return SmtpClient(SmtpSettings.model_validate(given | settings))


async def failing(smtp: ScriptedSmtp) -> CrossdockError:
    with pytest.raises(CrossdockError) as error:
        await client(smtp.port).deliver("hub@acme.example", TO, MAIL)
    return error.value


class TestDelivering:
    async def test_a_mail_goes_to_all_recipients_in_one_session(self) -> None:
        async with scripted() as smtp:
            assert await client(smtp.port).deliver("hub@acme.example", TO, MAIL) == "queued"
        assert smtp.commands[:5] == [
            "EHLO localhost",
            "MAIL FROM:<hub@acme.example>",
            "RCPT TO:<ada@example.com>",
            "RCPT TO:<bob@example.com>",
            "DATA",
        ]
        assert smtp.texts == [MAIL + b".\r\n"]

    async def test_a_dot_in_the_text_does_not_end_it(self) -> None:
        async with scripted() as smtp:
            await client(smtp.port).deliver("hub@acme.example", TO, b"Subject: x\r\n\r\na\r\n.\r\nRCPT TO:<x@y>\r\n")
        assert smtp.texts == [b"Subject: x\r\n\r\na\r\n..\r\nRCPT TO:<x@y>\r\n.\r\n"]

    @given(st.binary(max_size=60))
    @settings(max_examples=25, deadline=None)
    def test_no_text_can_smuggle_a_command(self, text: bytes) -> None:
        async def deliver() -> ScriptedSmtp:
            async with scripted() as smtp:
                await client(smtp.port, data_timeout=5.0).deliver("hub@acme.example", TO, b"\r\n.\r\nDATA\r\n" + text)
                return smtp

        assert [command.partition(" ")[0] for command in asyncio.run(deliver()).commands][:5] == [
            "EHLO",
            "MAIL",
            "RCPT",
            "RCPT",
            "DATA",
        ]

    async def test_what_becomes_of_the_connection_after_the_reply_is_nothing_to_the_mail(self) -> None:
        for quit_reply in (CLOSE, SILENCE, "500 what"):
            async with scripted(QUIT=quit_reply) as smtp:
                assert await client(smtp.port).deliver("hub@acme.example", TO, MAIL) == "queued"

    async def test_probing_sends_nothing(self) -> None:
        async with scripted(NOOP="250 here") as smtp:
            assert await client(smtp.port).probe() == "here"
        assert smtp.commands == ["EHLO localhost", "NOOP", "QUIT"]


class TestFailures:
    @pytest.mark.parametrize(
        ("command", "reply", "expected"),
        [
            ("greeting", "421 too busy", TransientError),
            ("greeting", "554 go away", AuthError),
            ("greeting", CLOSE, TransientError),
            ("greeting", SILENCE, TransientError),
            ("greeting", "HTTP/1.1 400 Bad Request", TransientError),
            ("EHLO", "550 no", AuthError),
            ("EHLO", CLOSE, TransientError),
            ("MAIL", "451 later", TransientError),
            ("MAIL", "530 sign in first", AuthError),
            ("MAIL", "550 not you", RejectedMessage),
            ("MAIL", CLOSE, TransientError),
            ("MAIL", SILENCE, TransientError),
            ("RCPT", "450 busy", TransientError),
            ("RCPT", "550 unknown", RejectedMessage),
            ("RCPT", CLOSE, TransientError),
            ("DATA", "451 later", TransientError),
            ("DATA", "554 no", RejectedMessage),
            ("dot", "451 later", TransientError),
            ("dot", "552 too large", RejectedMessage),
            ("dot", CLOSE, InDoubt),
            ("dot", SILENCE, InDoubt),
            ("dot", "what?", InDoubt),
            ("dot", "199 hm", InDoubt),
        ],
    )
    async def test_a_reply_leads_to_what_is_to_be_done(
        self, command: str, reply: str, expected: type[CrossdockError]
    ) -> None:
        async with scripted(**{command: reply}) as smtp:
            error = await failing(smtp)
        assert type(error) is expected
        assert bool(smtp.texts) == (command == "dot")

    async def test_the_servers_words_are_told_on_one_line(self) -> None:
        async with scripted(dot="554-5.7.1 spam\r\n554 see \x1b[31m\xff") as smtp:
            error = await failing(smtp)
        assert "refused the mail: 554 5.7.1 spam see" in error.message
        assert error.message.isprintable()
        assert error.where["code"] == 554

    async def test_one_refused_recipient_is_named_and_nobody_is_sent_the_mail(self) -> None:
        async with scripted(**{"RCPT TO:<ada@example.com>": "450 busy", "RCPT TO:<bob@example.com>": "550 no"}) as smtp:
            error = await failing(smtp)
        assert type(error) is RejectedMessage
        assert "the recipient bob@example.com: 550 no" in error.message
        assert smtp.texts == []

    async def test_a_closed_port_was_sent_nothing(self) -> None:
        async with scripted() as smtp:
            pass
        with pytest.raises(TransientError, match=r"Nothing was sent\."):
            await client(smtp.port).deliver("hub@acme.example", TO, MAIL)

    async def test_a_server_without_starttls_is_sent_nothing(self) -> None:
        async with scripted() as smtp:
            with pytest.raises(AuthError, match="offers no STARTTLS"):
                await client(smtp.port, security="starttls", user="hub", password="p").deliver(
                    "h@acme.example", TO, MAIL
                )
        assert smtp.commands == ["EHLO localhost"]

    async def test_starttls_that_never_comes_ends_in_time(self) -> None:
        async with scripted(EHLO="250-x\r\n250 STARTTLS", STAR="220 go") as smtp:
            with pytest.raises(TransientError):
                await client(smtp.port, security="starttls").deliver("h@acme.example", TO, MAIL)
        assert smtp.commands[:2] == ["EHLO localhost", "STARTTLS"]


class TestSettings:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"user": "hub"}, "belong together"),
            ({"password": "p"}, "belong together"),
            ({"user": "hub", "password": "p", "security": "none"}, "unencrypted"),
            ({"security": "ssl"}, "security"),
            ({"host": "a b"}, "host"),
            ({"port": 0}, "port"),
            ({"local_name": "x\r\nMAIL"}, "local_name"),
        ],
    )
    def test_what_cannot_be_meant_is_refused(self, change: dict[str, Any], message: str) -> None:
        with pytest.raises(ValidationError, match=message):
            SmtpSettings.model_validate({"host": "smtp.acme.example"} | change)

    def test_a_missing_certificate_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"none\.pem"):
            SmtpClient(SmtpSettings.model_validate({"host": "h", "ca_file": tmp_path / "none.pem"}))
