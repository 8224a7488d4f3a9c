"""Buys the labels of a transmission, one for each parcel, so that each is bought once whatever is cut off.

First every parcel is quoted, which costs nothing, and its rate is chosen: what EasyPost would refuse
is refused before anything is bought. Then one is bought after the other. The shipments' ids are kept
before the first purchase, and what is bought after each. A shipment whose id was not kept is found
by its reference, which is made of the transmission's id and the parcel's place; and EasyPost sells no
second label for a shipment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from structlog.typing import FilteringBoundLogger

from connectors.tms.easypost.api import KEPT_ANSWER, EasyPostApi
from connectors.tms.easypost.orders import ShipmentOrder, TrackerOrder
from connectors.tms.easypost.shipments import Rate, Shipment, Tracker, numbered
from hub.contract.connector import Outbound, PushContext, Receipt
from hub.contract.errors import CrossdockError, InDoubt, RejectedMessage, TransientError


@dataclass(slots=True)
class _Parcel:
    """A parcel on its way to a label: its shipment, and the rate to buy unless it is bought."""

    number: int
    shipment: Shipment
    rate: Rate | None = None
    tracker: Tracker | None = None


class LabelPurchase:
    """The labels of one transmission."""

    def __init__(self, api: EasyPostApi, out: Outbound, log: FilteringBoundLogger) -> None:
        self._api = api
        self._out = out
        self._log = log

    async def buy(self, order: ShipmentOrder, context: PushContext) -> Receipt:
        """Quote all, buy one after the other; goes on where an earlier attempt ended."""
        parcels: list[_Parcel] = []
        try:
            for number, wanted in enumerate(order.shipments):
                parcels.append(await self._quoted(number, wanted, order))
            if _kept(parcels) != self._out.done.get("shipments"):
                await context.checkpoint({"shipments": _kept(parcels)})
            for parcel in parcels:
                await self._bought(parcel, parcels, context)
        except (TransientError, RejectedMessage) as error:
            bought = [one.shipment.tracking_code or one.shipment.id for one in parcels if one.shipment.is_bought]
            if not bought:
                raise
            raise _half_way(error, bought) from error
        return _receipt(parcels)

    async def find(self, order: ShipmentOrder) -> Receipt | None:
        """The receipt if every parcel has its label, else None: another attempt buys what is missing."""
        parcels: list[_Parcel] = []
        for number in range(len(order.shipments)):
            shipment = await self._known(number)
            if shipment is None or not shipment.is_bought:
                return None
            parcels.append(_Parcel(number, shipment, tracker=shipment.tracker))
        return _receipt(parcels)

    async def _quoted(self, number: int, wanted: dict[str, Any], order: ShipmentOrder) -> _Parcel:
        shipment = await self._known(number) or await self._api.create(wanted, self._reference(number))
        return _Parcel(number, shipment, None if shipment.is_bought else shipment.choose(order.rate))

    async def _bought(self, parcel: _Parcel, all_parcels: Sequence[_Parcel], context: PushContext) -> None:
        if parcel.rate is not None:
            parcel.shipment = await self._api.buy(parcel.shipment, parcel.rate)
            await context.checkpoint({"shipments": _kept(all_parcels)})
        parcel.tracker = parcel.shipment.tracker or await self._track(parcel.shipment)

    async def _known(self, number: int) -> Shipment | None:
        """The shipment of an earlier attempt; one whose creation was never answered is found by its reference."""
        kept = self._out.done.get("shipments", ())
        if number >= len(kept):
            return await self._api.find(self._reference(number))
        key = kept[number]["shipment"]
        shipment = await self._api.find(key)
        if shipment is None:
            raise InDoubt(f"EasyPost no longer knows the shipment {key}; see there whether it was bought.")
        return shipment

    def _reference(self, number: int) -> str:
        return f"{self._out.transmission}-{number + 1}"

    async def _track(self, shipment: Shipment) -> Tracker | None:
        """A tracker for a label that came without one. The label is bought whatever happens here."""
        if shipment.tracking_code is None:
            return None
        carrier = shipment.selected_rate.carrier if shipment.selected_rate else None
        try:
            return await self._api.track(TrackerOrder(tracking_code=shipment.tracking_code, carrier=carrier))
        except RejectedMessage as error:
            self._log.warning("parcel_not_tracked", shipment=shipment.id, reason=error.message)
            return None
        except CrossdockError as error:
            raise InDoubt(
                f"The label of {shipment.id} is bought and not tracked yet: {error.message}", shipment=shipment.id
            ) from error


def _kept(parcels: Sequence[_Parcel]) -> list[dict[str, Any]]:
    """What a checkpoint keeps of each parcel, in their order."""
    return [
        {"shipment": one.shipment.id, "tracking_number": one.shipment.tracking_code}
        if one.shipment.is_bought
        else {"shipment": one.shipment.id}
        for one in parcels
    ]


def _half_way(error: TransientError | RejectedMessage, bought: list[str]) -> CrossdockError:
    """The error where labels are bought already: it names them, and never says that nothing happened."""
    said = f"{error.message} Labels are bought already for {', '.join(bought)}"
    if isinstance(error, TransientError):
        return InDoubt(f"{said}; another attempt buys the others.", detail=error.detail, bought=bought)
    advice = "send it again as it is to buy the others, or have these refunded at EasyPost"
    return RejectedMessage(f"{said}: {advice}.", **{**error.where, "bought": bought})


def _receipt(parcels: Sequence[_Parcel]) -> Receipt:
    shipments, trackers = [one.shipment for one in parcels], [one.tracker for one in parcels]
    references = {
        **numbered("shipment", [shipment.id for shipment in shipments]),
        **numbered("tracking_number", [shipment.tracking_code for shipment in shipments]),
        **numbered("tracker", [None if tracker is None else tracker.id for tracker in trackers]),
    }
    answers = b"\n".join(shipment.answer for shipment in shipments)
    return Receipt(references, note="; ".join(map(_note, shipments)), response=answers[:KEPT_ANSWER])


def _note(shipment: Shipment) -> str:
    return f"{shipment.selected_rate or 'an unnamed rate'}, {shipment.tracking_code}"
