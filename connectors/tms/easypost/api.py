"""The calls to EasyPost's API, each with what its answer means.

Sources: docs.easypost.com/docs/shipments, docs.easypost.com/docs/trackers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx

from connectors.formats.json import JsonFormat
from connectors.tms.easypost.orders import TrackerOrder
from connectors.tms.easypost.shipments import Rate, Shipment, Tracker, Trackers, read, refusal
from connectors.transports.http import Effect, HttpClient
from hub.contract.errors import Duplicate, InDoubt, TransientError

_EXPLAINED = frozenset({400, 402, 404, 409, 422})
"""Statuses whose answer is an error object that says more than the status."""

KEPT_ANSWER = 65_536
"""How much of an answer is kept with the attempt, in bytes."""


class EasyPostApi:
    """Shipments and trackers of one account."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()

    async def probe(self) -> None:
        """Read one shipment, to see whether the key is good."""
        await self._client.request("GET", "/v2/shipments", effect=Effect.SAFE, params={"page_size": "1"})

    async def find(self, key: str) -> Shipment | None:
        """The shipment of an id or a reference; None if there is none."""
        response = await self._client.request("GET", _path(key), effect=Effect.SAFE, returned=_EXPLAINED)
        return None if response.status_code == 404 else _shipment(response, "read the shipment", doubtful=False)

    async def create(self, wanted: Mapping[str, Any], reference: str) -> Shipment:
        """Have a shipment quoted. Repeated at will: one that is not bought costs nothing."""
        response = await self._post("/v2/shipments", {"shipment": {**wanted, "reference": reference}}, Effect.SAFE)
        return _shipment(response, "create the shipment", doubtful=False)

    async def buy(self, shipment: Shipment, rate: Rate) -> Shipment:
        """Buy a rate of a shipment, or read the label that is there; InDoubt where nobody can tell."""
        path = _path(shipment.id)
        response = await self._post(f"{path}/buy", {"rate": {"id": rate.id}}, Effect.ONCE)
        try:
            bought = _shipment(response, f"buy {rate} for {shipment.id}", doubtful=True)
        except Duplicate:
            bought = await self._bought_before(path)
        if not bought.is_bought:
            raise InDoubt(f"EasyPost took the purchase of {rate} and shows no label yet.", shipment=bought.id)
        return bought

    async def track(self, wanted: TrackerOrder) -> Tracker:
        """The tracker of a tracking number.

        Repeated at will: EasyPost gives the tracker that it has of the number and carrier, for three
        months. A test key makes another one, which is worth as little as the first.
        """
        response = await self._post("/v2/trackers", {"tracker": wanted.model_dump(exclude_none=True)}, Effect.SAFE)
        if response.status_code in _EXPLAINED:
            raise refusal(response.status_code, response.content, f"track {wanted.tracking_code}")
        made = read(Tracker, response.content)
        if made is None:
            raise TransientError(f"EasyPost's answer to track {wanted.tracking_code} is not a tracker.")
        made.answer = response.content[:KEPT_ANSWER]
        return made

    async def find_tracker(self, wanted: TrackerOrder) -> Tracker | None:
        """The youngest tracker there is of a tracking number; None if there is none."""
        params = wanted.model_dump(exclude_none=True)
        response = await self._client.request("GET", "/v2/trackers", effect=Effect.SAFE, params=params)
        found = read(Trackers, response.content)
        return found.trackers[0] if found is not None and found.trackers else None

    async def _bought_before(self, path: str) -> Shipment:
        try:
            response = await self._client.request("GET", path, effect=Effect.SAFE)
        except TransientError as error:
            raise InDoubt(f"The label is bought already, and could not be read: {error.message}") from error
        return _shipment(response, "read the shipment", doubtful=True)

    async def _post(self, path: str, tree: Mapping[str, Any], effect: Effect) -> httpx.Response:
        return await self._client.request(
            "POST",
            path,
            effect=effect,
            content=JsonFormat().encode(tree, "easypost.request"),
            headers={"content-type": "application/json"},
            returned=_EXPLAINED,
        )


def _path(key: str) -> str:
    return f"/v2/shipments/{quote(key, safe='')}"


def _shipment(response: httpx.Response, what: str, *, doubtful: bool) -> Shipment:
    """The shipment answered; what is unclear after a purchase is in doubt."""
    if response.status_code in _EXPLAINED:
        raise refusal(response.status_code, response.content, what)
    shipment = read(Shipment, response.content)
    if shipment is None:
        message = f"EasyPost's answer to {what} is not a shipment."
        detail = response.content[:500].decode(errors="replace")
        raise InDoubt(message, detail=detail) if doubtful else TransientError(message, detail=detail)
    shipment.answer = response.content[:KEPT_ANSWER]
    return shipment
