"""What people see when they look: complete, in plain words, and safe to print."""

from __future__ import annotations

from tests.cli.command import crossdock
from tests.operations.hub_process import Hub


async def test_an_order_is_shown_in_every_system(busy_hub: Hub) -> None:
    shown = await crossdock("orders", "show", "PO-771")
    assert shown.status == 0
    lines = [line.split() for line in shown.out.splitlines()]
    assert ["Order", "#1001", "captured"] in lines
    assert ["shop", "#1001", "captured", "captured", "✓"] in lines
    assert ["erp", "-", "changed", "changed", "✓"] in lines
    assert ["11", "MUG", "2", "EA", "open"] in lines
    assert "EUR 25.00" in shown.out
    assert "Order #1001 came from shop: 1 line, EUR 19.90" in shown.out
    assert "'changed' was delivered to erp" in shown.out
    assert "delivered: HTTP 200" in shown.out


async def test_an_order_that_waits_says_why(busy_hub: Hub) -> None:
    shown = await crossdock("orders", "show", "#1003")
    assert "✗" in shown.out
    assert "waits for erp's id number" in shown.out
    assert "waits behind 'created' to erp" in shown.out
    assert "which is in doubt" in shown.out
    assert "crossdock failures show" in shown.out
    sections = [line for line in shown.out.splitlines() if line in {"Systems", "Lines", "Deliveries", "Timeline"}]
    assert sections == ["Systems", "Lines", "Deliveries", "Timeline"]


async def test_what_stopped_comes_first_among_deliveries(busy_hub: Hub) -> None:
    shown = await crossdock("orders", "show", "#1004")
    deliveries = shown.out.partition("Deliveries\n")[2].partition("Timeline")[0]
    assert deliveries.index("'created' to crm  dead") < deliveries.index("'created' to erp  delivered")


async def test_the_next_try_is_told_in_local_time(hub: Hub) -> None:
    hub.misbehave("crm", "rate_limit")
    await hub.receive(number=1)
    await hub.settle()
    shown = await crossdock("orders", "show", "#1001")
    [row] = (await crossdock("orders", "show", "#1001", "--format", "json")).json["deliveries"][1:]
    assert row["state"] == "planned"
    assert "next try at 20" in shown.out


async def test_a_number_of_several_orders_lists_them_with_whole_ids(busy_hub: Hub) -> None:
    shown = await crossdock("orders", "show", "MUG")
    listed = (await crossdock("orders", "show", "MUG", "--format", "json")).json
    assert len(listed) == 3
    assert all(one["subject"] in shown.out for one in listed)
    assert (await crossdock("orders", "show", listed[0]["subject"])).out.startswith("Order #10")


async def test_orders_are_listed(busy_hub: Hub) -> None:
    listed = await crossdock("orders", "list")
    assert [line.split()[0] for line in listed.out.splitlines()[1:]] == ["#1004", "#1003", "#1002", "#1001"]
    trouble = (await crossdock("orders", "list", "--trouble", "--format", "json")).json
    assert {one["number"] for one in trouble} == {"#1002", "#1003", "#1004"}
    assert (await crossdock("orders", "list", "--status", "rejected")).out == "No order is like that.\n"


async def test_messages_are_found_and_shown(busy_hub: Hub) -> None:
    [found] = (await crossdock("messages", "list", "--find", "webhook-1", "--format", "json")).json["messages"]
    listed = await crossdock("messages", "list", "--find", "webhook-1")
    end = found["id"][-8:]
    assert end in listed.out
    assert "first.json" in listed.out
    shown = await crossdock("messages", "show", end)
    assert found["id"] in shown.out
    assert "x-shopify-topic  orders/create" in shown.out
    assert '"po": "PO-771"' in shown.out.replace("\n  ", " ")
    assert "delivered" in shown.out


