"""What comes before what it needs: it waits, says for what, goes on by itself, and does not wait for ever."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from connectors.formats.idoc import IdocFormat
from connectors.storefront.shopify.orders import order_json
from hub.contract.clock import FrozenClock
from hub.contract.connector import Item
from hub.store import tables
from tests.runtime.hubs import LocalHub, Row, local_hub
from tests.runtime.workspaces import NOWHERE, shop_to_sap

HOUR = 3600.0


def clock() -> FrozenClock:
    """A clock that moves when it is told to."""
    return FrozenClock(datetime(2026, 3, 2, 12, tzinfo=UTC))


async def order(hub: LocalHub, minute: int = 0, **changes: Any) -> None:
    """The shop's order #1001, as it was at some minute."""
    said = order_json(1001, updated_at=f"2026-03-02T10:{minute:02d}:00Z", **changes)
    await hub.receive_item("shop", Item(f"webhook:{minute}", "shopify.order", json.dumps(said).encode()))
    hub.drain()


async def confirmation(hub: LocalHub, number: int = 1, quantity: str = "2.000") -> None:
    """SAP's answer to the order #1001."""
    line = str(order_json(1001)["line_items"][0]["id"])
    tree = {
        "EDI_DC40": {"TABNAM": "EDI_DC40", "DOCNUM": f"{number:016d}", "IDOCTYP": "ORDERS05", "MESTYP": "ORDRSP"},
        "E1EDK01": {"CURCY": "USD", "BELNR": "0000000042"},
        "E1EDK02": [{"QUALF": "001", "BELNR": "#1001"}],
        "E1EDP01": [
            {
                "MENGE": "2.000",
                "MENEE": "EA",
                "E1EDP02": {"QUALF": "044", "BELNR": line},
                "E1EDP20": {"WMENG": quantity, "EDATU": "20260305"},
            }
        ],
    }
    body = IdocFormat().encode(tree, "idoc.ordrsp")
    await hub.receive_item(
        "erp", Item(f"ORDRSP_{number}.xml:{quantity}", "idoc.ordrsp", body, name=f"ORDRSP_{number}.xml")
    )
    hub.drain()


def said(hub: LocalHub, kind: str) -> list[Row]:
    """Documents of a kind, in the order in which they came."""
    return hub.rows(tables.document, kind=kind)


async def test_a_confirmation_that_overtakes_its_order_waits_for_it(database_url: str) -> None:
    with local_hub(database_url, shop_to_sap(NOWHERE)) as hub:
        await confirmation(hub)
        [document] = said(hub, "OrderAcknowledgement")
        assert document["state"] == "waiting"
        assert document["reason"] == "No po #1001 of erp is known yet."
        hub.sweep()
        assert hub.states(tables.document) == {"waiting": 1}
        await order(hub)
        hub.sweep()
        assert hub.states(tables.document) == {"applied": 2}
        [head] = hub.rows(tables.order_head)
        assert head["status"] == "partly_acknowledged"
        [system] = hub.rows(tables.order_system, system="erp")
        assert system["number"] == "0000000042"
        assert not hub.rows(tables.awaited)
        hub.sweep()
        assert hub.states(tables.document) == {"applied": 2}


async def test_a_confirmation_of_an_order_that_never_comes_becomes_a_dead_letter(database_url: str) -> None:
    time = clock()
    with local_hub(database_url, shop_to_sap(NOWHERE), time) as hub:
        await confirmation(hub)
        time.advance(23 * HOUR)
        hub.sweep()
        assert hub.states(tables.document) == {"waiting": 1}
        time.advance(2 * HOUR)
        hub.sweep()
        [document] = said(hub, "OrderAcknowledgement")
        assert document["state"] == "dead"
        [failure] = hub.rows(tables.failure, target=document["id"])
        assert "No po #1001 of erp is known yet." in failure["text"]
        hub.sweep()
        assert len(hub.rows(tables.failure)) == 1


async def test_deltas_wait_behind_a_dead_document_and_go_on_in_their_order(database_url: str) -> None:
    with local_hub(database_url, shop_to_sap(NOWHERE, acknowledged="delta")) as hub:
        await order(hub)
        await order(hub, 1, currency="no currency")
        await confirmation(hub, 1)
        await confirmation(hub, 2, "1.000")
        assert [row["state"] for row in said(hub, "Order")] == ["applied", "dead"]
        assert [row["state"] for row in said(hub, "OrderAcknowledgement")] == ["waiting", "waiting"]
        hub.sweep()
        assert [row["state"] for row in said(hub, "OrderAcknowledgement")] == ["waiting", "waiting"]
        # What the shop says next takes the place of what could not be read.
        await order(hub, 2)
        assert [row["state"] for row in said(hub, "Order")][1] == "superseded"
        hub.sweep()
        hub.sweep()
        assert [row["state"] for row in said(hub, "OrderAcknowledgement")] == ["applied", "applied"]
        confirmed = [row["confirmed"] for row in hub.rows(tables.order_line) if row["confirmed"] is not None]
        assert confirmed == [1_000_000]
        assert not [row for row in hub.rows(tables.failure) if row["closed_at"] is None]


async def test_a_confirmation_of_the_same_number_counts_once(database_url: str) -> None:
    with local_hub(database_url, shop_to_sap(NOWHERE, acknowledged="delta")) as hub:
        await order(hub)
        await confirmation(hub, 1)
        await confirmation(hub, 1, "1.000")
        assert [row["state"] for row in said(hub, "OrderAcknowledgement")] == ["applied", "duplicate"]
        confirmed = [row["confirmed"] for row in hub.rows(tables.order_line) if row["confirmed"] is not None]
        assert confirmed == [2_000_000]


async def test_a_change_waits_until_the_target_has_given_its_number(database_url: str) -> None:
    with local_hub(database_url, shop_to_sap(NOWHERE)) as hub:
        await order(hub)
        await order(hub, 1, note="Ring twice.")
        created, changed = hub.rows(tables.delivery)
        assert (created["ready"], changed["ready"]) == (True, False)
        await confirmation(hub)
        assert all(row["ready"] for row in hub.rows(tables.delivery))
