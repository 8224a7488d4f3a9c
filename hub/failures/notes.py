"""Turns errors into failure notes, and says which failures have one cause."""

from __future__ import annotations

import traceback

from hub.contract.errors import CrossdockError
from hub.store.failures import FailureNote

_GROUPED_BY = ("crosswalk", "field", "value", "status", "segment", "position")
"""Parts of an error's place that make it the same failure as another one."""


def note_of(error: Exception, *, connection: str, mapping: str | None = None) -> FailureNote:
    """The note of an error met while serving `connection`.

    An error the hub does not know is a fault of its own or of a connector; its traceback goes
    to the detail and never to the text.
    """
    if not isinstance(error, CrossdockError):
        text = f"An unexpected error in the hub or a connector: {type(error).__name__}. Its detail is for developers."
        detail = "".join(traceback.format_exception(error))
        return FailureNote("internal", text, f"internal:{connection}:{type(error).__name__}", detail)
    place = dict(error.where)
    return FailureNote(error.code, error.message, _group(error, connection, mapping), error.detail, place)


def _group(error: CrossdockError, connection: str, mapping: str | None) -> str:
    parts = [error.code, connection]
    if "crosswalk" in error.where:
        return ":".join([error.code, str(error.where["crosswalk"]), str(error.where.get("value", ""))])
    if mapping is not None:
        parts.append(mapping)
    parts.extend(str(error.where[key]) for key in _GROUPED_BY if key in error.where)
    return ":".join(parts)