async def test_filters_of_messages(busy_hub: Hub) -> None:
    dead = (await crossdock("messages", "list", "--state", "dead", "--format", "json")).json["messages"]
    assert {tuple(one["orders"]) for one in dead} == {(), ("#1002",), ("#1004",)}
    since = (await crossdock("messages", "list", "--since", "1h", "--connection", "shop", "--format", "json")).json
    assert len(since["messages"]) == 7
    assert (await crossdock("messages", "list", "--since", "2099-01-01")).out == "No message is like that.\n"
    first = await crossdock("messages", "list", "--limit", "3", "--format", "json")
    rest = await crossdock("messages", "list", "--after", first.json["next"], "--format", "json")
    assert len(first.json["messages"]) + len(rest.json["messages"]) == 7
    assert f"--after {first.json['next']}" in (await crossdock("messages", "list", "--limit", "3")).out


async def test_names_from_outside_are_printed_as_they_are_and_harmless(busy_hub: Hub) -> None:
    listed = await crossdock("messages", "list")
    assert "[bold]broken\\x1b[31m.json" in listed.out
    assert "\x1b" not in listed.out


async def test_the_bytes_that_were_sent_are_shown(busy_hub: Hub) -> None:
    order = (await crossdock("orders", "show", "#1001", "--format", "json")).json
    delivery = next(one for one in order["deliveries"] if one["effect"] == "changed")
    shown = await crossdock("deliveries", "show", delivery["id"][-8:])
    assert '{"order":"1","number":"#1001"}' in shown.out
    assert delivery["idempotency_key"] in shown.out


async def test_failures_are_listed_by_cause_and_one_by_one(busy_hub: Hub) -> None:
    groups = await crossdock("failures", "list")
    assert "1  mapping at erp  order #1002" in groups.out
    assert "1  in doubt at erp  order #1003" in groups.out
    flat = (await crossdock("failures", "list", "--flat", "--format", "json")).json
    assert {(one["code"], one["state"]) for one in flat} == {
        ("mapping", "dead"),
        ("decode", "dead"),
        ("in_doubt", "in_doubt"),
        ("rejected", "dead"),
    }
    of_erp = (await crossdock("failures", "list", "--connection", "erp", "--flat", "--format", "json")).json
    assert {one["order"] for one in of_erp} == {"#1002", "#1003"}
    assert (await crossdock("failures", "list", "--closed")).out == "There is no such failure.\n"


async def test_a_failure_is_shown_with_its_place_and_remedy(busy_hub: Hub) -> None:
    flat = (await crossdock("failures", "list", "--flat", "--format", "json")).json
    mapping = next(one for one in flat if one["code"] == "mapping")
    shown = await crossdock("failures", "show", mapping["id"][-6:])
    words = " ".join(shown.out.split())
    assert "file mappings/test/erp_order.yaml:8" in words
    assert "crosswalk materials" in words
    assert "`crossdock crosswalk add materials CAP CODE`" in words


async def test_nothing_to_see_is_said(hub: Hub) -> None:
    assert (await crossdock("failures", "list")).out == "Nothing waits for a person.\n"
    assert (await crossdock("replay", "list")).out == "Nothing was ever replayed.\n"
    assert (await crossdock("orders", "list")).out == "No order is like that.\n"
    assert (await crossdock("messages", "list")).out == "No message is like that.\n"


async def test_connections_crosswalks_and_connectors_are_listed(busy_hub: Hub) -> None:
    connections = await crossdock("connections", "list")
    assert "1 dead, 1 in doubt, 1 planned" in connections.out
    tables = await crossdock("crosswalk", "list")
    assert ["materials", "2", "0", "config/crosswalks/materials.csv"] in [
        row.split() for row in tables.out.splitlines()
    ]
    rows = await crossdock("crosswalk", "list", "materials", "--value", "TEA")
    assert "200-001  2020-01-01  2020-12-31  config/crosswalks/materials.csv:3" in rows.out
    connectors = await crossdock("connectors", "list")
    assert "sends shopify.order" in connectors.out
    assert "takes anything" in connectors.out
