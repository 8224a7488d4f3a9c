"""The mappings of SAP over the wire: an order and its changes go out, and come back line by line."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.contract.connector import Item, Outbound
from hub.contract.documents import CreditNote, Order, OrderAcknowledgement
from hub.contract.errors import RejectedMessage
from hub.contract.testkit import FakePush
from hub.mapping import CrosswalkMissing, compile_mapping
from hub.pipelines import tree_of
from hub.source import Problems, parse
from tests.connectors.sap_bench import FORMAT, Bench, idoc, opened

MAPPINGS = Path(__file__).parents[2] / "mappings" / "sap"


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async for made in opened(tmp_path):
        yield made


class Numbers:
    """What the mappings ask of the hub: a table of materials, SAP's number of the order, running numbers."""

    def __init__(self) -> None:
        self.taken = 0

    def crosswalk(self, table: str, key: str, **options: Any) -> str:
        materials = {"MUG-BLUE": "M-1", "TEE-BLACK-L": "M-2", "POSTER-A2": "M-3"}
        if table != "sap/materials" or key not in materials:
            raise CrosswalkMissing(table, key)
        return materials[key]

    def xref(self, system: str, kind: str) -> str | None:
        return "0000000001" if (system, kind) == ("acme-sap", "order") else None

    def sequence(self, name: str) -> int:
        assert name == "sap/docnum"
        self.taken += 1
        return self.taken


def mapped(name: str, tree: Any, numbers: Numbers, order: Order | None = None) -> Any:
    problems = Problems()
    node = parse((MAPPINGS / f"{name}.yaml").read_bytes(), f"mappings/sap/{name}.yaml", problems)
    assert node is not None
    mapping = compile_mapping(node, problems)
    problems.raise_if_errors()
    assert mapping is not None
    variables = {"source": tree, "effect": "created", "target": "acme-sap"}
    return mapping.run(variables | ({} if order is None else {"order": tree_of(order)}), numbers)


def shop_order() -> Order:
    return Order.model_validate_json((MAPPINGS / "samples" / "order.json").read_bytes())


def transmission(name: str, document: Order, numbers: Numbers) -> Outbound:
    tree = mapped(name, tree_of(document), numbers)
    type_ = f"idoc.{tree['EDI_DC40']['MESTYP'].lower()}"
    docnum = tree["EDI_DC40"]["DOCNUM"]
    return Outbound(docnum, docnum, type_, document.number, "application/xml", FORMAT.encode(tree, type_))


def acknowledgement(item: Item, numbers: Numbers) -> OrderAcknowledgement:
    made = mapped("ordrsp", idoc(item), numbers)
    header = {"source": "acme-sap", "source_id": made["seller_number"]}
    return OrderAcknowledgement.model_validate({"header": header, **made})


async def test_line_ids_of_the_shop_survive_the_way_through_sap(bench: Bench):
    document, numbers = shop_order(), Numbers()
    await bench.send(transmission("orders05", document, numbers))
    (item,) = await bench.pull()
    answer = acknowledgement(item, numbers)
    assert (answer.order_number, answer.seller_number) == ("#1001", "0000000001")
    open_lines = [line for line in document.lines if not line.cancelled]
    assert [line.line_id for line in answer.lines] == [line.line_id for line in open_lines]
    assert [(line.status, line.quantity) for line in answer.lines] == [
        ("accepted", line.quantity) for line in open_lines
    ]
    assert [line.price for line in answer.lines] == [line.price for line in open_lines]


async def test_a_change_reaches_the_items_of_the_order_it_follows(bench: Bench):
    document, numbers = shop_order(), Numbers()
    await bench.send(transmission("orders05", document, numbers))
    document.lines[0].quantity.value += 3
    document.lines[2].cancelled = True
    await bench.send(transmission("ordchg05", document, numbers))
    assert bench.documents()["#1001"]["items"] == {"M-1": "5.000", "M-2": "1.000"}
    answers = {item.name: acknowledgement(item, numbers) for item in await bench.pull()}
    decided = {line.line_id: line.status for line in answers["ORDRSP_0000000000000002.xml"].lines}
    assert decided == {document.lines[0].line_id: "accepted", document.lines[2].line_id: "rejected"}


def credit(number: str = "CN-1001-1", numbers: Numbers | None = None) -> Outbound:
    note = CreditNote.model_validate_json((MAPPINGS / "samples" / "credit.json").read_bytes())
    note.number = number
    tree = mapped("credit", tree_of(note), numbers or Numbers(), shop_order())
    docnum = f"credit-{number}"
    return Outbound(docnum, docnum, "idoc.orders", number, "application/xml", FORMAT.encode(tree, "idoc.orders"))


async def test_a_credit_is_asked_for_once_and_names_its_order(bench: Bench):
    await bench.send(transmission("orders05", shop_order(), Numbers()))
    out, push = credit(), FakePush()
    await bench.connector.push(out, push)
    await bench.send(replace(out, attempt=2, done=push.done))
    assert bench.sap.state()["credits"] == {
        "CN-1001-1": {
            "requests": 1,
            "numbers": ["0060000001"],
            "order": "0000000001",
            "amount": "12.50",
            "currency": "EUR",
            "items": {"M-1": "1.000"},
        }
    }
    assert bench.documents()["#1001"]["orders"] == 1
    assert [item.name for item in await bench.pull()] == ["ORDRSP_0000000000000001.xml"]


async def test_a_credit_for_an_order_that_sap_lacks_is_not_posted(bench: Bench):
    await bench.send(credit())
    state = bench.sap.state()
    assert (state["credits"], [refused["reason"] for refused in state["refused"]]) == (
        {},
        ["Sales document 0000000001 does not exist"],
    )


async def test_two_credits_of_an_order_are_two(bench: Bench):
    numbers = Numbers()
    await bench.send(transmission("orders05", shop_order(), numbers))
    for number in ("CN-1001-1", "CN-1001-2"):
        await bench.send(credit(number, numbers))
    assert {number: one["requests"] for number, one in bench.sap.state()["credits"].items()} == {
        "CN-1001-1": 1,
        "CN-1001-2": 1,
    }


def test_a_line_id_that_sap_cannot_carry_is_refused_before_anything_is_sent():
    document = shop_order()
    document.lines[0].line_id = "gid://shopify/LineItem/866550311766439020"
    with pytest.raises(RejectedMessage) as refused:
        transmission("orders05", document, Numbers())
    assert "E1EDP02" in refused.value.message
    assert "866550311766439020" in refused.value.message
