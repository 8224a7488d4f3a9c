"""HTTP out: the one client of all connectors, and what each failure means for the effect.

httpx's API on aiohttp's transport, since httpx's own pool collapses above 8 requests at once.
A request says with its `Effect` what a lost answer means, and every failure comes out as one
of `hub.contract.errors`:

    no connection (name, port, TLS, time)      TransientError: nothing was sent
    lost after that, no whole answer in time   InDoubt; TransientError where SAFE
    2xx                                        the response
    303                                        InDoubt; RejectedMessage where SAFE
    other 3xx                                  RejectedMessage: redirects are not followed
    401, 403                                   AuthError
    408, 425, 429, 503                         TransientError with Retry-After (RFC 9110, 10.2.3)
    other 4xx                                  RejectedMessage with the start of the answer
    other 5xx                                  InDoubt; TransientError where SAFE

A request is sent at most once: aiohttp's own second try of idempotent methods on a dropped
connection is turned off, since a PUT or DELETE behind it has an effect all the same.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Collection, Mapping
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from pydantic import Field

from connectors.transports._http_errors import failure
from hub.contract.connector import ConnectorConfig
from hub.contract.errors import ConfigError, CrossdockError, InDoubt, RejectedMessage, TransientError

# httpx logs whole URLs at INFO, with what their queries hold.
logging.getLogger("httpx").setLevel(logging.WARNING)

MAX_ANSWER = 32 * 1024 * 1024
"""The longest answer that is read, in bytes after decompression."""

_IDLE_SECONDS = 4.0
"""How long a connection is kept for the next request: less than servers wait by default
(Node and uvicorn 5 s), since a request on one they just closed would be in doubt."""

_LINE_BREAKS = frozenset("\r\n\0")
"""What a header's value may not contain."""

_ENTITY_HEADERS = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})


class Effect(Enum):
    """What a request does at the counterpart, and so what a lost answer means."""

    SAFE = "safe"
    """It reads, or may be repeated at will: whatever fails can be tried again."""
    ONCE = "once"
    """It acts: once it has left, a missing answer is in doubt."""


class HttpSettings(ConnectorConfig):
    """How a connector's HTTP requests are made; a base or a field of its Config."""

    connect_timeout: float = Field(
        10.0, gt=0, le=300, description="Seconds to wait for a free connection or a new one, TLS included."
    )
    read_timeout: float = Field(30.0, gt=0, le=3600, description="Seconds the server may stay silent.")
    total_timeout: float = Field(120.0, gt=0, le=3600, description="Seconds a request may take until its whole answer.")
    max_connections: int = Field(100, ge=1, le=1000, description="Connections open at once, per process.")
    ca_file: Path | None = Field(
        None, description="PEM file of the certificate authorities to trust instead of the public ones."
    )


class NotSentError(Exception):
    """No connection came about; nothing has left."""


class LostError(Exception):
    """The connection broke or fell silent after the request may have left."""


