"""`messages lineage` and `new fixture`, as a person sees them."""

from __future__ import annotations

from hub.operations.messages import show_message
from tests.cli.command import crossdock
from tests.operations.hub_process import Hub


async def test_where_a_field_came_from_is_told(hub: Hub) -> None:
    message = await hub.receive(number=1)
    await hub.settle()
    told = await crossdock("messages", "lineage", message[-8:], "--field", "lines.sku")
    assert told.status == 0
    assert "lines[0].sku = MUG\n" in told.out
    assert "line.sku  mappings/test/order.yaml:13:10\n" in told.out
    assert "read source.lines[0].sku: MUG\n" in told.out
    everything = (await crossdock("messages", "lineage", message, "--format", "json")).json
    assert everything["traced"][0]["mapping"] == "test/order"


async def test_what_a_delivery_carries_names_the_row(hub: Hub) -> None:
    message = await hub.receive(number=1)
    await hub.settle()
    [document] = show_message(hub.store, message, now=hub.clock.now()).documents
    delivery = next(one.id for one in document.deliveries if one.connection == "erp")
    told = await crossdock("messages", "lineage", message, "--delivery", delivery[-8:])
    assert "looked up crosswalk:materials:MUG: 100-201 (config/crosswalks/materials.csv:2)\n" in told.out


async def test_a_field_that_is_none_is_not_found(hub: Hub) -> None:
    message = await hub.receive(number=1)
    await hub.settle()
    ended = await crossdock("messages", "lineage", message, "--field", "lines.skuu")
    assert ended.status == 1
    assert "There is no field 'lines.skuu'" in ended.err


async def test_a_message_becomes_a_test_that_passes(hub: Hub) -> None:
    message = await hub.receive(number=1, lines=[{"id": 1, "sku": "MUG", "quantity": "many"}])
    await hub.settle()
    made = await crossdock("new", "fixture", message[-8:])
    assert made.status == 0
    assert "which expects an error of lines[0].quantity" in made.out
    assert f"mappings/test/samples/message_{message[-8:]}.json\n" in made.out
    assert (await crossdock("test")).out == "1 test passed.\n"
