"""A warehouse by CSV files: what it is asked for, what it tells, and what becomes of files that are not right."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.formats.csv import CsvOptions
from connectors.wms.wms_files.format import WarehouseFormat
from connectors.wms.wms_files.kinds import SHIPMENT
from connectors.wms.wms_files.settings import WarehouseConfig
from hub.contract.connector import Outbound
from hub.contract.documents import FulfilmentStatus, InventoryAdvice, ReturnReceipt, Shipment
from hub.contract.errors import RejectedMessage
from hub.contract.format import Tree
from hub.contract.testkit import FakePush
from tests.connectors.wms_bench import Warehouse, opened

STOCK = {"MUG-BLUE": "12", "TEE-BLACK-L": "3"}


@pytest.fixture(params=["sftp", "directory"])
async def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Warehouse]:
    async with opened(tmp_path, by_sftp=request.param == "sftp", stock=STOCK) as made:
        yield made


async def test_a_request_reaches_the_warehouse_once(warehouse: Warehouse) -> None:
    await warehouse.release()
    state = warehouse.state()
    assert state["requests"]["1001-F1"]["lines"] == {"1": "2", "2": "1"}
    assert state["requests"]["1001-F1"]["order_number"] == "1001"
    assert state["requests"]["1001-F1"]["ship_to"] == "Portland US"
    assert state["effects"] == {"1001-F1": 1}
    assert state["files"]["in"] == []


async def test_a_request_that_is_taken_back_is_let_go(warehouse: Warehouse) -> None:
    await warehouse.release()
    await warehouse.release(cancelled=True)
    assert warehouse.state()["requests"]["1001-F1"]["stage"] == "cancelled"


async def test_picking_packing_and_shortage_are_told(warehouse: Warehouse) -> None:
    await warehouse.release()
    (picked,) = await warehouse.does("pick", request="1001-F1")
    assert isinstance(picked, FulfilmentStatus)
    assert (picked.request_number, picked.stage, picked.packages) == ("1001-F1", "picked", [])
    assert [(line.line_id, line.sku, line.quantity.value) for line in picked.lines] == [
        ("1", "MUG-BLUE", 2),
        ("2", "TEE-BLACK-L", 1),
    ]
    (short,) = await warehouse.does("short", request="1001-F1", lines={"2": 0})
    assert isinstance(short, FulfilmentStatus)
    assert (short.stage, short.reason) == ("short", "Not in stock")
    assert [(line.line_id, line.quantity.value) for line in short.lines] == [("2", 0)]
    (refused,) = await warehouse.does("refuse", request="1001-F1")
    assert isinstance(refused, FulfilmentStatus)
    assert (refused.stage, refused.lines) == ("refused", [])
    assert refused.happened_at is not None


async def test_packages_are_told_with_weight_and_size(warehouse: Warehouse) -> None:
    await warehouse.release()
    packages = [
        {"weight": "1.250", "length": 30, "width": 20, "height": "15.5", "lines": {"1": 2}},
        {"weight": "0.4", "lines": {"2": 1}},
    ]
    (packed,) = await warehouse.does("pack", request="1001-F1", packages=packages)
    assert isinstance(packed, FulfilmentStatus)
    first, second = packed.packages
    assert first.weight is not None
    assert (first.weight.value, first.weight.unit) == (Decimal("1.250"), "KGM")
    assert first.dimensions is not None
    assert (first.dimensions.height.value, first.dimensions.height.unit) == (Decimal("15.5"), "CMT")
    assert [(item.line_id, item.quantity.value) for item in first.items] == [("1", 2)]
    assert second.dimensions is None
    assert first.sscc == "040123450000000016"
    assert first.package_id != second.package_id


async def test_a_shipment_tells_its_packages(warehouse: Warehouse) -> None:
    await warehouse.release()
    await warehouse.does("pack", request="1001-F1", packages=[{"lines": {"1": 2}}, {"lines": {"2": 1}}])
    (shipment,) = await warehouse.does(
        "ship", request="1001-F1", tracking=["1Z1", "1Z2"], lot="L-1", expires_on="2027-12-31"
    )
    assert isinstance(shipment, Shipment)
    assert (shipment.number, shipment.request_number, shipment.node) == ("1001-F1-S1", "1001-F1", "east")
    assert shipment.complete
    assert shipment.items == []
    assert [package.tracking for package in shipment.packages] == ["1Z1", "1Z2"]
    (item,) = shipment.packages[0].items
    assert (item.line_id, item.sku, item.lot, item.expires_on) == ("1", "MUG-BLUE", "L-1", date(2027, 12, 31))
    assert warehouse.state()["stock"] == {"MUG-BLUE": "10", "TEE-BLACK-L": "2"}


async def test_a_request_may_leave_in_two_shipments(warehouse: Warehouse) -> None:
    await warehouse.release()
    (first,) = await warehouse.does("ship", request="1001-F1", lines={"1": 2}, partial=True)
    (second,) = await warehouse.does("ship", request="1001-F1", lines={"2": 1}, tracking="1Z2")
    assert isinstance(first, Shipment)
    assert isinstance(second, Shipment)
    assert (first.number, first.complete, first.packages[0].tracking) == ("1001-F1-S1", False, None)
    assert (second.number, second.complete, second.packages[0].tracking) == ("1001-F1-S2", True, "1Z2")


async def test_stock_is_told_article_by_article(warehouse: Warehouse) -> None:
    await warehouse.release()
    mug, tee = await warehouse.does("count", levels={"TEE-BLACK-L": 5})
    assert isinstance(mug, InventoryAdvice)
    assert isinstance(tee, InventoryAdvice)
    assert mug.on_hand is not None
    assert mug.committed is not None
    assert (mug.node, mug.sku, mug.on_hand.value, mug.committed.value, mug.available.value) == (
        *("east", "MUG-BLUE"),
        *(12, 2, 10),
    )
    assert (tee.sku, tee.available.value) == ("TEE-BLACK-L", 4)


async def test_a_return_is_announced_and_received(warehouse: Warehouse) -> None:
    await warehouse.announce(lines=[{"line_id": "1", "quantity": {"value": "1"}, "reason": "Chipped"}])
    state = warehouse.state()
    assert (state["returns"]["1001-R1"]["lines"], state["effects"]) == ({"1": "1"}, {"1001-R1": 1})
    (receipt,) = await warehouse.does(
        "receive_return", **{"return": "1001-R1"}, condition="chipped", disposition="scrap"
    )
    assert isinstance(receipt, ReturnReceipt)
    assert (receipt.return_number, receipt.node) == ("1001-R1", "east")
    (line,) = receipt.lines
    assert (line.line_id, line.sku, line.condition, line.disposition) == ("1", "MUG-BLUE", "chipped", "scrap")
    assert warehouse.state()["stock"]["MUG-BLUE"] == "12"
    await warehouse.does("receive_return", **{"return": "1001-R1"})
    assert warehouse.state()["stock"]["MUG-BLUE"] == "13"


async def test_a_file_left_twice_says_the_same_twice(warehouse: Warehouse) -> None:
    await warehouse.release()
    warehouse.simulator.misbehave("twice", 1)
    first, second = await warehouse.does("ship", request="1001-F1", tracking="1Z1")
    assert first == second


async def test_a_row_that_cannot_be_read_takes_its_shipment_and_no_other(warehouse: Warehouse) -> None:
    content = (
        "request_number,shipment_number,shipped_at,line_id,sku,quantity\n"
        "1001-F1,S1,2026-03-02T15:00:00Z,1,MUG-BLUE,2\n"
        "1001-F1,S1,2026-03-02T15:00:00Z,2,TEE-BLACK-L,one\n"
        "1002-F1,S2,2026-03-02T15:00:00Z,1,MUG-BLUE,1\n"
    )
    (shipment,) = await warehouse.does("drop", name="SHIPMENT_9.csv", content=content)
    assert isinstance(shipment, Shipment)
    assert shipment.number == "S2"
    (fault,) = warehouse.faults
    assert fault.message.startswith("Line 3, column quantity: 'one' is no number")


async def test_the_warehouse_puts_aside_what_it_cannot_read(warehouse: Warehouse) -> None:
    out = Outbound("t", "k", "wms.release", "", "text/csv", b"request_number,line_id,sku,quantity\r\n,1,A,2\r\n")
    await warehouse.connector.push(out, FakePush())
    assert warehouse.state()["refused"] == [{"file": "RELEASE_t.csv", "reason": "A row has no request_number"}]


async def test_a_payload_of_another_kind_is_refused(warehouse: Warehouse) -> None:
    out = Outbound("t", "k", "wms.stock", "", "text/csv", b"sku\r\nA\r\n")
    with pytest.raises(RejectedMessage, match="see the mapping"):
        await warehouse.connector.push(out, FakePush())


GERMAN: dict[str, Any] = {
    "csv": {"delimiter": ";", "encoding": "cp1252", "decimal_comma": True},
    "files": {
        "release": {
            "columns": [
                {"name": "request_number", "header": "Auftrag"},
                {"name": "sku", "header": "Artikel"},
                {"name": "quantity", "header": "Menge"},
                {"name": "ship_to_name", "header": "Name"},
            ]
        },
        "shipment": {
            "columns": [
                {"name": "request_number", "header": "Auftrag"},
                {"name": "shipped_at", "header": "Zeit"},
                {"name": "sku", "header": "Artikel"},
                {"name": "quantity", "header": "Menge"},
                {"name": "expires_on", "header": "MHD", "format": "%d.%m.%Y"},
            ]
        },
        "stock": {"columns": ["sku", {"name": "available", "header": "frei"}]},
    },
}


def formats(**settings: Any) -> dict[str, WarehouseFormat]:
    return WarehouseConfig.model_validate({"directory": "/mnt/west", "node": "west", **settings}).formats()


def test_a_warehouse_may_have_columns_of_its_own() -> None:
    release = {
        "request_number": "1001-F1",
        "order_number": "1001",
        "ship_to_name": "Jörg Groß",
        "rows": [{"line_id": "1", "sku": "A", "quantity": Decimal("2.5")}, {"line_id": "2", "sku": "B", "quantity": 1}],
    }
    body = formats(**GERMAN)["wms.release"].encode(release, "wms.release")
    assert body == "Auftrag;Artikel;Menge;Name\r\n1001-F1;A;2,5;Jörg Groß\r\n1001-F1;B;1;Jörg Groß\r\n".encode("cp1252")


def trees(format_: WarehouseFormat, body: str, encoding: str = "utf-8") -> list[Any]:
    found = list(format_.decode([body.encode(encoding)]))
    assert all(isinstance(part, Tree) for part in found), found
    return [part.data for part in found if isinstance(part, Tree)]


def test_what_its_columns_say_is_read_under_the_payloads_names() -> None:
    own = formats(**GERMAN)
    (shipment,) = trees(
        own["wms.shipment"],
        "Auftrag;Artikel;Menge;MHD;Zeit\n1001-F1;A;2,5;31.12.2027;2026-03-02T15:00:00Z\n1001-F1;B;1;;\n",
        "cp1252",
    )
    assert (shipment["request_number"], shipment["shipped_at"], shipment["node"]) == (
        *("1001-F1", "2026-03-02T15:00:00Z", "west"),
    )
    assert [(row["sku"], row["quantity"], row["expires_on"]) for row in shipment["items"]] == [
        ("A", Decimal("2.5"), "2027-12-31"),
        ("B", 1, None),
    ]
    assert trees(own["wms.stock"], "frei;sku\n3;A\n") == [{"available": 3, "sku": "A", "node": "west"}]


def test_the_node_is_the_files_where_it_tells_one() -> None:
    rows = trees(formats()["wms.stock"], "node,sku,available\nannex,A,1\n,B,2\n")
    assert [row["node"] for row in rows] == ["annex", "west"]


def test_a_package_is_known_by_its_number_else_its_sscc_else_its_tracking() -> None:
    body = (
        "request_number,shipment_number,line_id,sku,quantity,package_id,sscc,tracking,weight\n"
        "F1,S1,1,A,1,P1,,T1,\n"
        "F1,S1,2,B,1,,040123450000000016,T1,\n"
        "F1,S1,3,C,1,P1,,,2.5\n"
        "F1,S1,4,D,1,,,T1,\n"
        "F1,S1,5,E,1,,,,\n"
    )
    (shipment,) = trees(formats()["wms.shipment"], body)
    packages = [
        (one["package_id"], one["sscc"], one["tracking"], one["weight"], [row["sku"] for row in one["rows"]])
        for one in shipment["packages"]
    ]
    assert packages == [
        ("P1", None, "T1", Decimal("2.5"), ["A", "C"]),
        (None, "040123450000000016", "T1", None, ["B"]),
        (None, None, "T1", None, ["D"]),
    ]
    assert [row["sku"] for row in shipment["items"]] == ["E"]


MARK = st.sampled_from(["", "1", "2", "3"])


@given(st.lists(st.tuples(MARK, MARK, MARK, st.integers(1, 9)), min_size=1, max_size=12))
def test_goods_are_in_one_package_or_in_none(rows: list[tuple[str, str, str, int]]) -> None:
    head = "request_number,shipment_number,sku,package_id,sscc,tracking,quantity\n"
    body = head + "".join(f"F1,S1,A,{one},{two},{three},{quantity}\n" for one, two, three, quantity in rows)
    format_ = WarehouseFormat(SHIPMENT, CsvOptions(columns=list(SHIPMENT.columns), group_by=["request_number"]), "w")
    (shipment,) = trees(format_, body)
    packed = [row for package in shipment["packages"] for row in package["rows"]]
    assert len(packed) + len(shipment["items"]) == len(rows)
    assert sum(row["quantity"] for row in [*packed, *shipment["items"]]) == sum(row[3] for row in rows)
    assert all(not any(row[:3]) for row in rows) == (not packed)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"node": ""}, "node"),
        ({"directory": None}, "give either sftp or directory"),
        ({"csv": {"columns": ["a"]}}, "Extra inputs are not permitted"),
        ({"csv": {"header": False}}, None),
        ({"files": {"status": {"columns": ["request_number"]}}}, "a wms.status needs the columns status too"),
        ({"files": {"release": {"columns": ["sku"]}}}, "needs the columns quantity, request_number too"),
        ({"files": {"stock": {"columns": ["sku", "sku"]}}}, "wms.stock: sku stands twice"),
        ({"files": {"stocks": {}}}, "stocks"),
        ({"files": {"release": {"name": "a/{date}.csv"}}}, "has no '/'"),
    ],
)
def test_settings_are_checked(changes: dict[str, Any], reason: str | None) -> None:
    settings = {"directory": "/mnt/west", "node": "west", **changes}
    if reason is None:
        assert WarehouseConfig.model_validate(settings)
        return
    with pytest.raises(ValidationError, match=reason):
        WarehouseConfig.model_validate(settings)
