"""Acme Dock's other side."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from hub.contract.simulator import Simulator

FAULTS = ("apply_and_close", "error_400", "error_503", "read_and_close")


class AcmeSimulator(Simulator):
    """Counts confirmed parcels."""

    async def start(self) -> Mapping[str, str]:
        self.parcels: list[dict[str, Any]] = []
        self.labels: list[dict[str, Any]] = []
        self.faults: Counter[str] = Counter()
        application = web.Application(middlewares=[self._misbehave])
        application.add_routes(
            [
                web.get("/labels", self._get_labels),
                web.get("/parcels", self._get_parcels),
                web.post("/parcels", self._post_parcel),
                web.post("/parcels/{id}/confirm", self._confirm),
            ]
        )
        self.runner = web.AppRunner(application)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        sys.stdout.write("Acme Dock is open\n")
        url = "http://{}:{}".format(*self.runner.addresses[0][:2])
        return {"url": url, "token": "tok-7f3a91", "secret": "whsec-51c0de"}

    async def stop(self) -> None:
        await self.runner.cleanup()

    async def act(self, action: str, arguments: Mapping[str, Any]) -> Any:
        if action == "print_label":
            self.labels.append({"id": len(self.labels) + 1, **arguments})
            return self.labels[-1]
        if action == "crash":
            sys.stdout.write("smoke" * 50_000)
            raise RuntimeError("printer on fire")
        raise ValueError(f"There is no action {action!r}; known are crash, print_label.")

    def state(self) -> Any:
        return {"parcels": self.parcels, "labels": self.labels, "settings": dict(self.settings)}

    def misbehave(self, fault: str, times: int) -> None:
        if fault not in FAULTS:
            raise ValueError(f"There is no fault {fault!r}; known are {', '.join(FAULTS)}.")
        self.faults[fault] = times

    @web.middleware
    async def _misbehave(self, request: web.Request, handler: Any) -> web.StreamResponse:
        await request.read()
        fault = next(iter(+self.faults), None)
        if fault is None:
            return await handler(request)
        self.faults[fault] -= 1
        if fault.startswith("error_"):
            return web.Response(status=int(fault[6:]))
        if fault == "apply_and_close":
            await handler(request)
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def _get_labels(self, request: web.Request) -> web.Response:
        after = int(request.query["after"])
        return web.json_response([label for label in self.labels if label["id"] > after])

    async def _get_parcels(self, request: web.Request) -> web.Response:
        return web.json_response([parcel for parcel in self.parcels if parcel["key"] == request.query["key"]])

    async def _post_parcel(self, request: web.Request) -> web.Response:
        key = request.headers["idempotency-key"]
        known = [parcel for parcel in self.parcels if parcel["key"] == key]
        if not known:
            self.parcels.append({"id": len(self.parcels) + 1, "key": key, "confirmed": 0})
        return web.json_response((known or self.parcels)[-1], status=201)

    async def _confirm(self, request: web.Request) -> web.Response:
        parcel = self.parcels[int(request.match_info["id"]) - 1]
        parcel["confirmed"] = 1
        return web.json_response(parcel)
