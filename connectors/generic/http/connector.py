"""The generic HTTP connector: one document, one request.

The idempotency key goes with every request, in the header of
draft-ietf-httpapi-idempotency-key-header unless another is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

import httpx
import jiter
from pydantic import Field, SecretStr, model_validator

from connectors.transports.http import Effect, HttpClient, HttpSettings
from hub.contract.connector import (
    Connector,
    ConnectorConfig,
    Context,
    Family,
    Health,
    Manifest,
    Outbound,
    PushContext,
    Quality,
    Receipt,
    Support,
)

_HEADER_NAME = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
_KEPT_ANSWER = 4096


class HttpConfig(HttpSettings):
    """One endpoint and how to speak to it."""

    url: str = Field(pattern=r"^https?://", description="Where each document is sent.")
    method: Literal["POST", "PUT", "PATCH"] = Field(default="POST", description="The request's method.")
    headers: dict[str, SecretStr] = Field(
        default_factory=dict, description="Further headers of each request; values may be secrets."
    )
    bearer_token: SecretStr | None = Field(default=None, description="Sent as Authorization: Bearer.")
    user: str | None = Field(default=None, description="User of HTTP basic authentication; needs a password.")
    password: SecretStr | None = Field(default=None, description="Password of HTTP basic authentication.")
    idempotency_header: str = Field(
        default="Idempotency-Key", pattern=_HEADER_NAME, description="Header that carries the idempotency key."
    )
    idempotent: bool = Field(
        default=False,
        description="The target ignores a second request with the same key, so what is in doubt may be sent again.",
    )
    reference: str | None = Field(
        default=None,
        pattern=r"^(/[^/]+)+$",
        description="JSON Pointer (RFC 6901) to the number in the answer, kept as the subject's `id` at this system.",
    )

    @model_validator(mode="after")
    def _one_way_to_sign_in(self) -> Self:
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password belong together: give both or neither")
        if self.user is not None and self.bearer_token is not None:
            raise ValueError("give bearer_token, or user and password, not both")
        return self


class HttpConnector(Connector[HttpConfig]):
    """Sends documents to one URL."""

    name: ClassVar[str] = "http"
    family: ClassVar[Family] = Family.GENERIC
    Config: ClassVar[type[ConnectorConfig]] = HttpConfig
    accepts: ClassVar[Mapping[str, str]] = {"*": "json"}
    manifest: ClassVar[Manifest] = Manifest(
        title="HTTP",
        direction=frozenset({"push"}),
        signature=Quality(Support.EXEMPT, "It receives nothing."),
        idempotency=Quality(
            Support.EXEMPT, "The target decides: the key is always sent; set `idempotent` if it is kept."
        ),
        ordering=Quality(Support.EXEMPT, "It receives nothing."),
        find=Quality(Support.NO, "There is no common way to ask; a person settles what is in doubt."),
        backoff=Quality(Support.YES, "Retry-After of 408, 425, 429 and 503."),
        redaction=Quality(Support.YES, "Header values are secrets; what answers repeat of them is blanked out."),
    )

    def __init__(self, config: HttpConfig, context: Context) -> None:
        super().__init__(config, context)
        self._steps = _steps(config.reference) if config.reference else []
        self._client: HttpClient | None = None

    @property
    def repeatable(self) -> bool:
        """What the configuration says of the target."""
        return self.config.idempotent

    async def open(self) -> None:
        config = self.config
        headers = {name: value.get_secret_value() for name, value in config.headers.items()}
        if config.bearer_token is not None:
            headers["authorization"] = f"Bearer {config.bearer_token.get_secret_value()}"
        auth = (config.user, config.password.get_secret_value()) if config.user and config.password else None
        self._client = HttpClient(config.url, config, headers=headers, auth=auth)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def check(self) -> Health:
        """Whether the server answers; an OPTIONS request, which changes nothing (RFC 9110, 9.3.7)."""
        response = await self._opened().request("OPTIONS", "", effect=Effect.SAFE, returned={404, 405, 501})
        return Health(ok=True, findings=[f"{response.url.host} answers ({response.status_code} to OPTIONS)"])

    async def push(self, out: Outbound, context: PushContext) -> Receipt:
        """Send the document; any 2xx is its receipt."""
        response = await self._opened().request(
            self.config.method,
            "",
            effect=Effect.ONCE,
            content=out.body,
            headers={"content-type": out.content_type, self.config.idempotency_header: out.idempotency_key},
        )
        return Receipt(
            references=self._references(response) if self._steps else {},
            note=f"HTTP {response.status_code}",
            response=response.content[:_KEPT_ANSWER],
        )

    def _opened(self) -> HttpClient:
        if self._client is None:
            raise RuntimeError("the connector is not open")
        return self._client

    def _references(self, response: httpx.Response) -> Mapping[str, str]:
        """The number in the answer; none where it is not there, since the document was taken."""
        try:
            found: Any = jiter.from_json(response.content, float_mode="decimal")
            for step in self._steps:
                found = found[int(step)] if isinstance(found, list) else found[step]
        except (ValueError, KeyError, IndexError, TypeError):
            found = None
        if isinstance(found, bool) or not isinstance(found, int | str) or found == "":
            self.context.log.warning("reference_missing", reference=self.config.reference, status=response.status_code)
            return {}
        return {"id": str(found)}


def _steps(pointer: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
