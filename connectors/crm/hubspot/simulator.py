"""HubSpot on loopback: holds records by unique properties, associates them, tells changes by webhook.

What the API writes comes back as an event too, with the change source INTEGRATION, as in the real
one: the echo that a hub must not take for news.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Mapping
from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from connectors.crm.hubspot.simulated_crm import OBJECTS, PORTAL, Crm, Json, Refusal
from connectors.crm.hubspot.simulated_webhooks import AppWebhooks
from hub.contract import simulator as contract

FAULTS = frozenset(
    {
        "read_and_close",
        "apply_and_close",
        "error_500",
        "error_400",
        "rate_limit",
        "daily_limit",
        "locked",
        "partial",
        "lose_association",
        "slow",
        "wrong_signature",
        "stale_timestamp",
    }
)
ACTIONS = frozenset({"change", "resend"})
_AT = {"partial": "/batch/upsert", "lose_association": "/batch/associate/default"}
"""Faults of one request only, and how its path ends."""
_CLOSING = frozenset({"read_and_close", "apply_and_close", "lose_association"})
_LIMIT = "You have reached your limit."
_REFUSALS: Mapping[str, tuple[int, str, str, Json]] = {
    "read_and_close": (500, "INTERNAL_ERROR", "Never sent.", {}),
    "error_500": (500, "INTERNAL_ERROR", "There was a problem with the request.", {}),
    "error_400": (
        400,
        "VALIDATION_ERROR",
        "Property values were not valid",
        {"errors": [{"message": '"closedwonn" is not one of the allowed options', "in": "dealstage"}]},
    ),
    "rate_limit": (429, "RATE_LIMITS", _LIMIT, {"policyName": "TEN_SECONDLY_ROLLING", "errorType": "RATE_LIMIT"}),
    "daily_limit": (429, "RATE_LIMITS", _LIMIT, {"policyName": "DAILY", "errorType": "RATE_LIMIT"}),
    "locked": (423, "LOCKED", "The resource is locked.", {}),
}


class Settings(BaseModel):
    """Settings of the simulated account."""

    model_config = ConfigDict(extra="forbid")

    key_property: str = Field(default="crossdock_key", description="The unique property of deals, orders and tickets.")
    slow_seconds: float = Field(default=2.0, ge=0, description="How long an answer takes under the fault `slow`.")


class Change(BaseModel):
    """`change`: a user creates a record, or changes one, in HubSpot."""

    model_config = ConfigDict(extra="forbid")

    object: Literal["contacts", "deals", "orders", "tickets"]
    key: str = Field(min_length=1)
    properties: dict[str, str] = Field(default_factory=dict)


class Resend(BaseModel):
    """`resend`: the last webhook again, its events as they were."""

    model_config = ConfigDict(extra="forbid")


class Simulator(contract.Simulator):
    """Actions: change, resend. Faults: see FAULTS."""

    def __init__(self, context: contract.SandboxContext, settings: Mapping[str, Any]) -> None:
        super().__init__(context, settings)
        self._settings = Settings.model_validate(dict(settings))
        self._token, self._secret = f"pat-eu1-{secrets.token_hex(16)}", secrets.token_hex(18)
        self._webhooks = AppWebhooks(f"{context.hub_url.rstrip('/')}/in/{context.connection}", self._secret)
        self._crm = Crm(self._settings.key_property, self._webhooks.announce)
        self._faults: deque[str] = deque()
        self._runner: web.AppRunner | None = None

    async def start(self) -> Mapping[str, str]:
        """Listen; returns url, token, secret, webhook_url and key_property."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._webhooks.start()
        return {
            "url": f"http://127.0.0.1:{self._runner.addresses[0][1]}",
            "token": self._token,
            "secret": self._secret,
            "webhook_url": self._webhooks.url,
            "key_property": self._settings.key_property,
        }

    async def stop(self) -> None:
        await self._webhooks.stop()
        if self._runner is not None:
            await self._runner.cleanup()

    async def act(self, action: str, arguments: Mapping[str, Any]) -> Json:
        if action not in ACTIONS:
            raise ValueError(f"There is no action {action!r}; there are {', '.join(sorted(ACTIONS))}.")
        return await (self._change(arguments) if action == "change" else self._resend(arguments))

    def state(self) -> Json:
        """Records by object and key with their changes, associations, and webhooks in their order."""
        records = {
            name: {
                key: {"id": record.id, "properties": dict(record.properties), "changes": record.changes}
                for key, record in found.items()
            }
            for name, found in self._crm.records.items()
        }
        associations = [list(one) for one in sorted(self._crm.associations)]
        webhooks = [batch.summary() for batch in self._webhooks.sent]
        return {"records": records, "associations": associations, "webhooks": webhooks}

    def misbehave(self, fault: str, times: int) -> None:
        if fault not in FAULTS:
            raise ValueError(f"There is no fault {fault!r}; there are {', '.join(sorted(FAULTS))}.")
        if fault == "wrong_signature":
            self._webhooks.wrong_signatures += times
        elif fault == "stale_timestamp":
            self._webhooks.stale_timestamps += times
        else:
            self._faults.extend([fault] * times)

    async def _change(self, arguments: Mapping[str, Any]) -> Json:
        wanted = Change.model_validate(dict(arguments))
        changed = self._crm.change(wanted.object, wanted.key, wanted.properties)
        await self._webhooks.settled()
        return changed

    async def _resend(self, arguments: Mapping[str, Any]) -> Json:
        Resend.model_validate(dict(arguments))
        if not self._webhooks.sent:
            raise ValueError("No webhook was sent yet.")
        await self._webhooks.send(self._webhooks.sent[-1])
        return self._webhooks.sent[-1].summary()

    async def _serve(self, request: web.Request) -> web.Response:
        content = await request.json() if request.can_read_body else {}
        fault = self._fault(request)
        try:
            status, tree = self._answer(request, content, fault)
        except Refusal as refusal:
            status, tree = refusal.status, refusal.body
        if fault == "slow":
            await asyncio.sleep(self._settings.slow_seconds)
        if fault in _CLOSING and request.transport is not None:
            request.transport.close()
        return web.json_response(tree, status=status)

    def _fault(self, request: web.Request) -> str:
        """The first fault that this request is met by; others wait for theirs."""
        for fault in self._faults:
            if request.path.endswith(_AT.get(fault, "")):
                self._faults.remove(fault)
                return fault
        return ""

    def _answer(self, request: web.Request, content: Json, fault: str) -> tuple[int, Json]:
        if request.headers.get("Authorization") != f"Bearer {self._token}":
            raise Refusal(401, "INVALID_AUTHENTICATION", "Authentication credentials not found.")
        if fault in _REFUSALS:
            status, category, message, more = _REFUSALS[fault]
            raise Refusal(status, category, message, **more)
        match request.method, request.path.strip("/").split("/"):
            case "GET", ["account-info", "v3", "details"]:
                return 200, {"portalId": PORTAL, "accountType": "SANDBOX"}
            case "GET", ["crm", "v3", "properties", name, key] if name in OBJECTS and key == self._crm.unique(name):
                return 200, {"name": key, "hasUniqueValue": True}
            case "POST", ["crm", "v3", "objects", name, "batch", "upsert"]:
                return self._crm.upsert(name, content, refused=int(fault == "partial"))
            case "POST", ["crm", "v4", "associations", name, "contacts", "batch", "associate", "default"]:
                return 200, self._crm.associate(name, content)
        raise Refusal(404, "OBJECT_NOT_FOUND", "resource not found")
