"""Who is let in: `/api/v1` and `/metrics` ask for a bearer token before anything else is looked at."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.api.desk import Desk
from hub.api.gauges import Gauges
from hub.api.problems import answer_to, refuse
from hub.operations.tokens import Token, find_token
from hub.store import Store
from hub.workspace import Workspace

LARGEST = 1024 * 1024
"""Bytes of the largest request."""

_LOOKING = ("GET", "HEAD")
_HOW = "send `Authorization: Bearer TOKEN`; `crossdock token add NAME` makes a token."
_ASKS = {"www-authenticate": "Bearer"}


def make_door(store: Store, workspace: Workspace) -> Door:
    """What the web process serves beside webhooks. The store is its alone, so that webhooks wait for no connection."""
    return Door(Desk(store, workspace))


class Door:
    """An ASGI application: checks who asks, and what for."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._gauges = Gauges(desk)
        self._api: Future[ASGIApp] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        answer = await self._turn_away(scope)
        if answer is None and scope["path"] == "/metrics":
            answer = await self._tell_metrics()
        if answer is not None:
            await answer(scope, receive, send)
        else:
            await self._pass_on(scope, receive, send)

    async def _turn_away(self, scope: Scope) -> Response | None:
        """The answer to who may not come in; else None, and the scope says who it is."""
        path = scope["path"]
        if path != "/metrics" and not path.startswith("/api/"):
            return refuse(404, "not_found", "There is nothing here. Webhooks go to /in/<connection>.")
        try:
            caller = await asyncio.to_thread(self._recognise, Headers(scope=scope))
        except Exception as error:  # noqa: BLE001 - database away: nobody can be told apart
            return answer_to(error)
        if caller is None:
            return refuse(401, "unauthorised", f"This needs a token that is known here: {_HOW}", headers=_ASKS)
        if caller.read_only and scope["method"] not in _LOOKING:
            message = f"The token {caller.name} may look only. Make another one for changes: {_HOW}"
            return refuse(403, "forbidden", message, {"token": caller.name})
        scope.setdefault("state", {})["caller"] = caller
        return _too_large(Headers(scope=scope))

    def _recognise(self, headers: Headers) -> Token | None:
        scheme, _, secret = headers.get("authorization", "").partition(" ")
        return find_token(self._desk.store, secret.strip()) if scheme.lower() == "bearer" else None

    async def _tell_metrics(self) -> Response:
        try:
            text = await asyncio.to_thread(self._gauges.text)
        except Exception as error:  # noqa: BLE001 - a scrape gets an answer, too
            return answer_to(error)
        return Response(text, media_type=CONTENT_TYPE_PLAIN_0_0_4)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._api is None:
            self._api = _made_beside(self._desk)
        try:
            api = await asyncio.wrap_future(self._api)
        except Exception as error:  # noqa: BLE001 - a caller gets an answer, and webhooks are taken all the same
            await answer_to(error)(scope, receive, send)
            return
        with suppress(Exception):  # What the API raises it has told, and logged, before.
            await api(scope, receive, send)


def _made_beside(desk: Desk) -> Future[ASGIApp]:
    """The API, made in a thread when somebody first asks for it.

    Importing it takes a second of the processor, which webhooks would wait for at every start.
    """
    executor = ThreadPoolExecutor(1, thread_name_prefix="api-start")
    made = executor.submit(_make_api, desk)
    executor.shutdown(wait=False)
    return made


def _make_api(desk: Desk) -> ASGIApp:
    from hub.api.application import make_api  # noqa: PLC0415 - in that thread, and nowhere before

    return make_api(desk)


def _too_large(headers: Headers) -> Response | None:
    """The answer to a body that is too large, or that does not say how large it is."""
    length = headers.get("content-length", "0")
    if "transfer-encoding" in headers or not length.isdecimal():
        return refuse(411, "length_required", "Say how long the body is, by Content-Length.")
    if int(length) > LARGEST:
        return refuse(413, "too_large", f"The body is larger than {LARGEST} bytes.", {"limit": LARGEST})
    return None
