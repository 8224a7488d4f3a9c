"""Counterparts that a hub delivers to, each with two deliveries or more that must stay in order, and their proofs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hub.contract.connector import Item
from hub.contract.simulator import Simulator
from tests.crash import facts
from tests.crash.cuts import Cut, around
from tests.crash.facts import MUG, TEA, Line, Told
from tests.crash.small_hub import Tree
from tests.crash.small_world import Counterpart
from tests.runtime.workspaces import DOMAIN

REQUEST: Final = "1001-F1"
FILE_POINTS: Final = (
    "file not written",
    "file written, not noted",
    "file noted, not renamed",
    "file renamed, not settled",
)

Prepare = Callable[[Simulator], Awaitable[Sequence[Told]]]


async def _nothing(_: Simulator) -> Sequence[Told]:
    return ()


async def _place_order(shop: Simulator) -> Sequence[Told]:
    await shop.act("place_order", {"number": 1001, "deliver": "never"})
    return ()


async def _send_order(partner: Simulator) -> Sequence[Told]:
    """The partner's order, taken out of its mailbox."""
    lines = [{"sku": "MUG-WHITE", "quantity": 24, "price": "7.40"}, {"sku": "TEA", "quantity": 2, "price": "5.10"}]
    sent = await partner.act("send_orders", {"orders": [{"po": "4500017", "lines": lines}]})
    return [("partner", _taken(partner.context.directory / "x12" / "out" / sent["files"][0]))]


def _taken(file: Path) -> Item:
    body = file.read_bytes()
    file.unlink()
    return Item(key=file.name, type="x12.interchange", body=body)


@dataclass(frozen=True, kw_only=True)
class Target(Counterpart):
    """What is delivered to a counterpart.

    `told` is what the hub is told, after whatever `prepare` returns, and `deliveries` how many come of that. `prove`
    asserts of the simulator's state that each had its effect once, in order. `cuts` are requests at which a worker
    dies, `points` its steps beside those that all have.
    """

    told: Sequence[Told]
    prove: Callable[[Any], None]
    deliveries: int = 2
    prepare: Prepare = _nothing
    cuts: Sequence[Cut] = ()
    points: Sequence[str] = ()


def _from(kind: str, mapping: str, to: str = "partner", **more: Any) -> dict[str, Tree]:
    """A pipeline that carries a kind of document on."""
    return {f"{kind.lower()}-out": {"from": {"document": kind}, "routes": [{"to": to, "map": mapping, **more}]}}


def _shipped(request: str, *lines: Line) -> list[Told]:
    """Each line leaves in a shipment of its own, S1 and so on."""
    return [
        facts.shipment(request, f"S{number}", line, tracking=f"1Z-S{number}") for number, line in enumerate(lines, 1)
    ]


def _prove_labels(state: Any) -> None:
    shipments = state["shipments"].values()
    assert [one["buys"] for one in shipments] == [1, 1, 1]
    assert len({one["reference"] for one in shipments}) == 3
    assert len(state["trackers"]) == 3


def _prove_crm(state: Any) -> None:
    (written,) = state["records"]["orders"].values()
    (contact,) = state["records"]["contacts"].values()
    assert (written["changes"], contact["changes"], len(state["associations"])) == (2, 1, 1)
    assert written["properties"]["hs_pipeline_stage"] == "s-2"


def _prove_mails(state: Any) -> None:
    assert [*state["effects"].values()] == [1, 1]
    assert ["1Z-S1" in mail["text"] for mail in state["mails"]] == [True, False]


def _prove_fulfillments(state: Any) -> None:
    order = state["orders"]["#1001"]
    assert order["effects"]["fulfillmentCreate"] == 2
    assert [one["tracking"] for one in order["fulfillments"]] == [["1Z-S1"], ["1Z-S2"]]


def _prove_split_fulfillments(state: Any) -> None:
    order = state["orders"]["#1001"]
    assert order["effects"]["fulfillmentCreate"] == 3
    assert [one["lines"] for one in order["fulfillments"]] == [{MUG[1]: 1}, {TEA[1]: 1}, {MUG[1]: 1}]


def _prove_inventory(state: Any) -> None:
    article = state["inventory"]["MUG-WHITE"]
    assert article["available"] == {"east": 9}
    assert article["effects"] == 2


def _prove_refunds(state: Any) -> None:
    assert state["orders"]["#1001"]["effects"]["refundCreate"] == 2


def _prove_interchanges(state: Any) -> None:
    notices = state["received"]["856"]["4500017"]
    (answer,) = state["acknowledgements"]["1"]
    numbers = [one["interchange"] for one in notices]
    assert state["effects"] == {f"{number:09d}": 1 for number in (1, 2, 3)}
    assert sorted([*numbers, answer["interchange"]]) == ["000000001", "000000002", "000000003"]
    assert numbers == sorted(numbers)
    assert not state["refused"]


def _prove_requests(state: Any) -> None:
    assert state["effects"] == {REQUEST: 2}
    assert state["requests"][REQUEST]["stage"] == "cancelled"
    assert not state["refused"]


