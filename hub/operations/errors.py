"""What an operation answers instead of a result."""

from __future__ import annotations

from hub.contract.errors import CrossdockError


class NotFound(CrossdockError):
    """There is no such thing."""

    code = "not_found"


class BadInput(CrossdockError):
    """What was asked for cannot be read: an id that is none or fits several, a date that is none."""

    code = "bad_input"


class OperationRefused(CrossdockError):
    """It is understood, and not allowed as things are; the message says why and what to do."""

    code = "operation_refused"
