"""The mappings of mails: each moment of an order is a mail that its buyer gets, by the templates shipped."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from connectors.generic.mail.connector import MailConfig, MailConnector
from connectors.generic.mail.simulator import Simulator
from hub.contract.connector import Outbound
from hub.contract.simulator import SandboxContext
from hub.contract.testkit import FakePush, fake_context
from hub.mapping import MappingFailed
from tests.connectors.mail_bench import SENDER, filled, mail_format
from tests.connectors.mapping_bench import MAPPINGS, mapped, sample

ORDER: dict[str, Any] = {
    "number": "#1001",
    "currency": "USD",
    "buyer": {"name": "Ada Brandt", "email": "ada.brandt@mail.example"},
    "lines": [
        {"line_id": "1", "sku": "MUG-WHITE", "description": "Enamel mug - White", "quantity": {"value": "2.000"}},
        {"line_id": "2", "sku": "TEA", "description": "Earl Grey", "quantity": {"value": 3}},
        {"line_id": "3", "sku": "ROPE", "quantity": {"value": "5.50", "unit": "MTR"}},
        {"line_id": "4", "sku": "LAMP", "description": "Lamp", "quantity": {"value": 1}},
    ],
}
MOMENTS = {
    "order_confirmed": (
        "acknowledgement",
        "Your order #1001 is confirmed",
        ["Earl Grey", "5.5 MTR", "Not sold any more"],
    ),
    "order_shipped": ("shipment", "Your order #1001 is on its way", ["1Z0001, 1Z0002", "UPS Ground", "CATALOGUE"]),
    "delivered": ("delivered", "Your order #1001 was delivered", ["1Z0001", "Front Door", "I BRANDT"]),
    "delivery_problem": (
        "exception",
        "Your order #1001: a parcel could not be delivered",
        ["1Z0001", "No Access", "06 March 2026"],
    ),
    "return_authorized": ("return", "Your return RMA-1001-1 for order #1001", ["RMA-1001-1", "Enamel mug", "chipped"]),
    "refunded": ("credit", "Your refund for order #1001: 12.50 USD", ["12.50 USD", "CN-1001-1", "Handle broken"]),
}
"""Mapping: its sample, the subject, and what a reader must find in text and HTML."""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Any]:
    simulator: Any = Simulator(SandboxContext("notices", "http://127.0.0.1:9", tmp_path), {})
    simulator.endpoint = await simulator.start()
    yield simulator
    await simulator.stop()


@pytest.fixture
async def connector(server: Any) -> AsyncIterator[MailConnector]:
    settings = {**server.endpoint, "port": int(server.endpoint["port"]), "sender": SENDER}
    connector = MailConnector(MailConfig.model_validate(settings), fake_context())
    await connector.open()
    yield connector
    await connector.close()


def test_every_mapping_of_mails_is_tried_here() -> None:
    assert sorted(path.stem for path in (MAPPINGS / "mail").glob("*.yaml")) == sorted(MOMENTS)


@pytest.mark.parametrize("moment", MOMENTS)
async def test_each_moment_is_a_mail_to_the_buyer(server: Any, connector: MailConnector, moment: str) -> None:
    source, subject, told = MOMENTS[moment]
    body = mail_format().encode(mapped(f"mail/{moment}", sample(f"mail/{source}"), order=ORDER), "mail.message")
    await connector.push(Outbound("01980c7e-5f2a", "k", "mail.message", "1", "application/json", body), FakePush())
    [mail] = server.state()["mails"]
    assert mail["recipients"] == ["ada.brandt@mail.example"]
    assert mail["headers"]["Subject"] == subject
    for part in ("text", "html"):
        assert [words for words in told if words not in mail[part]] == [], mail[part]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_buyer_without_a_name_is_greeted_all_the_same(moment: str) -> None:
    order = ORDER | {"buyer": {"email": "einkauf@kontor.example"}}
    message = filled(mapped(f"mail/{moment}", sample(f"mail/{MOMENTS[moment][0]}"), order=order))
    assert message["text"].startswith("Hello,\n\n")
    assert ">Hello,<" in message["html"]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_buyer_without_an_address_is_named_as_what_is_missing(moment: str) -> None:
    with pytest.raises(MappingFailed, match=r"order\.buyer\.email"):
        mapped(f"mail/{moment}", sample(f"mail/{MOMENTS[moment][0]}"), order=ORDER | {"buyer": {"name": "Ada"}})


@pytest.mark.parametrize(
    ("moment", "source"),
    [
        ("order_confirmed", {"order_number": "1", "lines": [{"line_id": "9", "status": "accepted"}]}),
        ("order_shipped", {"number": "S", "shipped_at": "2026-03-03T15:00:00Z"}),
        (
            "order_shipped",
            {
                "number": "S",
                "shipped_at": "2026-03-03T15:00:00Z",
                "items": [{"quantity": {"value": 1}}],
                "packages": [{}],
            },
        ),
        ("delivered", {"tracking": "1Z", "stage": "delivered"}),
        ("delivery_problem", {"tracking": "1Z", "stage": "exception"}),
        ("return_authorized", {"number": "R", "lines": [{"line_id": "9", "quantity": {"value": 1}}]}),
        (
            "refunded",
            {
                "number": "C",
                "order_number": "1",
                "issued_on": "2026-03-20",
                "currency": "JPY",
                "lines": [{"line_id": "9", "quantity": {"value": 1}}],
                "total": {"amount": "1200", "currency": "JPY"},
            },
        ),
    ],
)
def test_a_document_with_little_in_it_is_a_whole_mail_still(moment: str, source: Any) -> None:
    message = filled(mapped(f"mail/{moment}", source, order=ORDER))
    assert message["subject"]
    assert "None" not in json.dumps(message)
    assert "\n\n\n" not in message["text"]
