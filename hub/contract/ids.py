"""Identifiers: UUIDv7 (RFC 9562), made by the application, as canonical text.

A whole graph of rows can be inserted without asking the database for keys. They only
roughly follow time: order never comes from ids, it comes from `seq`.
"""

from __future__ import annotations

from uuid_utils import uuid7


def new_id() -> str:
    """A new id, 36 characters."""
    return str(uuid7())
