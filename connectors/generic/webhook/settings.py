"""Settings of the webhook connector: what a webhook is, how it is known again, how it is signed."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, SecretStr, field_validator, model_validator

from hub.contract.connector import ConnectorConfig
from hub.contract.registry import format_names, nearest

PAYLOAD_TYPE = re.compile(r"[a-z0-9_]+\.[a-z0-9_./-]+")
STANDARD_ID = "webhook-id"
"""Header of Standard Webhooks that names a webhook, the same each time it is sent."""

_HEADER = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
_POINTER = r"^(/[^/]*)+$"
_SCHEME = "How the sender proves who it is: hmac, standard-webhooks, basic, bearer, query or none."
_PLACE = re.compile(r"\{([^{}]*)\}")

Header = Annotated[str, Field(pattern=_HEADER), AfterValidator(str.lower)]


class Source(ConnectorConfig):
    """Where in a request a text is found: in a header, or in its JSON body."""

    header: Header | None = Field(None, description="Name of a header.")
    pointer: str | None = Field(None, pattern=_POINTER, description="JSON Pointer (RFC 6901) into the body: /event/id.")

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.header is None) == (self.pointer is None):
            raise ValueError("give either header or pointer")
        return self


class TypeSource(Source):
    """A payload type that each webhook tells: its topic, under a prefix."""

    prefix: str = Field(
        pattern=r"^[a-z0-9_]+\.$",
        description="What payload types begin with, such as `acme.`: a topic "
        "`Orders/Create` is then `acme.orders.create`.",
    )


class NoSignature(ConnectorConfig):
    """Whoever knows the address may send. Only behind a door that is locked otherwise."""

    scheme: Literal["none"] = Field(description=_SCHEME)


class HmacSignature(ConnectorConfig):
    """A keyed hash in a header."""

    model_config = ConfigDict(hide_input_in_errors=True)

    scheme: Literal["hmac"] = Field(description=_SCHEME)
    header: Header = Field(description="Header that holds the signature, or several, with commas or spaces between.")
    secret: SecretStr = Field(min_length=1, description="The secret that the sender signs with.")
    previous_secret: SecretStr | None = Field(None, description="The secret before a rotation, taken too.")
    algorithm: Literal["sha256", "sha1", "sha512"] = Field("sha256", description="The hash.")
    encoding: Literal["hex", "base64"] = Field("hex", description="How the signature is written.")
    prefix: str = Field("", description="What stands before the signature, such as sha256= or v0=.")
    signed: str = Field(
        "{body}",
        description="What is signed: {body} and names of headers in braces, such as v0:{X-Acme-Time}:{body}.",
    )
    timestamp: Header | None = Field(
        None, description="Header with the time of sending (Unix seconds or milliseconds); must be signed."
    )
    tolerance: int = Field(300, ge=1, le=86_400, description="Seconds that time may differ from the hub's.")

    @property
    def places(self) -> list[str]:
        """`signed` in parts: texts at even places, `body` or names of headers at odd ones."""
        parts = _PLACE.split(self.signed)
        return [part.lower() if place % 2 else part for place, part in enumerate(parts)]

    @model_validator(mode="after")
    def _signs_what_counts(self) -> Self:
        places = self.places[1::2]
        if "body" not in places:
            raise ValueError("signed must name {body}: a signature that leaves it out proves nothing")
        if self.timestamp is not None and self.timestamp not in places:
            raise ValueError("signed must name the timestamp's header, or it can be forged")
        return self


class StandardSignature(ConnectorConfig):
    """Standard Webhooks: webhook-id, webhook-timestamp and webhook-signature (v1)."""

    model_config = ConfigDict(hide_input_in_errors=True)

    scheme: Literal["standard-webhooks"] = Field(description=_SCHEME)
    secret: SecretStr = Field(description="The secret, whsec_…, as the sender shows it.")
    previous_secret: SecretStr | None = Field(None, description="The secret before a rotation, taken too.")
    tolerance: int = Field(300, ge=1, le=86_400, description="Seconds that webhook-timestamp may differ from now.")

    @field_validator("secret", "previous_secret")
    @classmethod
    def _is_base64(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None:
            standard_key(secret)
        return secret


class BasicSignature(ConnectorConfig):
    """HTTP basic authentication."""

    scheme: Literal["basic"] = Field(description=_SCHEME)
    user: str = Field(min_length=1, description="The user's name.")
    password: SecretStr = Field(min_length=1, description="The user's password.")


class BearerSignature(ConnectorConfig):
    """A token in a header."""

    scheme: Literal["bearer"] = Field(description=_SCHEME)
    token: SecretStr = Field(min_length=1, description="The token.")
    header: Header = Field("authorization", description="Header that holds it.")
    prefix: str = Field("Bearer ", description="What stands before it; empty for headers such as X-Api-Key.")


class QuerySignature(ConnectorConfig):
    """A secret in the address, where the sender can do nothing better. Proxies may write it to their logs."""

    scheme: Literal["query"] = Field(description=_SCHEME)
    parameter: str = Field("token", min_length=1, description="Name of the query parameter.")
    secret: SecretStr = Field(min_length=1, description="Its value.")


Signature = NoSignature | HmacSignature | StandardSignature | BasicSignature | BearerSignature | QuerySignature


class Answer(ConnectorConfig):
    """What the sender is answered once its webhook is stored."""

    status: int = Field(200, ge=200, le=299, description="HTTP status.")
    body: str = Field("", max_length=10_000, description="Body.")
    content_type: str = Field("text/plain", description="Content type of the body.")


def _fixed(value: object) -> object:
    if isinstance(value, str) and not PAYLOAD_TYPE.fullmatch(value):
        raise ValueError("write a payload type as 'system.thing': small letters, digits, _ . / -")
    return value


class WebhookConfig(ConnectorConfig):
    """One sender of webhooks."""

    payload_type: Annotated[str | TypeSource, BeforeValidator(_fixed)] = Field(
        description="Payload type of all its webhooks, or where each tells it: {header, prefix} or {pointer, prefix}."
    )
    signature: Signature = Field(discriminator="scheme", description="How a webhook is known to be the sender's.")
    key: Source | None = Field(
        None,
        description="What names a webhook, the same each time it is sent: {header} or {pointer}. By default webhook-id "
        "of Standard Webhooks, and the content for any other.",
    )
    format: str = Field("json", description="Format of the bodies: json, xml, csv or any other there is.")
    keep_headers: list[Header] = Field(default_factory=list, description="Headers to keep, for mappings to read.")
    answer: Answer = Field(default_factory=Answer, description="What the sender is answered.")

    @field_validator("format")
    @classmethod
    def _is_there(cls, name: str) -> str:
        names = format_names()
        if name not in names:
            raise ValueError(f"there is no format {name!r}{nearest(name, names)}; there are {', '.join(names)}")
        return name


def standard_key(secret: SecretStr) -> bytes:
    """The key behind a secret of Standard Webhooks; ValueError if it is none."""
    try:
        key = base64.b64decode(secret.get_secret_value().removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ValueError("a secret of Standard Webhooks is base64, mostly after whsec_")
    return key
