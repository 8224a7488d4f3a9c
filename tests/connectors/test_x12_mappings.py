"""The mappings of X12 over the wire: what a partner sends becomes documents, what is made of them it understands."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from connectors.formats.x12 import Partner, Party, X12Format
from hub.contract.documents import KINDS
from hub.contract.format import Tree
from hub.mapping import CrosswalkMissing, compile_mapping
from hub.mapping import Mapping as CompiledMapping
from hub.pipelines import tree_of
from hub.source import Problems, parse
from tests.connectors.x12_bench import ORDER, Bench, opened

MAPPINGS = Path(__file__).parents[2] / "mappings" / "x12"
HEADER = {"source": "northwind", "source_id": "1"}

INBOUND = {
    "x12.850": "order",
    "x12.855": "acknowledgement",
    "x12.856": "ship_notice_in",
    "x12.810": "invoice_in",
    "x12.940": "warehouse_order_in",
    "x12.945": "warehouse_shipment",
    "x12.997": "functional_acknowledgement",
}
"""The mapping of each type to a document."""


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async for made in opened(tmp_path):
        yield made


class NoLookups:
    """The mappings of X12 ask the hub for nothing."""

    def crosswalk(self, table: str, key: str, **options: Any) -> str:
        raise CrosswalkMissing(table, key)

    def xref(self, system: str, kind: str) -> str | None:
        raise AssertionError(f"{system}, {kind}")

    def sequence(self, name: str) -> int:
        raise AssertionError(name)


@cache
def compiled(name: str) -> CompiledMapping:
    problems = Problems()
    node = parse((MAPPINGS / f"{name}.yaml").read_bytes(), f"mappings/x12/{name}.yaml", problems)
    assert node is not None
    mapping = compile_mapping(node, problems)
    problems.raise_if_errors()
    assert mapping is not None
    return mapping


def mapped(name: str, tree: Any, **given: Any) -> Any:
    variables = {"effect": "created", "target": "northwind", "connection": "northwind", "headers": {}}
    return compiled(name).run({**variables, "source": tree, "order": None, "message": tree, **given}, NoLookups())


def document(name: str, tree: Any, **given: Any) -> Any:
    """The canonical document that a mapping makes, as the tree that routes see."""
    made = mapped(name, tree, **given)
    return tree_of(KINDS[compiled(name).target_type].model_validate({"header": HEADER, **made}))


def canonical(kind: str, fields: Mapping[str, Any]) -> Any:
    return tree_of(KINDS[kind].model_validate({"header": HEADER, **fields}))


async def ordered(bench: Bench) -> Any:
    """The Order of what the partner ordered."""
    await bench.partner.act("send_orders", {"orders": [ORDER]})
    (tree,) = await bench.pull_trees()
    return document("order", tree.data)


async def test_an_order_is_answered_shipped_and_billed(bench: Bench):
    order = await ordered(bench)
    assert [line["line_id"] for line in order["lines"]] == ["1", "2"]
    await bench.send("x12.855", mapped("acknowledgement_out", answer(order), order=order))
    await bench.send("x12.856", mapped("ship_notice", shipment(), order=order))
    await bench.send("x12.810", mapped("invoice", invoice(), order=order))
    (acknowledged,) = bench.received("855")["PO-4711"]
    assert acknowledged["kind"] == "AC"
    assert [(line["line"], line["sku"], line["status"], line["quantity"]) for line in acknowledged["lines"]] == [
        ("1", "MUG-BLUE", "IA", "24"),
        ("2", "TEA", "IQ", "1"),
    ]
    (noticed,) = bench.received("856")["PO-4711"]
    assert (noticed["shipment"], noticed["carrier"], noticed["bill"]) == ("SH-1", "UPSN", "BOL-1")
    assert [pack["sscc"] for pack in noticed["packs"]] == ["00006141410000000018"]
    assert noticed["packs"][0]["items"] == [{"line": "1", "sku": "MUG-BLUE", "quantity": "24", "unit": "CA"}]
    (billed,) = bench.received("810")["PO-4711"]
    assert (billed["number"], billed["total"]) == ("INV-1", "30000")
    assert billed["lines"][0] == {"line": "1", "sku": "MUG-BLUE", "quantity": "24", "unit": "CA", "price": "12.5"}


def answer(order: Mapping[str, Any]) -> Any:
    first, second = order["lines"]
    lines = [
        {"line_id": first["line_id"], "status": "accepted", "quantity": first["quantity"]},
        {"line_id": second["line_id"], "status": "changed", "quantity": {"value": 1}},
    ]
    return canonical("OrderAcknowledgement", {"order_number": order["number"], "lines": lines})


def shipment() -> Any:
    items = [{"line_id": "1", "quantity": {"value": 24, "unit": "CS"}}]
    return canonical(
        "Shipment",
        {
            "number": "SH-1",
            "shipped_at": "2026-03-09T15:30:00Z",
            "carrier": "UPSN",
            "bill_of_lading": "BOL-1",
            "node": "WH1",
            "packages": [{"sscc": "006141410000000018", "items": items}],
        },
    )


def invoice() -> Any:
    amount = {"amount": "300", "currency": "USD"}
    return canonical(
        "Invoice",
        {
            "number": "INV-1",
            "order_number": "PO-4711",
            "issued_on": "2026-03-09",
            "currency": "USD",
            "goods": amount,
            "total": amount,
            "lines": [{"line_id": "1", "quantity": {"value": 24, "unit": "CS"}}],
        },
    )


def request() -> Any:
    lines = [
        {"line_id": "gid-1", "sku": "MUG-BLUE", "quantity": {"value": 24, "unit": "CS"}},
        {"line_id": "gid-2", "sku": "TEA", "quantity": {"value": 2}},
    ]
    ship_to = {
        "name": "Ada Brandt",
        "phone": "2075550100",
        "street": ["1 Main"],
        "city": "Sydney",
        "region": "NSW",
        "country": "AU",
    }
    return canonical(
        "FulfilmentRequest",
        {"number": "FR-1", "order_number": "#1001", "node": "WH1", "ship_to": ship_to, "lines": lines},
    )


async def test_a_warehouse_ships_what_it_was_asked_for_line_by_line(bench: Bench):
    await bench.send("x12.940", mapped("warehouse_order", request(), order={"number": "#1001"}))
    (asked,) = bench.received("940")["FR-1"]
    assert (asked["action"], asked["po"]) == ("N", "#1001")
    assert asked["ship_to"] == {"name": "Ada Brandt", "city": "Sydney"}
    assert [line["line"] for line in asked["lines"]] == ["gid-1", "gid-2"]
    told = {"cartons": 2, "quantities": {"TEA": 1}, "lots": {"MUG-BLUE": ["L-7", "20270131"]}}
    assert (await bench.partner.act("ship", told))["requests"] == ["FR-1"]
    (tree,) = await bench.pull_trees()
    made = document("warehouse_shipment", tree.data)
    assert (made["request_number"], made["node"], made["carrier"]) == ("FR-1", "WH1", "UPSN")
    first, second = made["packages"]
    assert len(first["sscc"]) == 18
    assert first["tracking"] != second["tracking"]
    assert first["items"][0]["lot"] == "L-7"
    assert [(item["line_id"], int(item["quantity"]["value"])) for box in (first, second) for item in box["items"]] == [
        ("gid-1", 24),
        ("gid-2", 1),
    ]


async def test_a_request_that_is_taken_back_is_not_shipped(bench: Bench):
    for cancelled in (False, True):
        taken = {**request(), "cancelled": cancelled}
        await bench.send("x12.940", mapped("warehouse_order", taken, order={"number": "#1001"}))
    assert [one["action"] for one in bench.received("940")["FR-1"]] == ["N", "F"]
    with pytest.raises(ValueError, match="no open request"):
        await bench.partner.act("ship", {"request": "FR-1"})


async def test_each_article_of_a_stock_report_is_an_advice(bench: Bench):
    levels = [
        {"sku": "MUG-BLUE", "available": 80, "on_hand": 100, "committed": 20, "upc": "614141000012"},
        {"sku": "TEA", "on_hand": 7},
    ]
    await bench.partner.act("stock", {"levels": levels})
    (tree,) = await bench.pull_trees()
    advices = [document("inventory", loop, message=tree.data) for loop in tree.data["LIN_loop"]]
    assert [(one["node"], one["sku"], int(one["available"]["value"])) for one in advices] == [
        ("WH1", "MUG-BLUE", 80),
        ("WH1", "TEA", 7),
    ]


async def test_a_rejection_names_group_set_and_place(bench: Bench):
    order = await ordered(bench)
    receipt = await bench.send("x12.810", mapped("invoice", invoice(), order=order))
    await bench.partner.act("acknowledge", {"type": "810", "accepted": False})
    (tree,) = await bench.pull_trees()
    made = document("functional_acknowledgement", tree.data)
    assert (made["group_number"], made["of_type"], made["accepted"]) == (receipt.references["group"], "810", False)
    assert made["faults"][0]["place"].startswith("BIG, segment 2")


def test_an_order_is_what_it_was_after_going_out_and_coming_back():
    source = {
        "number": "PO-1",
        "po_number": "PO-1",
        "channel_class": "B2B",
        "payment_status": "on_terms",
        "currency": "USD",
        "ordered_at": "2026-03-02T00:00:00Z",
        "buyer": {"company": "Acme Retail"},
        "ship_to": {"company": "Acme DC", "street": ["1 Main", "Dock 4"], "city": "Reno", "country": "US"},
        "cancel_after": "2026-03-20",
        "lines": [
            {
                "line_id": "7",
                "sku": "SCREW",
                "gtin": "4006381333931",
                "buyer_item": "778",
                "quantity": {"value": "500", "unit": "CS"},
                "price": {"amount": "3.1", "currency": "USD", "per": {"value": "100", "unit": "CS"}},
            }
        ],
    }
    order = canonical("Order", source)
    assert document("order", through("x12.850", mapped("order_out", order))) == order


def test_a_request_is_what_it_was_after_going_out_and_coming_back():
    wanted = request()
    tree = through("x12.940", mapped("warehouse_order", wanted, order={"number": "#1001", "po_number": "PO-1"}))
    made = document("warehouse_order_in", tree)
    made["ship_to"]["name"] = made["ship_to"].pop("company")
    assert made == wanted


def test_a_shipment_is_what_it_was_after_a_945_and_after_an_856():
    order = {"number": "PO-1", "po_number": "PO-1", "lines": []}
    source = {**shipment(), "request_number": "FR-1", "order_number": "PO-1", "complete": True}
    source["packages"][0]["items"][0]["sku"] = "MUG-BLUE"
    warehouse = document(
        "warehouse_shipment", through("x12.945", mapped("warehouse_shipment_out", source, order=order))
    )
    assert warehouse == source
    notice = through("x12.856", mapped("ship_notice", source, order=order))
    (level,) = notice["HL_loop"][0]["HL_loop"]
    noticed = document("ship_notice_in", level, message=notice)
    for told in ("packages", "number", "order_number", "shipped_at", "carrier", "bill_of_lading"):
        assert noticed[told] == source[told]


def test_an_invoice_is_what_it_was_after_going_out_and_coming_back():
    order = {
        "number": "PO-4711",
        "lines": [{"line_id": "1", "price": {"amount": 12, "per": {"value": 1, "unit": "CS"}}}],
    }
    made = document("invoice_in", through("x12.810", mapped("invoice", invoice(), order=order)))
    for told in ("number", "order_number", "issued_on", "currency", "goods", "total"):
        assert made[told] == invoice()[told]


def through(type_: str, tree: Any) -> Any:
    """The tree as it is after it was written and read."""
    agreed = X12Format(Partner(us=Party(id="ACME"), them=Party(id="NORTHWIND"), acknowledge=False))
    (read,) = X12Format(Partner(acknowledge=False)).decode([agreed.encode(tree, type_)])
    assert isinstance(read, Tree)
    return read.data


RECORDED: Mapping[str, list[tuple[str, str, int]]] = {
    "850-a.edi": [("Order", "PO12345", 1)],
    "850-b.edi": [("Order", "08292233294", 6)],
    "850-c.edi": [("Order", "08292233294", 6)],
    "850-composite.edi": [("Order", "08292233294", 2)],
    "850-fat.edi": [("Order", "08292233294", 6)] * 2,
    "855-a.edi": [("OrderAcknowledgement", "1D711419", 1)],
    "855-b.edi": [("OrderAcknowledgement", "POTEST1112", 4)],
    "856-a.edi": [("Shipment", "POREF00", 4), ("Shipment", "POREF01", 1)],
    "940-a.edi": [("FulfilmentRequest", "538686", 3)],
    "940-b.edi": [("FulfilmentRequest", "35131", 1)],
    "997-a.edi": [("FunctionalAcknowledgement", "160", 0)],
    "multiple-interchanges-and-groups.edi": [("FulfilmentRequest", "538686", 1)] * 6,
}
"""Of each recorded file with a set that can be read: kind, number, and how many lines, packages or faults it has."""


def documents(tree: Tree) -> list[tuple[str, Any]]:
    """The documents of a set that one of the mappings above takes, each with its kind."""
    name = INBOUND.get(tree.type or "")
    if name is None:
        return []
    sources = tree.data["HL_loop"][0]["HL_loop"] if name == "ship_notice_in" else [tree.data]
    kind = compiled(name).target_type
    return [(kind, document(name, source, message=tree.data)) for source in sources]


def summary(kind: str, made: Any) -> tuple[str, str, int]:
    number = made.get("group_number") or (made["order_number"] if kind in NAMED_BY_ORDER else made["number"])
    parts = next(made[key] for key in ("lines", "packages", "faults") if key in made)
    return kind, number, len(parts)


NAMED_BY_ORDER = {"OrderAcknowledgement", "Shipment"}


@pytest.mark.samples
def test_what_partners_really_sent_becomes_documents(samples: Path):
    found: dict[str, list[tuple[str, str, int]]] = {}
    for path in sorted((samples / "edi" / "x12").glob("*.edi")):
        if path.name == "not-edi.edi":
            continue
        trees = [part for part in X12Format().decode([path.read_bytes()]) if isinstance(part, Tree)]
        if made := [summary(kind, one) for tree in trees for kind, one in documents(tree)]:
            found[path.name] = made
    assert found == RECORDED