def _prove_files(state: Any) -> None:
    assert [*state["effects"].values()] == [1, 1]
    assert ["new" in file["content"] for file in state["received"]] == [True, False]


_SHIPPED: Final = [facts.order(), *_shipped(REQUEST, MUG, TEA)]
_SHOP: Final[Mapping[str, Any]] = {
    "type": "shopify",
    "name": "shop",
    "settings": {"shop": DOMAIN, "locations": {"east": 90001}},
    "keys": {"locations": {"east": 90001}, "reconcile": False},
    "prepare": _place_order,
}
_RENAMED: Final = {"inbox": {"directory": "out", "ready": "renamed"}, "every": "1h"}
_MAIL: Final[Mapping[str, Any]] = {
    "type": "mail",
    "pipelines": _from("Shipment", "mail/order_shipped"),
    "told": _SHIPPED,
    "prove": _prove_mails,
}

TARGETS: Final[Mapping[str, Target]] = {
    "easypost": Target(
        type="easypost",
        pipelines=_from("FulfilmentStatus", "easypost/label"),
        told=[facts.order(), facts.packed(REQUEST, "10:00", ["1.2", "0.8"]), facts.packed(REQUEST, "11:00", ["2"])],
        prove=_prove_labels,
        cuts=[*around("POST /v2/shipments HTTP", 2), *around("/buy", 2)],
    ),
    "hubspot": Target(
        type="hubspot",
        pipelines=_from("Order", "hubspot/order"),
        told=[facts.order(), facts.cancelled()],
        prove=_prove_crm,
        cuts=[*around("contacts/batch/upsert"), *around("orders/batch/upsert"), *around("batch/associate")],
    ),
    "mail": Target(**_MAIL, settings={"slow_seconds": 60}, keys={"idempotent": False}),
    "mail, idempotent": Target(**_MAIL, settings={"slow_seconds": 60, "deduplicate": True}, keys={"idempotent": True}),
    "shopify fulfillments": Target(
        **_SHOP,
        pipelines=_from("Shipment", "shopify/fulfillment", to="shop"),
        told=_SHIPPED,
        prove=_prove_fulfillments,
        cuts=[*around("query CrossdockOpenLines"), *around("mutation CrossdockFulfill")],
    ),
    "shopify fulfillments, untracked from two places": Target(
        **{
            **_SHOP,
            "settings": {
                **_SHOP["settings"],
                "locations": {"east": 90001, "west": 90002},
                "assigned": {TEA[1]: "west"},
            },
        },
        pipelines=_from("Shipment", "shopify/fulfillment", to="shop"),
        told=[
            facts.order(),
            facts.shipment(REQUEST, "S1", (*MUG[:2], 1), TEA),
            facts.shipment(REQUEST, "S2", (*MUG[:2], 1)),
        ],
        prove=_prove_split_fulfillments,
        cuts=around("mutation CrossdockFulfill", 2),
    ),
    "shopify inventory": Target(
        **_SHOP,
        pipelines=_from("InventoryAdvice", "shopify/inventory", to="shop"),
        told=[facts.count(5, "10:00"), facts.count(9, "11:00")],
        prove=_prove_inventory,
        cuts=around("mutation CrossdockInventory"),
    ),
    "shopify refunds": Target(
        **_SHOP,
        pipelines=_from("CreditNote", "shopify/refund", to="shop"),
        told=[facts.order(), facts.credit("C1", MUG, "13.50"), facts.credit("C2", TEA, "9.61")],
        prove=_prove_refunds,
        cuts=around("mutation CrossdockRefund"),
    ),
    "x12": Target(
        type="x12",
        pipelines={
            "orders-in": {
                "from": {"connection": "partner", "types": ["x12.850"]},
                "subject": {
                    "order": {"po": "source.BEG.BEG03"},
                    "version": "source.envelope.interchange",
                    "intent": "snapshot",
                },
                "steps": [{"map": "x12/order"}],
            },
            **_from("Shipment", "x12/ship_notice"),
        },
        told=_shipped("4500017-F1", ("1", "MUG-WHITE", 24), ("2", "TEA", 2)),
        prove=_prove_interchanges,
        keys=_RENAMED,
        deliveries=3,
        prepare=_send_order,
        points=FILE_POINTS,
    ),
    "wms_files": Target(
        type="wms_files",
        pipelines=_from("FulfilmentRequest", "wms/release"),
        told=[facts.order(), facts.cancelled()],
        prove=_prove_requests,
        keys={"every": "1h"},
        points=FILE_POINTS,
    ),
    "files": Target(
        type="files",
        pipelines=_from("FulfilmentRequest", "wms/release"),
        told=[facts.order(), facts.cancelled()],
        prove=_prove_files,
        keys={
            "every": "1h",
            "inboxes": [],
            "outboxes": [{"directory": "in", "type": "wms.release", "format": "json"}],
        },
        points=FILE_POINTS,
    ),
}
