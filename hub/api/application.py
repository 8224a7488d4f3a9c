"""The admin API as an ASGI application, for callers that the door has let in."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException
from starlette.responses import Response

from hub.api.desk import Desk
from hub.api.problems import answer_to, refuse
from hub.api.routes import (
    configuration,
    connections,
    connectors,
    crosswalks,
    deliveries,
    failures,
    ledger,
    lineage,
    messages,
    orders,
    replays,
)
from hub.api.threads import in_thread

PREFIX = "/api/v1"

_NOUNS = (
    orders,
    messages,
    lineage,
    deliveries,
    failures,
    replays,
    crosswalks,
    connections,
    connectors,
    configuration,
    ledger,
)
_DESCRIPTION = (
    "Everything that a person can do with the hub: the operations of its command line, in the same words. "
    "Amounts and quantities are text, times are UTC."
)
_CODES = {404: "not_found", 405: "method_not_allowed"}


def make_api(desk: Desk) -> FastAPI:
    """The application; pages of documentation are left out, since they load their parts from elsewhere."""
    api = FastAPI(
        title="Crossdock",
        version="1",
        description=_DESCRIPTION,
        openapi_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
    )
    api.state.desk = desk
    for noun in _NOUNS:
        api.include_router(noun.router, prefix=PREFIX)
    tell = in_thread(lambda: document(api))
    api.add_api_route(f"{PREFIX}/openapi.json", tell, name="document", tags=["openapi"], include_in_schema=False)
    api.add_exception_handler(RequestValidationError, _say_invalid)
    api.add_exception_handler(HTTPException, _say_http)
    api.add_exception_handler(Exception, _say_unforeseen)
    return api


def document(api: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the token that every operation needs."""
    said = api.openapi()
    bearer = HTTPBearer(scheme_name="token", description="Made by `crossdock token add`.")
    scheme = bearer.model.model_dump(by_alias=True, exclude_none=True, mode="json")
    said.setdefault("components", {})["securitySchemes"] = {"token": scheme}
    return {**said, "security": [{"token": []}]}


def _operation_id(route: APIRoute) -> str:
    return f"{route.tags[0]}_{route.name.rstrip('_')}"


async def _say_invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [(".".join(str(part) for part in one["loc"]), one["msg"]) for one in error.errors()]
    message = "; ".join(f"{place}: {fault}" for place, fault in faults)
    return refuse(422, "invalid", message, {"fields": [place for place, _ in faults]})


async def _say_unforeseen(_request: Request, error: Exception) -> Response:
    return answer_to(error)


async def _say_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _CODES.get(error.status_code, "http")
    message = f"{request.method} {request.url.path}: {error.detail}. The routes are in {PREFIX}/openapi.json."
    return refuse(error.status_code, code, message, headers=error.headers)
