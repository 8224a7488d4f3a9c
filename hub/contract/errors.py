"""The error tree. Each class says what the hub does next.

    CrossdockError
    ├── ConfigError          stop: nothing starts, or the new configuration is refused
    ├── AuthError            pause the connection and alert; retried once it is resumed
    ├── TransientError       nothing happened at the counterpart: retry with back-off
    ├── InDoubt              it may have happened: look it up, never send blindly again
    ├── Duplicate            it had happened already: settle as delivered
    ├── RejectedMessage      it will never work as it is: dead letter
    │   └── DecodeError      … because the bytes could not be read; names the position
    └── ReceptionRefused     a caller at the door is turned away with an HTTP status
        ├── SignatureRefused     401
        └── BodyTooLarge         413

An error carries two texts: `message` for the person who must act, `detail` for whoever
debugs it; and `where`, plain values (file, line, field, value …) that name the place.
"""

from __future__ import annotations

from typing import Any, ClassVar


class CrossdockError(Exception):
    """Base of all errors the hub acts on.

    `message` is one sentence for support: what was wrong, and what to do where that is known.
    `detail` is technical and may be None. `where` holds plain, JSON-able values.
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, detail: str | None = None, **where: Any) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail
        self.where = where

    def __str__(self) -> str:
        return self.message


class ConfigError(CrossdockError):
    """The configuration is wrong; the hub refuses to start, or keeps the one it has."""

    code = "config"


class AuthError(CrossdockError):
    """Credentials were refused. The connection is paused until someone resumes it."""

    code = "auth"


class TransientError(CrossdockError):
    """Nothing happened at the counterpart, and a later try may work.

    `retry_after` is in seconds; the hub waits at least that long. Raise it only where it is
    certain that the counterpart did not act; otherwise raise `InDoubt`.
    """

    code = "transient"

    def __init__(
        self, message: str, *, retry_after: float | None = None, detail: str | None = None, **where: Any
    ) -> None:
        super().__init__(message, detail=detail, **where)
        self.retry_after = retry_after


class InDoubt(CrossdockError):
    """The request left, and no answer tells whether it had its effect."""

    code = "in_doubt"


class Duplicate(CrossdockError):
    """The counterpart says that it has this already; the delivery is settled as delivered."""

    code = "duplicate"


class RejectedMessage(CrossdockError):
    """The message cannot succeed as it is; it becomes a dead letter with this message."""

    code = "rejected"


class DecodeError(RejectedMessage):
    """Bytes that are not what they should be. `position` says where reading stopped."""

    code = "decode"

    def __init__(self, message: str, *, position: str, detail: str | None = None, **where: Any) -> None:
        super().__init__(message, detail=detail, position=position, **where)
        self.position = position


class ReceptionRefused(CrossdockError):
    """A caller is turned away; nothing is stored. `status` is the HTTP status it gets."""

    code = "refused"
    status: ClassVar[int] = 400


class SignatureRefused(ReceptionRefused):
    """The signature is missing or wrong."""

    code = "signature"
    status = 401


class BodyTooLarge(ReceptionRefused):
    """The body is over the limit of the hub."""

    code = "too_large"
    status = 413
