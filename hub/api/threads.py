"""Routes whose work, writing the answer included, is done in a few threads of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial, wraps
from typing import Any

from fastapi import APIRouter
from pydantic_core import to_json
from starlette.responses import Response

from hub.api.problems import JSON, ProblemAnswer, answer_to

WORKERS = 8
"""Requests that are worked on at once; more wait. Each may hold a connection to the database."""

_EXECUTOR = ThreadPoolExecutor(WORKERS, thread_name_prefix="api")


class Router(APIRouter):
    """A router of plain functions that return what an operation returned.

    FastAPI would write JSON on the event loop, which has webhooks to acknowledge.
    """

    def __init__(self, noun: str) -> None:
        errors = {"model": ProblemAnswer, "description": "An error, in one shape"}
        super().__init__(prefix=f"/{noun}", tags=[noun], responses={"4XX": errors, "5XX": errors})

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """Add a route; its status is 200 if none is named."""
        super().add_api_route(path, in_thread(endpoint, options.get("status_code") or 200), **options)


def in_thread(operation: Callable[..., Any], status: int = 200) -> Callable[..., Any]:
    """The operation as a coroutine that answers with its result, or its error, as JSON."""

    @wraps(operation)
    async def endpoint(**arguments: Any) -> Response:
        work = partial(_answer, operation, arguments, status)
        return await asyncio.get_running_loop().run_in_executor(_EXECUTOR, work)

    return endpoint


def _answer(operation: Callable[..., Any], arguments: dict[str, Any], status: int) -> Response:
    try:
        result = operation(**arguments)
        return result if isinstance(result, Response) else Response(to_json(result), status, media_type=JSON)
    except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets an answer
        return answer_to(error)
