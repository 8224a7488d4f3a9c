"""EasyPost on loopback: quotes shipments, sells labels, tracks parcels and tells of them by webhook."""

from __future__ import annotations

import asyncio
import secrets
from base64 import b64encode
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from connectors.tms.easypost.simulated_account import Account, Json, Refusal
from connectors.tms.easypost.simulated_webhooks import Event, EventSender
from hub.contract import simulator as contract

FAULTS = frozenset(
    {
        "read_and_close",
        "apply_and_close",
        "lose_create",
        "lose_buy",
        "error_500",
        "rate_limit",
        "slow",
        "refuse_buy",
        "no_response",
        "no_rates",
        "untracked",
        "wrong_signature",
    }
)
ACTIONS = frozenset({"advance", "resend"})
_CREATE, _BUY = "/v2/shipments", "/buy"
_AT = {
    "lose_create": _CREATE,
    "no_rates": _CREATE,
    "lose_buy": _BUY,
    "refuse_buy": _BUY,
    "no_response": _BUY,
    "untracked": _BUY,
}
"""Faults of one request only, and how its path ends."""
_CLOSING = frozenset({"read_and_close", "apply_and_close", "lose_create", "lose_buy"})
_REFUSALS: dict[str, tuple[int, str, str]] = {
    "error_500": (500, "INTERNAL_SERVER_ERROR", "We're sorry, something went wrong."),
    "read_and_close": (500, "INTERNAL_SERVER_ERROR", "Never sent."),
    "rate_limit": (429, "RATE_LIMITED", "Too many requests."),
    "refuse_buy": (422, "SHIPMENT.POSTAGE.FAILURE", "Unable to buy postage."),
    "no_response": (422, "SHIPMENT.POSTAGE.NO_RESPONSE", "The carrier did not respond."),
}


class Settings(BaseModel):
    """Settings of the simulated account."""

    model_config = ConfigDict(extra="forbid")

    slow_seconds: float = Field(default=2.0, ge=0, description="How long an answer takes under the fault `slow`.")


class Advance(BaseModel):
    """`advance`: the carrier scans a parcel."""

    model_config = ConfigDict(extra="forbid")

    tracking_code: str
    status: Literal["pre_transit", "in_transit", "out_for_delivery", "delivered", "failure", "return_to_sender"]
    city: str = "HOUSTON"
    copies: int = Field(default=1, ge=1, le=100)


class Resend(BaseModel):
    """`resend`: an event again, under the id it had; the last one of a tracking code."""

    model_config = ConfigDict(extra="forbid")

    tracking_code: str
    copies: int = Field(default=1, ge=1, le=100)


