"""What the answers of the GraphQL Admin API mean.

Shopify answers most failures with status 200 and an `errors` list, or with `userErrors` inside
the data. Sources: shopify.dev/docs/api/usage/limits (cost and throttleStatus, in points and points
a second) and shopify.dev/docs/api/usage/implementing-idempotency (the codes of keys).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from hub.contract.errors import AuthError, CrossdockError, InDoubt, RejectedMessage, TransientError

M = TypeVar("M", bound=BaseModel)

_REFUSED_CODES = frozenset({"ACCESS_DENIED", "UNAUTHORIZED", "SHOP_INACTIVE"})
_UNDER_WAY = "IDEMPOTENCY_CONCURRENT_REQUEST"
"""An earlier request with the same key is not done yet."""

_DEFAULT_WAIT = 1.0
_LONGEST_WAIT = 3600.0


def read_answer(body: bytes, *, changes: bool) -> dict[str, Any]:
    """The `data` of an answer with status 2xx; its errors become the hub's.

    `changes` says that the request was a mutation: what is unclear is then in doubt.
    """
    answer = _parse(body, changes=changes)
    if errors := answer.get("errors"):
        raise _failure(_listed(errors), _mapping(answer.get("extensions")), changes=changes)
    data = answer.get("data")
    if not isinstance(data, dict) or (changes and None in data.values()):
        raise _unclear("Shopify's answer lacks the data asked for.", body, changes=changes)
    _refuse_user_errors(data)
    return data


def read_data(model: type[M], body: bytes) -> M:
    """The answer to a query as `model`; an answer of another shape is a TransientError."""
    try:
        return model.model_validate(read_answer(body, changes=False))
    except ValidationError as error:
        raise TransientError("Shopify's answer has another shape than expected.", detail=faults_of(error)) from None


def read_changed(model: type[M], body: bytes) -> M:
    """The answer to a mutation as `model`; one of another shape is in doubt."""
    try:
        return model.model_validate(read_answer(body, changes=True))
    except ValidationError as error:
        raise InDoubt("Shopify's answer has another shape than expected.", detail=faults_of(error)) from None


def throttled(retry_after: str | None) -> TransientError:
    """The error of an answer 429; Shopify writes Retry-After with a fraction, `2.0`."""
    try:
        wait = float(retry_after or _DEFAULT_WAIT)
    except ValueError:
        wait = _DEFAULT_WAIT
    return TransientError("Shopify throttled the request.", retry_after=_believable(wait), status=429)


def faults_of(error: ValidationError) -> str:
    """What is wrong in a tree and where, without the values, which may be a customer's."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults)


def user_error_codes(error: RejectedMessage) -> set[str]:
    """The codes of the user errors for which a request was refused."""
    return {str(one.get("code")) for one in error.where.get("user_errors", ())}


def _believable(wait: float) -> float:
    return wait if 0 < wait < _LONGEST_WAIT else _DEFAULT_WAIT


def _parse(body: bytes, *, changes: bool) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise _unclear("Shopify's answer is not a JSON object.", body, changes=changes)
    return answer


def _unclear(message: str, body: bytes, *, changes: bool) -> CrossdockError:
    detail = body[:500].decode(errors="replace")
    return InDoubt(message, detail=detail) if changes else TransientError(message, detail=detail)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(errors: Any) -> list[Mapping[str, Any]]:
    """`errors` is a list of objects, or one text where a request was refused as a whole."""
    listed = errors if isinstance(errors, list) else [errors]
    return [error if isinstance(error, dict) else {"message": str(error)} for error in listed]


def _failure(errors: Sequence[Mapping[str, Any]], extensions: Mapping[str, Any], *, changes: bool) -> CrossdockError:
    messages = "; ".join(str(error.get("message", "no message")) for error in errors)
    codes = {str(_mapping(error.get("extensions")).get("code", "")) for error in errors}
    if "THROTTLED" in codes:
        return TransientError("Shopify throttled the request.", retry_after=_wait(extensions), detail=messages)
    if codes & _REFUSED_CODES:
        return AuthError(
            f"Shopify refused access: {messages} Check the app's scopes and the token.", codes=sorted(codes)
        )
    if "INTERNAL_SERVER_ERROR" in codes:
        failed = f"Shopify failed internally: {messages}"
        return InDoubt(failed) if changes else TransientError(failed)
    return RejectedMessage(f"Shopify refused the request: {messages}", codes=sorted(codes - {""}))


def _wait(extensions: Mapping[str, Any]) -> float:
    """Seconds until the bucket holds the points that the request costs."""
    cost = _mapping(extensions.get("cost"))
    status = _mapping(cost.get("throttleStatus"))
    try:
        missing = float(cost["requestedQueryCost"]) - float(status["currentlyAvailable"])
        wait = missing / float(status["restoreRate"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return _DEFAULT_WAIT
    return _believable(wait)


def _refuse_user_errors(data: Mapping[str, Any]) -> None:
    errors = [
        (name, error)
        for name, payload in data.items()
        if isinstance(payload, dict)
        for error in _listed(payload.get("userErrors") or [])
    ]
    if not errors:
        return
    said = "; ".join(
        f"{name} {'.'.join(map(str, error.get('field') or ()))}: {error.get('message')}" for name, error in errors
    )
    if _UNDER_WAY in {error.get("code") for _, error in errors}:
        raise InDoubt(f"Shopify is still working on an earlier try of this request: {said}.")
    raise RejectedMessage(f"Shopify refused the update: {said}.", user_errors=[dict(error) for _, error in errors])
