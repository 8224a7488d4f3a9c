"""Counterparts that a hub pulls from, and such that send it webhooks, and proofs that what came counted once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hub.contract.simulator import Simulator
from hub.store import tables
from tests.crash import facts
from tests.crash.facts import MUG, Told
from tests.crash.small_hub import Tree
from tests.crash.small_world import Counterpart
from tests.runtime.hubs import LocalHub
from tests.runtime.workspaces import DOMAIN

FILE_POINTS: Final = (
    "file claimed, not read",
    "files taken, not stored",
    "files read, not stored",
    "files stored, not moved",
    "files archived",
)
PAGE_POINTS: Final = ("files taken, not stored", "files stored, not moved")
"""Those of a pull that moves nothing: a page is fetched, or stored."""

Act = Callable[[Simulator, LocalHub], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Source(Counterpart):
    """What comes from a counterpart, once, as one message.

    The hub is told `told` before. `act` lets the counterpart have it, or send it; `prove` asserts what the hub made
    of it; `deliveries` come of it. `points` are the steps of the pull at which a worker dies.
    """

    act: Act
    prove: Callable[[LocalHub], None]
    told: Sequence[Told] = ()
    deliveries: int = 0
    points: Sequence[str] = ()


async def _send_order(partner: Simulator, _: LocalHub) -> None:
    lines = [{"sku": "MUG-WHITE", "quantity": 24, "price": "7.40"}]
    await partner.act("send_orders", {"orders": [{"po": "4500017", "lines": lines}]})


async def _ship(warehouse: Simulator, _: LocalHub) -> None:
    _, item = facts.shipment("1001-F1", "S1", MUG)
    assert isinstance(item.body, bytes)
    await warehouse.act("drop", {"name": "SHIPMENT_1.csv", "content": item.body.decode()})


async def _count(partner: Simulator, _: LocalHub) -> None:
    rows = "node,sku,available,counted_at\neast,MUG,5,2026-03-03T10:00:00Z\neast,TEA,7,2026-03-03T10:00:00Z\n"
    await partner.act("drop", {"name": "STOCK_1.csv", "content": rows})


async def _order_without_webhook(shop: Simulator, _: LocalHub) -> None:
    await shop.act("place_order", {"number": 1001, "deliver": "never"})


async def _order_by_webhook(shop: Simulator, _: LocalHub) -> None:
    await shop.act("place_order", {"number": 1001})


async def _buy_label(_: Simulator, hub: LocalHub) -> None:
    """The label that is bought sends an event of its own."""
    await hub.settle()


async def _change_contact(crm: Simulator, _: LocalHub) -> None:
    await crm.act("change", {"object": "contacts", "key": "ada@acme.example"})


async def _send_count(app: Simulator, _: LocalHub) -> None:
    body = {"node": "east", "sku": "MUG", "available": 5, "counted_at": "2026-03-03T10:00:00Z"}
    await app.act("send", {"body": body, "topic": "stock", "id": "evt-1"})


def _prove_interchange(hub: LocalHub) -> None:
    (order,) = hub.rows(tables.order_head)
    assert order["number"] == "4500017"


def _prove_shipped(hub: LocalHub) -> None:
    shipped = {line["sku"]: line["shipped"] for line in hub.rows(tables.order_line)}
    assert shipped == {"MUG-WHITE": 2_000_000, "TEA-EARLGREY-100": 0}


def _prove_counted(hub: LocalHub) -> None:
    assert {row["sku"]: row["available"] for row in hub.rows(tables.stock_level)}["MUG"] == 5_000_000


def _prove_ordered(hub: LocalHub) -> None:
    (order,) = hub.rows(tables.order_head)
    assert order["number"] == "#1001"


def _prove_tracked(hub: LocalHub) -> None:
    (event,) = hub.rows(tables.document, source="partner")
    assert (event["kind"], event["state"]) == ("ShipmentStatus", "applied")


def _prove_heard(hub: LocalHub) -> None:
    (event,) = hub.rows(tables.document)
    assert event["state"] == "filtered"


_STOCK_PIPELINE: Final[Tree] = {
    "from": {"connection": "partner", "types": ["wms.stock"]},
    "subject": {"stock": {"sku": "source.sku"}, "version": "source.counted_at", "intent": "snapshot"},
    "steps": [{"map": "wms/stock"}],
}
_ORDERS_PIPELINE: Final[Tree] = {
    "from": {"connection": "partner", "types": ["x12.850"]},
    "subject": {"order": {"po": "source.BEG.BEG03"}, "version": "source.envelope.interchange", "intent": "snapshot"},
    "steps": [{"map": "x12/order"}],
}
_PARCELS_PIPELINE: Final[Tree] = {
    "from": {"connection": "partner", "types": ["easypost.tracker"]},
    "subject": {
        "order": {"tracking_number": "source.result.tracking_code"},
        "version": "source.result.updated_at",
        "intent": "delta",
    },
    "steps": [{"map": "easypost/tracker"}],
}

PULLED: Final[Mapping[str, Source]] = {
    "x12": Source(
        type="x12",
        keys={"inbox": {"directory": "out", "ready": "renamed"}, "every": "1s"},
        pipelines={"orders-in": _ORDERS_PIPELINE},
        act=_send_order,
        prove=_prove_interchange,
        deliveries=1,
        points=FILE_POINTS,
    ),
    "wms_files": Source(
        type="wms_files",
        name="east",
        keys={"files": {"shipment": {"ready": "renamed"}}, "every": "1s"},
        told=[facts.order()],
        act=_ship,
        prove=_prove_shipped,
        points=FILE_POINTS,
    ),
    "files": Source(
        type="files",
        keys={
            "inboxes": [{"directory": "out", "pattern": "*.csv", "ready": "renamed", "type": "wms.stock"}],
            "outboxes": [],
            "every": "1s",
        },
        pipelines={"stock-in": _STOCK_PIPELINE},
        act=_count,
        prove=_prove_counted,
        points=FILE_POINTS,
    ),
    "shopify": Source(
        type="shopify",
        name="shop",
        settings={"shop": DOMAIN},
        keys={"every": "1s"},
        act=_order_without_webhook,
        prove=_prove_ordered,
        points=PAGE_POINTS,
    ),
}

SENT: Final[Mapping[str, Source]] = {
    "easypost": Source(
        type="easypost",
        pipelines={
            "labels": {
                "from": {"document": "FulfilmentStatus"},
                "routes": [{"to": "partner", "map": "easypost/label"}],
            },
            "parcels": _PARCELS_PIPELINE,
        },
        told=[facts.order(), facts.packed("1001-F1", "10:00", ["1.2"])],
        act=_buy_label,
        prove=_prove_tracked,
        deliveries=1,
    ),
    "hubspot": Source(
        type="hubspot",
        pipelines={
            "events": {
                "from": {"connection": "partner", "types": ["hubspot.contact_event"]},
                "ignore": "nobody here follows what is changed in the CRM",
            }
        },
        act=_change_contact,
        prove=_prove_heard,
    ),
    "webhook": Source(
        type="webhook",
        keys={"payload_type": {"header": "X-Topic", "prefix": "wms."}, "key": {"header": "X-Webhook-Id"}},
        pipelines={"stock-in": _STOCK_PIPELINE},
        act=_send_count,
        prove=_prove_counted,
    ),
    "shopify": Source(
        type="shopify",
        name="shop",
        settings={"shop": DOMAIN},
        keys={"reconcile": False},
        act=_order_by_webhook,
        prove=_prove_ordered,
    ),
}
