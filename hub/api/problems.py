"""Errors as the API says them: one shape, the status that fits, and plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import to_json
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.responses import Response

from hub.contract.errors import ConfigError, CrossdockError
from hub.operations.errors import BadInput, NotFound, OperationRefused
from hub.telemetry.logs import logger

JSON = "application/json"

_RETRY_SECONDS = "10"
_STATUS: tuple[tuple[type[CrossdockError], int], ...] = (
    (BadInput, 400),
    (NotFound, 404),
    (OperationRefused, 409),
    (ConfigError, 409),
)
_COUNTERPART = 502
"""The status of what a connector says of the system it speaks to."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What was wrong: a `code` for programs, a `message` for people, and where it is, as plain values."""

    code: str
    message: str
    where: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProblemAnswer:
    """The body of every answer that is an error."""

    error: Problem


def refuse(
    status: int,
    code: str,
    message: str,
    where: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer that says an error."""
    body = to_json(ProblemAnswer(Problem(code, message, dict(where or {}))), fallback=str)
    return Response(body, status, headers, JSON)


def answer_to(error: Exception) -> Response:
    """The answer to what an operation raised; what nobody foresaw is logged, and told as no more than that."""
    if isinstance(error, CrossdockError):
        status = next((status for kind, status in _STATUS if isinstance(error, kind)), _COUNTERPART)
        return refuse(status, error.code, error.message, error.where)
    if isinstance(error, OperationalError | InterfaceError | PoolTimeout):
        logger("api").error("the database does not do it", error=repr(error))
        message = "The database is away, locked or full. Try again, and see the hub's log."
        return refuse(503, "database", message, headers={"retry-after": _RETRY_SECONDS})
    logger("api").error("a request failed", exc_info=error)
    return refuse(500, "internal", "Something in the hub went wrong; its log says what.")