class HttpClient:
    """Requests to one server. Made in `Connector.open`, closed in `close`; safe for concurrent use.

    `base_url` is what paths are appended to, without its query; ConfigError if it is no http(s) URL. `headers` go
    with every request. A token that must be fetched is fetched by a request of its own, not
    inside an httpx.Auth flow, so that its failure is not mistaken for one of the effect.
    """

    def __init__(
        self,
        base_url: str,
        settings: HttpSettings,
        headers: Mapping[str, str] | None = None,
        auth: httpx.Auth | tuple[str, str] | None = None,
    ) -> None:
        self._base = _base(base_url)
        self._prefix = str(self._base.copy_with(query=None, fragment=None)).rstrip("/")
        self._settings = settings
        self._ssl = _ssl_context(settings.ca_file) if self._base.scheme == "https" else None
        self._client = httpx.AsyncClient(
            # The session has its own context; without one here, the transport would read all certificates again.
            transport=AiohttpTransport(verify=self._ssl or _default_context(), client=self._session),
            headers={"accept-encoding": "gzip, deflate", "user-agent": "crossdock", **(headers or {})},
            auth=auth,
            timeout=httpx.Timeout(
                settings.read_timeout, connect=settings.connect_timeout, pool=settings.connect_timeout
            ),
        )

    def _session(self) -> aiohttp.ClientSession:
        """aiohttp's side, made at the first request since it belongs to the running loop."""
        connector = aiohttp.TCPConnector(
            limit=self._settings.max_connections,
            keepalive_timeout=_IDLE_SECONDS,
            ssl=self._ssl or True,
        )
        return aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), middlewares=(_at_most_once,)
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def request(
        self,
        method: str,
        path: str,
        *,
        effect: Effect,
        content: bytes | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        returned: Collection[int] = (),
    ) -> httpx.Response:
        """One request and its whole answer, sent at most once.

        `path` is appended to the base URL ("" is the base URL itself); an absolute URL, such as
        the next page's, is taken where it is of the same server. Statuses in `returned` are
        handed back like 2xx, for whoever reads them (404 of a look-up, 409 of a duplicate).
        """
        try:
            request = self._client.build_request(
                method, self._url(path), content=content, json=json, headers=_checked(headers), params=params
            )
        except (ValueError, httpx.InvalidURL) as error:
            raise RejectedMessage(
                f"The request to {self._base.host} cannot be written: {error}.", **self._where(method, path)
            ) from None
        try:
            response = await self._send(request)
        except NotSentError as error:
            raise TransientError(
                f"{self._base.host} could not be reached: {error}. Nothing was sent.", **self._where(method, path)
            ) from None
        except (LostError, httpx.RequestError, aiohttp.ClientError, OSError, ValueError) as error:
            raise self._lost(error, effect, method, path) from None
        if response.is_success or response.status_code in returned:
            return response
        raise failure(response, once=effect is Effect.ONCE)

    async def _send(self, request: httpx.Request) -> httpx.Response:
        async with asyncio.timeout(self._settings.total_timeout):
            response = await self._client.send(request, stream=True)
            try:
                body = await _read(response)
            finally:
                await response.aclose()
        headers = [(name, value) for name, value in response.headers.raw if name.lower() not in _ENTITY_HEADERS]
        return httpx.Response(response.status_code, headers=headers, content=body, request=request)

    def _url(self, path: str) -> httpx.URL:
        if not path:
            return self._base
        if not path.lower().startswith(("http://", "https://")):
            return httpx.URL(f"{self._prefix}/{path.lstrip('/')}")
        url = httpx.URL(path)
        if (url.scheme, url.host, url.port) != (self._base.scheme, self._base.host, self._base.port):
            raise RejectedMessage(
                f"The answer of {self._base.host} leads to {url.host}, another server; credentials are not sent there.",
                value=url.host,
            )
        return url

    def _where(self, method: str, path: str) -> dict[str, Any]:
        return {"method": method, "host": self._base.host, "path": path.partition("?")[0]}

    def _lost(self, error: Exception, effect: Effect, method: str, path: str) -> CrossdockError:
        where, what = self._where(method, path), _spoken(error)
        detail = type(error).__name__
        if effect is Effect.ONCE:
            return InDoubt(
                f"{self._base.host} may have acted on {method} {where['path']}, but gave no whole answer: {what}.",
                detail=detail,
                **where,
            )
        return TransientError(
            f"{self._base.host} gave no whole answer to {method} {where['path']}: {what}.", detail=detail, **where
        )


async def _at_most_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Name aiohttp's failures by the one thing that matters, whether anything was sent.

    Its session would send idempotent methods again on ClientOSError and
    ServerDisconnectedError, and httpx-aiohttp would call the latter a ConnectTimeout; neither
    knows these classes, so both let them pass.
    """
    try:
        return await handler(request)
    except aiohttp.ConnectionTimeoutError:
        raise NotSentError("no connection in time") from None
    except aiohttp.ClientConnectorError as error:
        raise NotSentError(str(error.os_error) or type(error.os_error).__name__) from None
    except (aiohttp.ClientError, OSError) as error:
        raise LostError(_spoken(error)) from None


def _spoken(error: Exception) -> str:
    """What happened on the wire, without URLs, which may hold secrets."""
    if isinstance(error, LostError):
        return str(error)
    if isinstance(error, httpx.DecodingError):
        return "its answer could not be decompressed"
    if isinstance(error, TimeoutError | httpx.ReadTimeout):
        return "it stayed silent for too long"
    if isinstance(error, aiohttp.ClientResponseError):
        return "what it answered is not HTTP"
    return "the connection broke"


def _checked(headers: Mapping[str, str] | None) -> Mapping[str, str] | None:
    """Headers whose values are one line each; aiohttp would notice another only while it sends."""
    for name, value in (headers or {}).items():
        if not _LINE_BREAKS.isdisjoint(value):
            raise ValueError(f"the header {name} has a line break or a null in its value")
    return headers


async def _read(response: httpx.Response) -> bytes:
    """The whole body, decompressed; LostError once it is larger than MAX_ANSWER."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > MAX_ANSWER:
            raise LostError(f"its answer is larger than {MAX_ANSWER // 1024 // 1024} MiB")
        chunks.append(chunk)
    return b"".join(chunks)


def _base(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise ConfigError(f"{text!r} is not a URL: {error}.", value=text) from None
    if url.scheme not in {"http", "https"} or not url.host:
        raise ConfigError(f"{text!r} is not a URL of the form https://host/path.", value=text)
    if url.userinfo:
        raise ConfigError(f"The URL of {url.host} holds credentials; put them into their own fields.", value=url.host)
    return url


@cache
def _default_context() -> ssl.SSLContext:
    """The authorities that are trusted anyway, read once a process."""
    return httpx.create_ssl_context()


def _ssl_context(ca_file: Path | None) -> ssl.SSLContext:
    if ca_file is None:
        return _default_context()
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"{ca_file} could not be read as a PEM file of certificates: {error}.", file=str(ca_file)
        ) from None
