"""Where each field came from, by the bytes, the version and the answers of that time."""

from __future__ import annotations

import pytest

from hub.operations.crosswalks import add_crosswalk_row
from hub.operations.errors import BadInput, NotFound
from hub.operations.lineage.fields import FieldLineage, Found
from hub.operations.lineage.recorded import Answer
from hub.operations.lineage.tracing import trace_message
from hub.operations.messages import show_message
from tests.operations.hub_process import Hub


def fields(hub: Hub, message: str, field: str | None = None, delivery: str | None = None) -> dict[str, FieldLineage]:
    [traced] = trace_message(hub.store, message, field=field, delivery=delivery).traced
    assert traced.note == ""
    return {one.field: one for one in traced.fields}


def delivery_to(hub: Hub, message: str, connection: str) -> str:
    [document] = show_message(hub.store, message, now=hub.clock.now()).documents
    return next(one.id for one in document.deliveries if one.connection == connection)


async def test_a_field_is_led_back_to_its_expression_and_its_source(hub: Hub) -> None:
    message = await hub.receive(number=1)
    await hub.settle()
    found = fields(hub, message)
    assert found["lines[0].sku"] == FieldLineage(
        "lines[0].sku", "MUG", "line.sku", "mappings/test/order.yaml", 13, 10, [Found("source.lines[0].sku", "MUG")], []
    )
    assert found["totals.grand"].reads == [Found("source.total", "19.90"), Found("source.currency", "EUR")]
    assert found["header.source_id"].value == "6402100001001"
    assert (found["header.revision"].file, found["header.revision"].line) == ("pipelines/orders.yaml", 3)


async def test_a_field_is_asked_for_alone_or_in_all_lines(hub: Hub) -> None:
    message = await hub.receive(number=1)
    await hub.settle()
    assert list(fields(hub, message, "buyer")) == ["buyer.email"]
    assert list(fields(hub, message, "lines.sku")) == ["lines.$each", "lines[0].sku"]
    assert list(fields(hub, message, "lines[0].sku")) == ["lines.$each", "lines[0].sku"]
    with pytest.raises(NotFound, match=r"no field 'buyer.e_mail'.*'buyer.email'"):
        trace_message(hub.store, message, field="buyer.e_mail")
    with pytest.raises(BadInput):
        trace_message(hub.store, message, field=" ")


async def test_a_delivery_names_the_row_that_answered(hub: Hub) -> None:
    message = await hub.receive(number=1)
    await hub.settle()
    found = fields(hub, message, "lines.material", delivery_to(hub, message, "erp"))
    answer = Answer("crosswalk:materials:MUG", "100-201", "config/crosswalks/materials.csv:2", recorded=True)
    assert found["lines[0].material"].answers == [answer]
    assert found["lines[0].material"].value == "100-201"


async def test_the_recorded_answer_and_the_version_of_then_count(hub: Hub) -> None:
    message = await hub.receive(number=1)
    await hub.settle()
    delivery = delivery_to(hub, message, "erp")
    before = trace_message(hub.store, message, delivery=delivery)
    add_crosswalk_row(hub.store, hub.workspace, "materials", "MUG", "999", actor="ada", clock=hub.clock)
    hub.rewrite("config/crosswalks/materials.csv", "100-201", "100-777")
    hub.rewrite("mappings/test/erp_order.yaml", "  number: source.number", "  # moved\n  number: source.number | lower")
    assert trace_message(hub.store, message, delivery=delivery) == before


async def test_a_row_that_was_added_says_by_whom(hub: Hub) -> None:
    add_crosswalk_row(hub.store, hub.workspace, "materials", "CAP", "100-9", actor="ada", clock=hub.clock)
    message = await hub.receive(number=1, lines=[{"id": 1, "sku": "CAP", "quantity": 1}])
    await hub.settle()
    [answer] = fields(hub, message, None, delivery_to(hub, message, "erp"))["lines[0].material"].answers
    assert answer.rule.startswith("row added 20")
    assert answer.rule.endswith("by ada")


