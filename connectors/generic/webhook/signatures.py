"""Verifies a webhook by the scheme its settings name; nothing here does I/O.

Standard Webhooks: github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64decode, b64encode

from pydantic import SecretStr

from connectors.generic.webhook.settings import (
    STANDARD_ID,
    BasicSignature,
    BearerSignature,
    HmacSignature,
    NoSignature,
    QuerySignature,
    Signature,
    StandardSignature,
    standard_key,
)
from hub.contract.connector import Request
from hub.contract.errors import SignatureRefused

_UNIX = re.compile(r"\d{1,13}", re.ASCII)
_MILLISECONDS = 100_000_000_000
"""A time above this, in the year 5138, is one in milliseconds."""

_MOST_SIGNATURES = 20


def verify(settings: Signature, request: Request, now: float) -> None:
    """SignatureRefused unless the request is its sender's; `now` is in Unix seconds."""
    match settings:
        case NoSignature():
            return
        case HmacSignature():
            _verify_hmac(settings, request, now)
        case StandardSignature():
            _verify_standard(settings, request, now)
        case BasicSignature():
            given = _basic(request.headers.get("authorization", ""))
            _refuse_unless(given, f"{settings.user}:{settings.password.get_secret_value()}", "user and password")
        case BearerSignature():
            expected = settings.prefix + settings.token.get_secret_value()
            _refuse_unless(request.headers.get(settings.header, ""), expected, "token")
        case QuerySignature():
            given = request.query.get(settings.parameter, "")
            _refuse_unless(given, settings.secret.get_secret_value(), f"query parameter {settings.parameter!r}")


def _verify_hmac(settings: HmacSignature, request: Request, now: float) -> None:
    if settings.timestamp is not None:
        _check_time(request.headers.get(settings.timestamp, ""), settings.timestamp, settings.tolerance, now)
    signed = b"".join(
        _place(request, part) if place % 2 else part.encode() for place, part in enumerate(settings.places)
    )
    expected = []
    for secret in _secrets(settings.secret, settings.previous_secret):
        digest = hmac.digest(secret.get_secret_value().encode(), signed, settings.algorithm)
        text = digest.hex() if settings.encoding == "hex" else b64encode(digest).decode()
        expected.append(settings.prefix + text)
    header = request.headers.get(settings.header, "")
    given = [header.strip(), *re.split(r"[,\s]+", header, maxsplit=_MOST_SIGNATURES)]
    if settings.encoding == "hex":
        given = [_lower_hex(one, settings.prefix) for one in given]
    _refuse_unless_any(given, expected, settings.header)


def _verify_standard(settings: StandardSignature, request: Request, now: float) -> None:
    webhook, sent = request.headers.get(STANDARD_ID, ""), request.headers.get("webhook-timestamp", "")
    if not webhook:
        raise SignatureRefused(f"The webhook has no {STANDARD_ID}.", header=STANDARD_ID)
    _check_time(sent, "webhook-timestamp", settings.tolerance, now)
    signed = f"{webhook}.{sent}.".encode(errors="replace") + request.body
    expected = [
        f"v1,{b64encode(hmac.digest(standard_key(secret), signed, 'sha256')).decode()}"
        for secret in _secrets(settings.secret, settings.previous_secret)
    ]
    given = request.headers.get("webhook-signature", "").split(" ", _MOST_SIGNATURES)
    _refuse_unless_any(given, expected, "webhook-signature")


def _secrets(current: SecretStr, previous: SecretStr | None) -> list[SecretStr]:
    return [current] if previous is None else [current, previous]


def _place(request: Request, name: str) -> bytes:
    return request.body if name == "body" else request.headers.get(name, "").encode("latin-1", errors="replace")


def _lower_hex(text: str, prefix: str) -> str:
    """Hexadecimal digits may be capitals; what stands before them may not differ."""
    return prefix + text.removeprefix(prefix).lower() if text.startswith(prefix) else text


def _check_time(text: str, header: str, tolerance: int, now: float) -> None:
    sent = float(text) if _UNIX.fullmatch(text) else None
    if sent is not None and sent > _MILLISECONDS:
        sent /= 1000
    if sent is None or abs(now - sent) > tolerance:
        raise SignatureRefused(
            f"{header} is missing, or more than {tolerance} seconds from the hub's time; compare both clocks.",
            header=header,
        )


def _basic(header: str) -> str:
    scheme, _, credentials = header.partition(" ")
    try:
        return b64decode(credentials, validate=True).decode() if scheme.lower() == "basic" else ""
    except ValueError:
        return ""


def _refuse_unless(given: str, expected: str, what: str) -> None:
    if not hmac.compare_digest(given.encode(errors="replace"), expected.encode(errors="replace")):
        raise SignatureRefused(f"The webhook's {what} is missing or wrong; compare it with the sender's settings.")


def _refuse_unless_any(given: list[str], expected: list[str], header: str) -> None:
    pairs = [(one.encode(errors="replace"), other.encode()) for one in given for other in expected]
    if not any([hmac.compare_digest(one, other) for one, other in pairs]):  # noqa: C419 - constant time
        raise SignatureRefused(
            f"The webhook's signature in {header} is missing or wrong; compare the secret with the sender's.",
            header=header,
        )
