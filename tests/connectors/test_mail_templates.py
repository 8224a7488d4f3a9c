"""Templates of mails: filled when the mail is frozen, escaped, overridden by the connection, and never half filled."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.generic.mail.connector import MailConfig, MailConnector
from connectors.generic.mail.simulator import Simulator
from hub.contract.connector import Outbound
from hub.contract.errors import RejectedMessage
from hub.contract.simulator import SandboxContext
from hub.contract.testkit import FakePush, fake_context
from hub.workspace import load
from tests.connectors.mail_bench import SENDER, filled, mail_format

TREE: dict[str, Any] = {
    "template": "refunded",
    "to": "ada@example.com",
    "data": {
        "name": "Ada",
        "order_number": "1001",
        "credit_note": "CN-1",
        "issued_on": date(2026, 3, 20),
        "amount": "12.50 USD",
        "lines": [{"description": "Mug", "quantity": Decimal("1.000"), "unit": "EA"}],
    },
}
NOTE = {"subject": "Note about {{ number }}", "text": "{{ number }}: {{ what | upper }}"}


def with_data(**changes: Any) -> dict[str, Any]:
    return TREE | {"data": TREE["data"] | changes}


class Page(HTMLParser):
    """What a page shows: its tags in order, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_a_template_becomes_subject_text_and_html_signed_by_the_sender() -> None:
    message = filled(TREE)
    assert set(message) == {"to", "subject", "text", "html"}
    assert message["subject"] == "Your refund for order 1001: 12.50 USD"
    assert message["text"].startswith("Hello Ada,\n\nWe give you back 12.50 USD for your order 1001")
    assert "2026-03-20" in message["text"]
    assert "- 1 x Mug\n" in message["text"]
    assert message["text"].endswith("\n\nAcme Orders")
    assert {"html", "title", "h1", "table", "caption", "th", "td"} <= set(Page(message["html"]).tags)


def test_a_message_without_a_template_is_frozen_as_it_is() -> None:
    plain = {"to": "ada@example.com", "subject": "Order 1001", "text": "On its way."}
    assert filled(plain) == plain


def test_what_else_a_mail_has_goes_with_a_template_too() -> None:
    more = {"cc": ["sales@acme.example"], "reply_to": "service@acme.example"}
    more["attachments"] = [{"filename": "a.txt", "text": "x"}]  # type: ignore[assignment]
    message = filled(TREE | more)
    assert {key: message[key] for key in more} == more


async def test_what_is_sent_is_what_was_frozen(tmp_path: Path) -> None:
    server: Any = Simulator(SandboxContext("notices", "http://127.0.0.1:9", tmp_path), {})
    endpoint = await server.start()
    settings = {**endpoint, "port": int(endpoint["port"]), "sender": SENDER, "templates": {"refunded": NOTE}}
    connector = MailConnector(MailConfig.model_validate(settings), fake_context())
    await connector.open()
    out = Outbound("01980c7e", "k", "mail.message", "1", "application/json", mail_format().encode(TREE, "mail.message"))
    for attempt in (1, 2):
        await connector.push(replace(out, attempt=attempt), FakePush())
    mails = server.state()["mails"]
    await connector.close()
    await server.stop()
    assert {mail["headers"]["Subject"] for mail in mails} == {"Your refund for order 1001: 12.50 USD"}
    assert {mail["text"].strip() for mail in mails} == {json.loads(out.body)["text"]}


def test_the_hub_writes_with_the_templates_of_the_connection() -> None:
    files = {
        "config/connections/notices.yaml": (
            b"connection: notices\ntype: mail\nhost: h\nsender: orders@acme.example\n"
            b"templates:\n  note: {subject: Note, text: 'Signed: {{ sender }}'}\n"
        )
    }
    loaded = load(files, environ={})
    assert loaded.workspace is not None
    encoder = loaded.workspace.encoder("notices", "mail.message")
    assert encoder is not None
    body = encoder.encode({"template": "note", "to": "ada@example.com"}, "mail.message")
    assert json.loads(body)["text"] == "Signed: orders@acme.example"


class TestHostileData:
    MARKUP = '<script>alert(1)</script><a href="x">"\'&'

    def test_markup_in_data_is_text_in_html_and_stays_as_it_is_in_text(self) -> None:
        message = filled(with_data(name=self.MARKUP, reason=self.MARKUP, lines=[{"description": self.MARKUP}]))
        page = Page(message["html"])
        assert "script" not in page.tags
        assert "a" not in page.tags
        assert "".join(page.text).count(self.MARKUP) == 3
        assert f"Hello {self.MARKUP}," in message["text"]

    def test_a_template_in_data_is_not_one(self) -> None:
        assert "Hello {{ 7 * 7 }}," in filled(with_data(name="{{ 7 * 7 }}"))["text"]

    def test_a_line_break_in_data_writes_no_header(self) -> None:
        assert filled(with_data(order_number="1\r\nBcc: eve@example.com"))["subject"] == (
            "Your refund for order 1 Bcc: eve@example.com: 12.50 USD"
        )

    @given(st.text(max_size=60), st.text(max_size=60))
    def test_whatever_the_data_is_the_page_has_the_same_tags(self, name: str, article: str) -> None:
        expected = Page(filled(TREE)["html"]).tags
        tree = with_data(name=name, lines=[{"description": article, "quantity": 1, "unit": "EA"}])
        assert Page(filled(tree)["html"]).tags == expected


