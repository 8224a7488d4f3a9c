"""Shipment and ShipmentStatus: what left a warehouse, packed how, and where it is."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from pydantic import Field

from hub.contract.documents.header import Document
from hub.contract.documents.parties import Party
from hub.contract.values import Code, Model, Moment, Quantity, Text


class Dimensions(Model):
    """Outer length, width and height, in one unit of length (CMT, INH)."""

    length: Quantity
    width: Quantity
    height: Quantity


class PackedItem(Model):
    """Goods in a package; `line_id` is the order's, where the warehouse repeats it."""

    line_id: Code | None = None
    sku: Code | None = None
    gtin: Code | None = None
    quantity: Quantity
    lot: Code | None = None
    expires_on: date | None = None
    serials: list[Code] = Field(default_factory=list)


class Package(Model):
    """A parcel, carton or pallet. A pallet holds `packages`, a carton `items`; both may."""

    package_id: Code | None = None
    type: Code | None = Field(default=None, description="Kind of package, as its maker codes it (CTN, PLT).")
    sscc: Code | None = Field(default=None, pattern=r"^\d{18}$", description="Serial shipping container code.")
    tracking: Code | None = None
    weight: Quantity | None = Field(default=None, description="Gross weight (KGM, LBR, ONZ).")
    dimensions: Dimensions | None = None
    items: list[PackedItem] = Field(default_factory=list)
    packages: list[Package] = Field(default_factory=list)


class Shipment(Document):
    """Goods that left. Without packages that name them, `items` say what was shipped."""

    number: Code = Field(description="The shipper's own number of it.")
    request_number: Code | None = Field(default=None, description="The fulfilment request it answers.")
    order_number: Code | None = None
    node: Code | None = Field(default=None, description="Warehouse it left.")
    shipped_at: Moment
    carrier: Code | None = Field(default=None, description="SCAC, or the carrier's own code.")
    carrier_service: Text | None = None
    tracking: list[Code] = Field(default_factory=list, description="Tracking numbers of the whole.")
    bill_of_lading: Code | None = None
    ship_from: Party | None = None
    ship_to: Party | None = None
    weight: Quantity | None = None
    packages: list[Package] = Field(default_factory=list)
    items: list[PackedItem] = Field(default_factory=list)
    complete: bool = Field(default=False, description="Nothing more of the request will be shipped.")


class TransitStage(StrEnum):
    """Where a parcel is."""

    LABELLED = "labelled"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERED = "delivered"
    EXCEPTION = "exception"
    RETURNED_TO_SENDER = "returned_to_sender"


class ShipmentStatus(Document):
    """What a carrier says of a parcel."""

    tracking: Code
    carrier: Code | None = None
    stage: TransitStage
    happened_at: Moment | None = None
    detail: Text | None = None
    place: Text | None = None
    expected_on: date | None = None
    signed_by: Text | None = None