class Simulator(contract.Simulator):
    """Actions: advance, resend. Faults: see FAULTS."""

    def __init__(self, context: contract.SandboxContext, settings: Mapping[str, Any]) -> None:
        super().__init__(context, settings)
        self._settings = Settings.model_validate(dict(settings))
        self._key, self._secret = f"EZTK{secrets.token_hex(26)}", secrets.token_hex(16)
        self._authorization = f"Basic {b64encode(f'{self._key}:'.encode()).decode()}"
        self._account = Account()
        self._events = EventSender(f"{context.hub_url.rstrip('/')}/in/{context.connection}", self._secret)
        self._faults: deque[str] = deque()
        self._runner: web.AppRunner | None = None
        self._actions: dict[str, Callable[[Mapping[str, Any]], Awaitable[Json]]] = {
            "advance": self._advance,
            "resend": self._resend,
        }

    async def start(self) -> Mapping[str, str]:
        """Listen; returns url, api_key and secret."""
        app = web.Application()
        app.router.add_route("*", "/v2/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._events.start()
        url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return {"url": url, "api_key": self._key, "secret": self._secret}

    async def stop(self) -> None:
        await self._events.stop()
        if self._runner is not None:
            await self._runner.cleanup()

    async def act(self, action: str, arguments: Mapping[str, Any]) -> Json:
        if action not in ACTIONS:
            raise ValueError(f"There is no action {action!r}; there are {', '.join(sorted(ACTIONS))}.")
        return await self._actions[action](arguments)

    def state(self) -> Json:
        """Shipments by id with the labels sold for each, trackers by code, and events in their order."""
        account = self._account
        return {
            "shipments": {key: _shown(shipment, account.buys[key]) for key, shipment in account.shipments.items()},
            "trackers": {code: tracker["status"] for code, tracker in account.trackers.items()},
            "events": [event.summary() for event in self._events.sent.values()],
        }

    def misbehave(self, fault: str, times: int) -> None:
        if fault not in FAULTS:
            raise ValueError(f"There is no fault {fault!r}; there are {', '.join(sorted(FAULTS))}.")
        if fault == "wrong_signature":
            self._events.wrong_signatures += times
        else:
            self._faults.extend([fault] * times)

    async def _advance(self, arguments: Mapping[str, Any]) -> Json:
        wanted = Advance.model_validate(dict(arguments))
        tracker = self._account.advance(wanted.tracking_code, wanted.status, wanted.city)
        event = self._events.make("tracker.updated", wanted.tracking_code, tracker)
        await self._events.send(event, wanted.copies)
        return event.summary()

    async def _resend(self, arguments: Mapping[str, Any]) -> Json:
        wanted = Resend.model_validate(dict(arguments))
        found: list[Event] = [event for event in self._events.sent.values() if event.subject == wanted.tracking_code]
        if not found:
            raise ValueError(f"There is no event of {wanted.tracking_code}.")
        await self._events.send(found[-1], wanted.copies)
        return found[-1].summary()

    async def _serve(self, request: web.Request) -> web.Response:
        content = await request.json() if request.can_read_body else {}
        fault = self._fault(request)
        try:
            answer = web.json_response(self._answer(request, content, fault))
        except Refusal as refusal:
            headers = {"Retry-After": "1"} if refusal.status == 429 else None
            answer = web.json_response(refusal.body, status=refusal.status, headers=headers)
        if fault == "slow":
            await asyncio.sleep(self._settings.slow_seconds)
        if fault in _CLOSING and request.transport is not None:
            request.transport.close()
        return answer

    def _fault(self, request: web.Request) -> str:
        """The first fault that this request is met by; others wait for theirs."""
        for fault in self._faults:
            if fault not in _AT or (request.method == "POST" and request.path.endswith(_AT[fault])):
                self._faults.remove(fault)
                return fault
        return ""

    def _answer(self, request: web.Request, content: Json, fault: str) -> Json:
        if request.headers.get("Authorization") != self._authorization:
            raise Refusal(401, "APIKEY.INACTIVE", "This API key is no longer active.")
        if fault in _REFUSALS:
            raise Refusal(*_REFUSALS[fault])
        steps = request.path.removeprefix("/v2/").split("/")
        match request.method, steps:
            case "GET", ["shipments"]:
                shipments = list(self._account.shipments.values())[::-1]
                return {"shipments": shipments[: int(request.query.get("page_size", 20))], "has_more": False}
            case "GET", ["shipments", key]:
                return self._account.find(key)
            case "POST", ["shipments"]:
                return self._account.create(content["shipment"], rates=fault != "no_rates")
            case "POST", ["shipments", key, "buy"]:
                return self._buy(key, content, tracked=fault != "untracked")
            case "GET", ["trackers"]:
                code = request.query.get("tracking_code")
                return {"trackers": [one for one in self._account.trackers.values() if one["tracking_code"] == code]}
            case "POST", ["trackers"]:
                return self._track(content["tracker"])
        raise Refusal(404, "NOT_FOUND", "The requested resource could not be found.")

    def _track(self, wanted: Json) -> Json:
        code = wanted["tracking_code"]
        is_new = code not in self._account.trackers
        tracker = self._account.track(code, wanted.get("carrier", "USPS"))
        if is_new:
            self._events.send_later(self._events.make("tracker.created", code, tracker))
        return tracker

    def _buy(self, key: str, content: Json, *, tracked: bool) -> Json:
        shipment = self._account.buy(key, content["rate"]["id"], tracked=tracked)
        if tracked:
            self._events.send_later(
                self._events.make("tracker.created", shipment["tracking_code"], shipment["tracker"])
            )
        return shipment


def _shown(shipment: Json, buys: int) -> Json:
    rate = shipment["selected_rate"] or {}
    return {
        "reference": shipment.get("reference"),
        "buys": buys,
        "carrier": rate.get("carrier"),
        "service": rate.get("service"),
        "tracking_code": shipment["tracking_code"],
        "tracked": shipment["tracking_code"] is not None and shipment["tracker"] is not None,
    }
