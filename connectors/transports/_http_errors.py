"""What an HTTP answer other than 2xx means: RFC 9110 status codes to the error tree."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from hub.contract.errors import AuthError, CrossdockError, InDoubt, RejectedMessage, TransientError

LONGEST_WAIT = 86_400.0
"""The longest Retry-After that is believed, in seconds."""

_NOT_DONE = frozenset({408, 425, 429, 503})
_EXCERPT = 500
_SEARCHED = 16_384
_SECRET_WORDS = ("auth", "token", "key", "secret", "cookie", "password", "signature")


def failure(response: httpx.Response, *, once: bool) -> CrossdockError:
    """What `response`, which is neither 2xx nor wanted, means.

    `once`: the request acts at the counterpart. The error has `where`: status, method, host
    and path (never the query), and the first 500 characters of the answer as its detail, with
    the secrets that the request carried blanked out.
    """
    status, host = response.status_code, response.request.url.host
    what = f"{host} answered {status} to {response.request.method} {response.request.url.path}"
    answer = _excerpt(response)
    said = f"{what}: {answer}" if answer else f"{what}."
    if status in _NOT_DONE:
        return TransientError(said, retry_after=retry_after(response), detail=answer, **_where(response))
    return _error_class(status, once)(said + _advice(response), detail=answer, **_where(response))


def retry_after(response: httpx.Response) -> float | None:
    """Seconds to wait by the Retry-After header, at most a day; None without a readable one.

    A date is taken relative to the answer's own Date, so that the two clocks need not agree.
    """
    text = response.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_WAIT)
    moment = _http_date(text)
    if moment is None:
        return None
    now = _http_date(response.headers.get("date", "")) or datetime.now(UTC)
    return min(max((moment - now).total_seconds(), 0.0), LONGEST_WAIT)


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _error_class(status: int, once: bool) -> type[CrossdockError]:
    if status in {401, 403}:
        return AuthError
    if status == 303 or status >= 500:
        return InDoubt if once else (TransientError if status >= 500 else RejectedMessage)
    return RejectedMessage


def _advice(response: httpx.Response) -> str:
    if response.is_redirect:
        target = response.headers.get("location", "").partition("?")[0]
        return f" Redirects are not followed; it points to {target}."
    return ""


def _where(response: httpx.Response) -> dict[str, Any]:
    request = response.request
    return {
        "status": response.status_code,
        "method": request.method,
        "host": request.url.host,
        "path": request.url.path,
    }


def _excerpt(response: httpx.Response) -> str:
    """The start of the answer on one line, without the secrets that the request carried."""
    text = response.content[:_SEARCHED].decode("utf-8", "replace")
    for secret in sorted(_secrets(response.request), key=len, reverse=True):
        text = text.replace(secret, "***")
    return "".join(c if c.isprintable() else " " for c in text[:_EXCERPT]).strip()


def _secrets(request: httpx.Request) -> Iterator[str]:
    """Values that an answer may repeat: of headers and query parameters named like secrets."""
    for name, value in (*request.headers.multi_items(), *request.url.params.multi_items()):
        if any(word in name.lower() for word in _SECRET_WORDS):
            yield from _spellings(value)


def _spellings(value: str) -> Iterator[str]:
    credentials = value.rpartition(" ")[2]
    if value.lower().startswith("basic "):
        try:
            decoded = base64.b64decode(credentials, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            decoded = ""
        yield from filter(None, (decoded, decoded.partition(":")[2]))
    yield from (spelling for spelling in (value, credentials) if len(spelling) >= 4)
