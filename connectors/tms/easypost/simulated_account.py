"""An EasyPost account in memory, for the simulator: shipments, their labels and trackers.

Answers have the shape of the real ones, with the fields that a shipment of one parcel has.
Refusals are `Refusal`, with EasyPost's status, code and fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

Json = dict[str, Any]

RATES = (
    ("USPS", "GroundAdvantage", "8.20", 3),
    ("USPS", "Priority", "10.58", 2),
    ("UPS", "Ground", "12.41", 4),
    ("USPS", "Express", "51.20", 1),
)
"""Carrier, service, rate in USD, delivery days."""

STATUS_MESSAGES = {
    "pre_transit": "Shipping Label Created",
    "in_transit": "Arrived at Facility",
    "out_for_delivery": "Out for Delivery",
    "delivered": "Delivered, Front Door",
    "failure": "Delivery Attempted, No Access",
    "return_to_sender": "Return to Sender Processed",
}


class Refusal(Exception):
    """An answer other than 2xx."""

    def __init__(self, status: int, code: str, message: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {
            "error": {
                "code": code,
                "message": message,
                "errors": [
                    {"field": name, "message": text, "suggestion": None} for name, text in (fields or {}).items()
                ],
            }
        }


class Account:
    """Shipments by id, oldest first; `buys` counts the labels sold for each."""

    def __init__(self) -> None:
        self.shipments: dict[str, Json] = {}
        self.trackers: dict[str, Json] = {}
        self.buys: dict[str, int] = {}
        self._labels = 0

    def create(self, wanted: Json, *, rates: bool = True) -> Json:
        """Quote a shipment."""
        missing = {name: "cannot be blank" for name in ("to_address", "from_address", "parcel") if not wanted.get(name)}
        if missing:
            raise Refusal(
                422,
                "SHIPMENT.INVALID_PARAMS",
                "Unable to create shipment, one or more parameters were invalid.",
                missing,
            )
        shipment_id, now = f"shp_{uuid4().hex}", stamp()
        shipment = {
            "id": shipment_id,
            "object": "Shipment",
            "mode": "test",
            "created_at": now,
            "updated_at": now,
            "is_return": False,
            "status": "unknown",
            "tracking_code": None,
            "postage_label": None,
            "selected_rate": None,
            "tracker": None,
            "fees": [],
            **wanted,
            "rates": _rates(shipment_id) if rates else [],
            "messages": []
            if rates
            else [{"carrier": "USPS", "type": "rate_error", "message": "to_address.zip: Invalid"}],
        }
        self.shipments[shipment_id], self.buys[shipment_id] = shipment, 0
        return shipment

    def find(self, key: str) -> Json:
        """A shipment by its id or its reference, the newest of several."""
        if key in self.shipments:
            return self.shipments[key]
        for shipment in reversed(self.shipments.values()):
            if shipment.get("reference") == key:
                return shipment
        raise Refusal(404, "NOT_FOUND", "The requested resource could not be found.")

    def buy(self, key: str, rate_id: str, *, tracked: bool = True) -> Json:
        """Sell the label, once."""
        shipment = self.find(key)
        if shipment["postage_label"] is not None:
            raise Refusal(422, "SHIPMENT.POSTAGE.EXISTS", "Postage already exists for this shipment.")
        rate = next((rate for rate in shipment["rates"] if rate["id"] == rate_id), None)
        if rate is None:
            raise Refusal(422, "PARAMETER.INVALID", "The rate is not one of this shipment.", {"rate": "is invalid"})
        self._labels += 1
        self.buys[shipment["id"]] += 1
        code = f"94001{self._labels:017d}"
        label = {"object": "PostageLabel", "id": f"pl_{uuid4().hex}", "label_url": f"https://labels.example/{code}.png"}
        shipment.update(postage_label=label, selected_rate=rate, tracking_code=code, updated_at=stamp())
        shipment["fees"] = [{"object": "Fee", "type": "PostageFee", "amount": rate["rate"], "charged": True}]
        if tracked:
            shipment["tracker"] = self.track(code, rate["carrier"], shipment)
        return shipment

    def track(self, code: str, carrier: str, shipment: Json | None = None) -> Json:
        """The tracker of a code, made unless there is one; `shipment` is the one it was bought for."""
        if code not in self.trackers:
            now = stamp()
            self.trackers[code] = {
                "id": f"trk_{uuid4().hex}",
                "object": "Tracker",
                "mode": "test",
                "tracking_code": code,
                "status": "unknown",
                "status_detail": "unknown",
                "created_at": now,
                "updated_at": now,
                "shipment_id": shipment and shipment["id"],
                "is_return": bool(shipment and shipment["is_return"]),
                "carrier": carrier,
                "tracking_details": [],
                "est_delivery_date": None,
                "signed_by": None,
            }
        return self.trackers[code]

    def advance(self, code: str, status: str, city: str) -> Json:
        """A scan of the carrier; ValueError if nobody tracks the code."""
        if code not in self.trackers:
            raise ValueError(f"There is no tracker of {code}; there are {', '.join(self.trackers) or 'none'}.")
        tracker = self.trackers[code]
        # A second at least, so that a story's revisions always differ.
        now = stamp(after=tracker["updated_at"])
        detail = {
            "object": "TrackingDetail",
            "message": STATUS_MESSAGES[status],
            "status": status,
            "status_detail": "status_update",
            "datetime": now,
            "source": tracker["carrier"],
            "tracking_location": {
                "object": "TrackingLocation",
                "city": city,
                "state": None,
                "country": "US",
                "zip": None,
            },
        }
        tracker["tracking_details"] = [*tracker["tracking_details"], detail]
        tracker.update(status=status, status_detail="status_update", updated_at=now)
        return tracker


def stamp(after: str | None = None) -> str:
    """Now, in whole seconds as EasyPost writes them; later than `after` by a second at least."""
    now = datetime.now(UTC)
    if after is not None:
        now = max(now, datetime.fromisoformat(after) + timedelta(seconds=1))
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def _rates(shipment_id: str) -> list[Json]:
    return [
        {
            "id": f"rate_{uuid4().hex}",
            "object": "Rate",
            "mode": "test",
            "service": service,
            "carrier": carrier,
            "rate": rate,
            "currency": "USD",
            "delivery_days": days,
            "shipment_id": shipment_id,
        }
        for carrier, service, rate, days in RATES
    ]