class TestFailures:
    @pytest.mark.parametrize(
        ("change", "said", "where"),
        [
            ({"amount": ...}, "refunded.subject, line 1 cannot be filled: 'amount' is undefined", 1),
            ({"issued_on": ...}, "refunded.text, line 4 cannot be filled: 'issued_on' is undefined", 4),
            ({"lines": [{"quantity": 1, "unit": "EA"}]}, "lines.text, line 3 cannot be filled: .* 'description'", 3),
            ({"lines": [{"description": "x", "quantity": "many", "unit": "EA"}]}, "'many' is not a number", 3),
            ({"lines": 5}, "lines.text, line 2 cannot be filled: 'int' object is not iterable", 2),
        ],
    )
    def test_what_the_data_lacks_is_named_with_template_and_line(
        self, change: dict[str, Any], said: str, where: int
    ) -> None:
        data = {key: value for key, value in (TREE["data"] | change).items() if value is not ...}
        with pytest.raises(RejectedMessage, match=said) as error:
            filled(TREE | {"data": data})
        assert error.value.where["line"] == where

    @pytest.mark.parametrize(
        ("tree", "said", "field"),
        [
            (TREE | {"template": "refundet"}, "no mail template 'refundet'; did you mean 'refunded'", "template"),
            (TREE | {"template": "layout"}, "no mail template 'layout'", "template"),
            (TREE | {"template": "../secrets"}, "no mail template", "template"),
            (TREE | {"template": 5}, "template's name", "template"),
            (TREE | {"data": []}, "template's name", "template"),
            (TREE | {"html": "<p>x</p>"}, "`html` is the template's to write", "html"),
            (TREE | {"to": "nobody"}, r"not a mail\.message", "to.0"),
            ({"template": "refunded", "data": TREE["data"]}, r"not a mail\.message", "to"),
            ({"to": "ada@example.com", "text": "x"}, r"not a mail\.message", "subject"),
            ("refunded", r"not a mail\.message", "body"),
        ],
    )
    def test_a_mail_that_is_none_is_refused_before_it_is_frozen(self, tree: Any, said: str, field: str) -> None:
        with pytest.raises(RejectedMessage, match=said) as error:
            filled(tree)
        assert error.value.where["field"] == field

    def test_a_template_reaches_nothing_but_data(self) -> None:
        own = {"note": {"subject": "x", "text": "{{ ''.__class__.__mro__ }}"}}
        with pytest.raises(RejectedMessage, match=r"note\.text, line 1 .*unsafe"):
            filled({"template": "note", "to": "ada@example.com"}, own)

    def test_a_template_that_never_ends_is_stopped(self) -> None:
        own = {"note": {"subject": "x", "text": "{% for one in range(10 ** 9) %}{{ one }}{% endfor %}"}}
        with pytest.raises(RejectedMessage, match="range"):
            filled({"template": "note", "to": "ada@example.com"}, own)


class TestOwnTemplates:
    def test_a_further_template_is_one_of_the_connections(self) -> None:
        tree = {"template": "note", "to": "ada@example.com", "data": {"number": 7, "what": "late"}}
        message = filled(tree, {"note": NOTE})
        assert message == {"to": "ada@example.com", "subject": "Note about 7", "text": "7: LATE"}

    def test_a_part_of_a_shipped_one_is_replaced_alone(self) -> None:
        message = filled(TREE, {"refunded": {"subject": "Erstattung zu {{ order_number }}"}})
        assert message["subject"] == "Erstattung zu 1001"
        assert (message["text"], message["html"]) == (filled(TREE)["text"], filled(TREE)["html"])

    def test_the_frame_around_all_pages_is_replaced_once(self) -> None:
        frame = "<body><img alt='Acme' src='https://acme.example/logo.png'>{% block content %}{% endblock %}</body>"
        html = filled(TREE, {"layout": {"html": frame}})["html"]
        assert html.startswith("<body><img")
        assert "credit note CN-1" in html

    @pytest.mark.parametrize(
        ("templates", "said"),
        [
            ({"note": {"subject": "{{ number"}}, "line 1 of the template"),
            ({"note": {"subject": "x", "text": "a\nb\n{% if %}"}}, "line 3 of the template"),
            ({"note": {"subject": "x", "text": "{{ a | shout }}"}}, "No filter named 'shout'"),
            ({"note": {"subject": "x"}}, "one of them lack the templates note"),
            ({"note": {"title": "x"}}, "title"),
            ({"../note": NOTE}, "pattern"),
        ],
    )
    def test_a_wrong_template_is_a_wrong_setting(self, templates: Any, said: str) -> None:
        with pytest.raises(ValidationError, match=said):
            mail_format(templates)