async def test_reverse_and_dated_look_ups_name_their_rows(hub: Hub) -> None:
    add_crosswalk_row(hub.store, hub.workspace, "materials", "CUP", "100-7", actor="ada", clock=hub.clock)
    hub.rewrite(
        "mappings/test/erp_order.yaml",
        "    quantity: line.quantity.value",
        """\
    quantity: line.quantity.value
    back: line.sku | crosswalk('materials') | crosswalk('materials', reverse=true)
    added: "'100-7' | crosswalk('materials', reverse=true)"
    then: "'TEA' | crosswalk('materials', on='2020-06-01')"
""",
    )
    message = await hub.receive(number=1)
    await hub.settle()
    found = fields(hub, message, None, delivery_to(hub, message, "erp"))
    row = "config/crosswalks/materials.csv"
    assert found["lines[0].back"].answers == [
        Answer("crosswalk:materials:MUG", "100-201", f"{row}:2", recorded=True),
        Answer("crosswalk-reverse:materials:100-201", "MUG", f"{row}:2", recorded=True),
    ]
    [added] = found["lines[0].added"].answers
    assert (added.question, added.answer) == ("crosswalk-reverse:materials:100-7", "CUP")
    assert added.rule.endswith("by ada")
    dated = Answer("crosswalk@2020-06-01:materials:TEA", "200-001", f"{row}:3", recorded=True)
    assert found["lines[0].then"].answers == [dated]


async def test_a_code_of_several_values_is_told_as_the_hub_told_it(hub: Hub) -> None:
    add_crosswalk_row(hub.store, hub.workspace, "materials", "CUP", "100-201", actor="ada", clock=hub.clock)
    change = "material: \"'100-201' | crosswalk('materials', reverse=true)\""
    hub.rewrite("mappings/test/erp_order.yaml", "material: line.sku | crosswalk('materials')", change)
    message = await hub.receive(number=1)
    await hub.settle()
    [traced] = trace_message(hub.store, message, delivery=delivery_to(hub, message, "erp")).traced
    failed = next(one for one in traced.fields if one.field == "lines[0].material")
    assert failed.answers == [Answer("crosswalk-reverse:materials:100-201", None, "", recorded=False)]
    assert "is the code of 'CUP' and 'MUG'" in (failed.error or "")


async def test_what_failed_shows_what_was_read_and_why(hub: Hub) -> None:
    message = await hub.receive(number=1, lines=[{"id": 1, "sku": "MUG", "quantity": "many"}])
    await hub.settle()
    [traced] = trace_message(hub.store, message, field="lines[0].quantity").traced
    failed = traced.fields[-1]
    assert (failed.value, failed.reads) == (None, [Found("source.lines[0].quantity", "many")])
    assert "many" in (failed.error or "")


async def test_what_is_not_delivered_shows_what_the_table_lacked(hub: Hub) -> None:
    message = await hub.receive(number=1, lines=[{"id": 1, "sku": "CAP", "quantity": 1}])
    await hub.settle()
    [traced] = trace_message(hub.store, message, delivery=delivery_to(hub, message, "erp")).traced
    failed = next(one for one in traced.fields if one.field == "lines[0].material")
    assert failed.answers == [Answer("crosswalk:materials:CAP", None, "", recorded=False)]
    assert "not made yet" in traced.note


async def test_bytes_that_cannot_be_read_have_no_fields(hub: Hub) -> None:
    message = await hub.receive_bytes(b'{"id": ')
    await hub.settle()
    assert trace_message(hub.store, message).traced == []


async def test_a_delivery_of_another_message_is_not_found(hub: Hub) -> None:
    one, other = await hub.receive(number=1), await hub.receive(number=2)
    await hub.settle()
    with pytest.raises(NotFound, match="of another message"):
        trace_message(hub.store, one, delivery=delivery_to(hub, other, "erp"))
