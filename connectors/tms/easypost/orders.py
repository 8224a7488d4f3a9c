"""What is sent to EasyPost: an `easypost.shipment` and an `easypost.tracker_request`."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from connectors.formats.json import JsonFormat
from hub.contract.connector import Outbound
from hub.contract.errors import RejectedMessage
from hub.contract.payload import read_payload

M = TypeVar("M", bound=BaseModel)

MAX_PARCELS = 100
"""Labels, or trackers, of one document."""

Word = Annotated[str, Field(min_length=1, max_length=200)]


class Service(BaseModel):
    """Which rates may be bought: of a carrier, of a service, or of both."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    carrier: Word | None = None
    service: Word | None = None


class ShipmentOrder(BaseModel):
    """An `easypost.shipment`: one shipment for each parcel as EasyPost's API takes it, and the rate to buy.

    Of the rates that fit, the cheapest is bought.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    shipments: list[dict[str, Any]] = Field(min_length=1, max_length=MAX_PARCELS)
    rate: Literal["cheapest"] | Service = "cheapest"


class TrackerOrder(BaseModel):
    """A parcel to watch that somebody else labelled. Without a carrier EasyPost guesses it by the number."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tracking_code: Word
    carrier: Word | None = None


class TrackerRequest(BaseModel):
    """An `easypost.tracker_request`: the parcels of a shipment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    trackers: list[TrackerOrder] = Field(min_length=1, max_length=MAX_PARCELS)


def read_shipments(out: Outbound) -> ShipmentOrder:
    """The labels that a transmission asks for; RejectedMessage naming each wrong field."""
    order = _read(ShipmentOrder, out)
    for number, shipment in enumerate(order.shipments):
        _check(shipment, f"shipments.{number}")
    return order


def read_trackers(out: Outbound) -> TrackerRequest:
    """The parcels that a transmission asks to be watched; RejectedMessage naming each wrong field."""
    return _read(TrackerRequest, out)


def _read(model: type[M], out: Outbound) -> M:
    return read_payload(model, next(JsonFormat().decode([out.body])).data, out.type)


def _check(shipment: dict[str, Any], path: str) -> None:
    for name in ("to_address", "from_address", "parcel"):
        if not isinstance(shipment.get(name), dict):
            raise RejectedMessage(f"{path} lacks its {name}.", field=f"{path}.{name}")
    if "reference" in shipment:
        raise RejectedMessage(
            f"The reference of {path} is the hub's own, by which the shipment is found again; put an order's number "
            "into options.print_custom_1 or options.invoice_number.",
            field=f"{path}.reference",
        )
